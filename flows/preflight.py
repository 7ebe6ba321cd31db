"""What can be seen to be wrong before anything runs, so that a typical mistake touches nothing."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import product
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.jsonfile import artifact
from stages.core.params import Params, load_params
from stages.core.section import NONE


def preflight(audits: Collection[str] = ()) -> Params:
    """Check `params.yaml`, and the corpora and targets that will be used.

    Parameters
    ----------
    audits : collection of str
        Check what these need; everything that is declared where none is named.

    Returns
    -------
    Params

    Raises
    ------
    EarwitnessError
        Naming the file, row or key, and the remedy.
    """
    if not Path(".git").exists():
        raise EarwitnessError("this folder is not a git clone, and DVC needs one: get the code by 'git clone'")
    params = load_params()
    _check_registered(params)
    declared = list(dict.fromkeys([*params.audits, *params.attribute_leakage.audits]))
    for name in audits:
        if name not in declared:
            raise EarwitnessError(
                f"params.yaml: audits: {name!r} is not declared: use one of {', '.join(declared) or '(none yet)'}"
            )
    corpora, targets = needed(params, audits) if audits else (set(params.corpora), set(params.targets))
    for name in sorted(corpora):
        _check_corpus(name, params)
    for name in sorted(targets):
        _check_folder(f"targets.{name}.model", params.targets[name].model)
    _check_embedder(params.fidelity_detector.embedder, params.fidelity_detector.embedder_revision)
    return params


def _check_registered(params: Params) -> None:
    """Check names and settings of what is kept in registries; filling them imports no library of the measurements."""
    import stages.attacks
    import stages.attribute_leakage.conditions
    import stages.features
    import stages.perturbation  # noqa: F401
    from stages.attacks import Settings
    from stages.attacks.places import View
    from stages.attacks.primary import check_names, row_scores
    from stages.attribute_leakage.condition import CONDITIONS
    from stages.backdoor.check import check_experiments
    from stages.features.table import chosen_families
    from stages.perturbation.recipe import chosen_perturbations

    for name in params.attribute_leakage.conditions:
        if name not in CONDITIONS:
            known = ", ".join(CONDITIONS)
            raise EarwitnessError(f"params.yaml: attribute_leakage.conditions: unknown {name!r}: use some of {known}")
    chosen_families(params.features.families)
    chosen_perturbations(params.perturbation.neighbours)
    check_experiments(params)
    computed = product(params.logits.slices, params.logits.conditions, range(len(params.logits.instructions)))
    scores = row_scores(Settings(params.attacks.shares, params.attacks.orders), params.logits.orders)
    check_names(params.evaluation.primary_attacks, [View(*view) for view in computed], scores)


def needed(params: Params, audits: Collection[str]) -> tuple[set[str], set[str]]:
    """Return the corpora and targets of `params.yaml` that audits, and the copies that they use, read from."""
    members = [params.audits[name] for name in audits if name in params.audits]
    asked = params.attribute_leakage
    speakers = [asked.audits[name] for name in audits if name in asked.audits]
    corpora = {audit.corpus for audit in members} | {audit.corpus for audit in speakers}
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


def _check_corpus(name: str, params: Params) -> None:
    from stages.corpus.manifest import check_paths, listed_entries
    from stages.corpus.tally import check_readable

    folder = artifact("raw", name)
    of_lab = name in params.lab_speech.corpora
    if of_lab and not list(folder.glob("manifest.*")):
        return  # not synthesised yet
    made = _lab_recordings(name, params) if of_lab else {}
    # What is wrong with recordings of its own, the lab puts right.
    brought = [entry for entry in listed_entries(name, params) if made.get(entry.clip_id) != entry.path]
    for entry in brought:
        if entry.clip_id in made:
            raise EarwitnessError(f"{entry.place}: clip_id {entry.clip_id!r} is one of the lab's: choose another")
    check_paths(folder, brought)
    check_readable(folder, brought, params.corpus)


def _lab_recordings(corpus: str, params: Params) -> dict[str, str]:
    """Return the path of each clip that the lab makes for a corpus, by its id."""
    from stages.lab_speech.manifest import clip_row
    from stages.lab_speech.plan import plan

    rows = map(clip_row, plan(corpus, params.lab_speech, params.seed))
    return {row["clip_id"]: row["path"] for row in rows}


def _check_embedder(model: str, revision: str) -> None:
    """Check the detector's outside model, which is loaded only when all else of an audit is there."""
    key = "fidelity_detector.embedder"
    if model == NONE:
        return
    if _named_as_folder(model) or Path(model).is_dir():
        _check_folder(key, model)
    elif not re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", model):
        raise EarwitnessError(f"params.yaml: {key}: {model!r} is no hub id and no folder: correct it, or write none")
    elif not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise EarwitnessError(
            f"params.yaml: {key}_revision: {revision!r} is no commit hash: give the 40 digits of the one to be used"
        )


def _check_folder(key: str, model: str) -> None:
    if (_named_as_folder(model) or Path(model).is_dir()) and not (Path(model) / "config.json").is_file():
        raise EarwitnessError(
            f"params.yaml: {key}: no checkpoint in {model!r} (it has no config.json): "
            "correct the path, or put the checkpoint there"
        )


def _named_as_folder(model: str) -> bool:
    return model.startswith(("models/", "/", "."))
