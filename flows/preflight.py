"""Checks that find a typical mistake before anything runs, so that it changes no file.

Each stage checks what it owns (``stages/<stage>/check.py``). This module holds the checks that cross stages.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import cast

from flows.folder import check_folder
from stages.attribute_leakage.params import AttributeLeakageParams
from stages.core.config.nouns import Params
from stages.core.config.params import PARAMS, load_sections
from stages.core.errors import EarwitnessError
from stages.core.run.discovery import inputs_check, params_check, params_model, stage_names
from stages.core.store.jsonfile import artifact
from stages.corpus.params import CorpusParams
from stages.lab_speech.params import LabSpeechParams


def preflight(audits: Collection[str] = ()) -> AttributeLeakageParams:
    """Check `params.yaml`, and the corpora and targets that will be used.

    Parameters
    ----------
    audits : collection of str
        Check only what these audits need; a corpus's name stands for its blind baseline. Without
        names, everything that is declared is checked.

    Returns
    -------
    AttributeLeakageParams
        The params, with the declared corpora, targets and audits.

    Raises
    ------
    EarwitnessError
        Naming the file, the row or key, and what to do.
    """
    check_folder(Path())
    sections = check_params(PARAMS)
    leakage = cast(AttributeLeakageParams, sections["attribute_leakage"])
    declared = list(dict.fromkeys([*leakage.audits, *leakage.attribute_leakage.audits]))
    for name in audits:
        if name not in declared and name not in leakage.corpora:
            raise EarwitnessError(
                f"params.yaml: audits: {name!r} is not declared: use one of {', '.join(declared) or '(none yet)'}; "
                f"or, for its blind baseline, one of the corpora {', '.join(leakage.corpora) or '(none yet)'}"
            )
    corpora, targets = needed(leakage, audits) if audits else (set(leakage.corpora), set(leakage.targets))
    for name in sorted(corpora):
        _check_corpus(name, cast(CorpusParams, sections["corpus"]), cast(LabSpeechParams, sections["lab_speech"]))
    for stage, params in sections.items():
        if check := inputs_check(stage):
            check(params, corpora, targets)
    return leakage


def check_params(path: Path) -> dict[str, Params]:
    """Check a `params.yaml` as far as is possible without its corpora and targets.

    Returns
    -------
    dict of str to Params
        For each stage, the params that it reads.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    sections = load_sections({stage: params_model(stage) for stage in stage_names()}, path)
    for stage, params in sections.items():
        if stage != "environment" and (check := params_check(stage)):  # its check is that all sections can be loaded
            check(params, path)
    return sections


def needed(params: AttributeLeakageParams, audits: Collection[str]) -> tuple[set[str], set[str]]:
    """Return the corpora and targets of `params.yaml` that audits, and the copies that these use, read.

    A name that no audit has is that of a corpus.
    """
    members = [params.audits[name] for name in audits if name in params.audits]
    asked = params.attribute_leakage
    speakers = [asked.audits[name] for name in audits if name in asked.audits]
    corpora = {audit.corpus for audit in members} | {audit.corpus for audit in speakers}
    corpora |= set(audits) - set(params.audits) - set(asked.audits)
    models: set[str] = set()
    waiting = [model for audit in members for model in (audit.target, audit.reference)]
    waiting += [model for audit in speakers for model in (audit.target, asked.judge)]
    while waiting:
        model = waiting.pop()
        if model not in models and model in params.copies:
            corpora.update(params.copies[model].train_on)
            waiting.append(params.copies[model].base)
        models.add(model)
    return corpora & set(params.corpora), models & set(params.targets)


def _check_corpus(name: str, params: CorpusParams, lab: LabSpeechParams) -> None:
    from stages.corpus.listing import check_paths, listed
    from stages.corpus.summary import check_sides, listing_lines
    from stages.corpus.tally import check_readable

    folder = artifact("raw", name)
    if is_pulled(name):
        return
    _check_links(folder)
    of_lab = name in lab.lab_speech.corpora
    if of_lab and not list(folder.glob("manifest.*")):
        return  # not synthesised yet
    made = _lab_recordings(name, lab) if of_lab else {}
    # Only recordings that somebody brought are checked: the lab makes its own anew.
    listing = listed(name, params)
    brought = [entry for entry in listing.entries if made.get(entry.clip_id) != entry.path]
    for entry in brought:
        if entry.clip_id in made:
            raise EarwitnessError(
                f"{entry.place}: clip_id {entry.clip_id!r} is one of the lab's own clips: choose another"
            )
    check_paths(folder, brought)
    check_sides(name, params.corpora[name], brought)
    check_readable(folder, brought, params.corpus)
    if brought or listing.set_aside:
        for line in listing_lines(brought, listing):
            print(f"{name}: {line}", file=sys.stderr)


def is_pulled(name: str) -> bool:
    """Return whether a corpus's recordings are not here but its clips are, pulled from a DVC remote."""
    return not artifact("raw", name).exists() and artifact("corpus", name, "clips.parquet").exists()


def _check_links(folder: Path) -> None:
    """Check that each link in a corpus's folder leads somewhere: a disk may not be there."""
    for link in folder.iterdir() if folder.is_dir() else ():
        if link.is_symlink() and not link.exists():
            raise EarwitnessError(
                f"{link}: leads to {link.readlink()}, which is missing: put the recordings there or correct the link"
            )


def _lab_recordings(corpus: str, params: LabSpeechParams) -> dict[str, str]:
    """Return the path of each clip that the lab makes for a corpus, by clip_id."""
    from stages.lab_speech.manifest import clip_row
    from stages.lab_speech.plan import plan

    rows = map(clip_row, plan(corpus, params.lab_speech, params.seed))
    return {row["clip_id"]: row["path"] for row in rows}
