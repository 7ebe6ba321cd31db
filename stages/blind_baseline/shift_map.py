"""``python -m stages.blind_baseline.shift_map [CORPUS ...] [--json FILE]``: how far corpora and their parts lie apart.

The command reads the corpora and features that the stages wrote and prints a line for each pair. If no corpus is named,
it takes all declared corpora. It is not a stage: it writes figures only to the file that is named. Speakers with the
same name in two corpora count as one person, as they are in the lab. If they are two, give them different names in the
manifests.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.blind_baseline.matching import searched_by
from stages.blind_baseline.params import BlindBaselineParams
from stages.blind_baseline.scoring import family_columns
from stages.blind_baseline.shift import ShiftValue, parts_of, shift_map
from stages.blind_baseline.tables import CorpusTable, read_corpus
from stages.core.config.params import load_params
from stages.core.errors import EarwitnessError
from stages.core.inference.folds import speaker_clusters
from stages.core.inference.statistics import Bools
from stages.core.run.stage import require_declared
from stages.core.store.jsonfile import write_json
from stages.core.words.figures import estimate

FAMILIES = ("acoustic", "textual", "fused")


def work(names: list[str], params: BlindBaselineParams) -> dict[str, Any]:
    """Return the map of the named corpora: pairs `between` them, and between the `parts` of each."""
    for name in names:
        require_declared(dict(params.corpora), "corpora", name)
    corpora = {name: read_corpus(name) for name in sorted(names)}
    ends = np.cumsum([len(corpus.ids) for corpus in corpora.values()])
    owner = np.searchsorted(ends, np.arange(ends[-1]), "right")
    every = {name: owner == at for at, name in enumerate(corpora)}
    found: dict[str, Any] = {"between": _apart(list(corpora.values()), every, params), "parts": {}}
    for name, corpus in corpora.items():
        parts = parts_of(corpus.attributes)
        found["parts"][name] = {of: _apart([corpus], sets, params) for of, sets in parts.items()}
    return found


def _apart(
    corpora: list[CorpusTable], sets: Mapping[str, Bools], params: BlindBaselineParams
) -> list[dict[str, ShiftValue]]:
    names = corpora[0].names
    if any(corpus.names != names for corpus in corpora):
        raise EarwitnessError("data/features: corpora have different columns: run 'dvc repro' for all of them")
    columns = {family: chosen for family, chosen in family_columns(names).items() if family in FAMILIES}
    features = np.vstack([corpus.features for corpus in corpora])
    cluster, _ = speaker_clusters([speaker for corpus in corpora for speaker in corpus.speakers])
    return shift_map(features, columns, sets, cluster, searched_by(params.blind_baseline), params.seed)


def _line(pair: Mapping[str, Any]) -> str:
    one, other = pair["between"]
    aucs = ", ".join(
        f"{family} {estimate(pair[family]['auc'], pair[family]['auc_ci'])}" for family in FAMILIES if family in pair
    )
    return f"{one} ({pair['clips'][0]} clips) and {other} ({pair['clips'][1]}): {aucs}"


def main() -> None:
    """Read the command line, then write and print the map."""
    parser = argparse.ArgumentParser(prog="python -m stages.blind_baseline.shift_map", description="Blind AUC of pairs")
    parser.add_argument("corpora", nargs="*", metavar="CORPUS", help="declared in params.yaml; all of them by default")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    options = parser.parse_args()
    try:
        params = load_params(BlindBaselineParams)
        found = work(options.corpora or list(params.corpora), params)
    except EarwitnessError as error:
        print(f"earwitness: shift_map: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    if options.json:
        write_json(options.json, found)
    for pair in found["between"]:
        print(_line(pair))
    for name, divided in found["parts"].items():
        for attribute, pairs in divided.items():
            for pair in pairs:
                print(f"{name} by {attribute}: {_line(pair)}")


if __name__ == "__main__":
    main()
