"""What probes read about real speakers: ``python -m tests.benchmarks.leakage FOLDER TARGET_FOLDER``.

FOLDER holds corpora of real recordings, each with a manifest. TARGET_FOLDER is a checkpoint. ``--corpora NAME ...``
measures only some of them. The output, for each corpus and for all together: each layer's balanced accuracy for gender
(and every other labelled attribute) on speakers that the probe was not trained on, with its controls. If a corpus
allows it, also a verifier's measures on the same embeddings, at the end.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.attribute_leakage.identify.identity import identify
from stages.attribute_leakage.probe.probing import probe_rows
from stages.core.inference.statistics import Floats
from stages.core.sound.audio import audio_hash, decode, to_pipeline
from stages.models.adapter import TRANSCRIBE, Adapter, Query
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from tests.benchmarks.tiny import tiny_lab, tiny_recordings

SEED = 7
ATTRIBUTES = {"gender": ("female", "male"), "emotion": ("anger", "happiness", "neutral", "sadness")}
CORPORA = {
    "commonvoice": ("commonvoice_en", "commonvoice_multi"),
    "emodb": ("emodb",),
    "librispeech": ("librispeech_tc100_multi", "librispeech_tc100_3spk", "librispeech_testother"),
}
FORBIDDEN = ("commonvoice",)
"""Its terms forbid working out who speaks."""


@dataclass(frozen=True)
class Heard:
    """A corpus's clips: rows of its manifest and, by layer, embeddings float64[n, d]."""

    rows: list[dict[str, str]]
    layers: dict[str, Floats]


def heard(folder: Path, adapter: Adapter) -> Heard:
    """Put a corpus to a target."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    found = []
    for row in rows:
        samples = to_pipeline(*decode(folder / row["path"])[:2])
        found += adapter.layers([Query(samples, audio_hash(samples), TRANSCRIBE, "")])
    return Heard(rows, {name: np.stack([one[name].numpy() for one in found]).astype(np.float64) for name in found[0]})


def pooled(parts: Sequence[Heard]) -> Heard:
    """Put corpora together."""
    rows = [row for part in parts for row in part.rows]
    return Heard(rows, {name: np.concatenate([part.layers[name] for part in parts]) for name in parts[0].layers})


def print_probes(name: str, corpus: Heard) -> None:
    """Probe every layer for every attribute that the corpus has."""
    for attribute, options in ATTRIBUTES.items():
        kept = [at for at, row in enumerate(corpus.rows) if row.get(attribute) in options]
        if not kept:
            continue
        rows = [corpus.rows[at] for at in kept]
        layers = {layer: values[kept] for layer, values in corpus.layers.items()}
        columns = ([row[key] for row in rows] for key in ("clip_id", attribute, "speaker", "text"))
        probed = probe_rows(attribute, layers, *columns, SEED)
        if probed.reason:
            print(f"{name} {attribute}: {probed.reason}")
            continue
        for row in probed.rows:
            interval = f"[{row['low']:.3f}, {row['high']:.3f}]"
            print(
                f"{name} {attribute} {row['layer']} {row['probe']}: {row['balanced_accuracy']:.3f} {interval}, "
                f"chance {row['chance']:.2f}, {row['n']} clips, {row['speakers']} speakers"
            )
    sys.stdout.flush()


def print_identity(name: str, corpus: Heard) -> None:
    """Put same-speaker trials to every layer; a LibriSpeech reader's chapter is a session."""
    ids, speakers, genders, texts = (
        [row[key] for row in corpus.rows] for key in ("clip_id", "speaker", "gender", "text")
    )
    sessions = [row["clip_id"].rsplit("-", 1)[0] if "librispeech" in row["corpus"] else None for row in corpus.rows]
    found = identify(corpus.layers, ids, speakers, SEED, genders=genders, sessions=sessions, texts=texts)
    if found.reason:
        print(f"{name} identity: {found.reason}")
    elif not found.across_sessions:
        print(f"{name} identity: no speaker has two sessions, so what is alike may be the session")
    for layer, kinds in found.layers.items():
        for kind, measured in kinds.items():
            low, high = measured["eer_ci"]
            tpr = measured["tpr_at_fpr"]["0.01"]["tpr"]
            print(
                f"{name} identity {layer} {kind}: EER {measured['eer']:.3f} [{low:.3f}, {high:.3f}], "
                f"TPR at 1 % FPR {'too few trials' if tpr is None else f'{tpr:.3f}'}, "
                f"linkability {measured['linkability']:.3f}, ZEBRA {measured['zebra_bits']:.3f} bits "
                f"({measured['zebra_category']}), {measured['mated']} mated, {measured['non_mated']} non-mated, "
                f"{measured['speakers']} speakers"
            )
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every corpus, then all of them together, then the trials of those that allow them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.leakage")
    parser.add_argument("folder", type=Path)
    parser.add_argument("target")
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=list(CORPORA))
    asked = parser.parse_args(arguments)
    adapter = load_checkpoint(asked.target, LoadOptions())
    corpora = {}
    for name in asked.corpora:
        folders = [asked.folder / part for part in CORPORA[name]]
        if all(folder.is_dir() for folder in folders):
            corpora[name] = pooled([heard(folder, adapter) for folder in folders])
            print_probes(name, corpora[name])
    print_probes("pooled", pooled(list(corpora.values())))
    for name in sorted(corpora.keys() - set(FORBIDDEN)):
        print_identity(name, corpora[name])


def tiny() -> None:
    """Probe an untrained model for who speaks in noise, to see that it runs."""
    with tiny_lab() as lab, tiny_recordings(["emodb", "librispeech_tc100_multi"]) as folder:
        main([str(folder), str(lab / "model")])


if __name__ == "__main__":
    main()
