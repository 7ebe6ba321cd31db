"""What sections of `params.yaml` must say of each other: names that are used are declared, and claims stay possible."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import EarwitnessError
from stages.core.section import NONE

if TYPE_CHECKING:
    from stages.core.backdoor_params import BackdoorExperiment
    from stages.core.lab_params import LabCorpus
    from stages.core.leakage_params import AttributeLeakage
    from stages.core.params import Params


def check_consistency(params: Params, path: Path) -> None:
    """Check what no section can check alone.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    _check_names(params, path)
    _check_shares(params.lab_speech.corpora, path)
    _check_orders(params, path)


def _check_names(params: Params, path: Path) -> None:
    """Check that every name used in a section is declared in another."""
    corpora, targets = set(params.corpora), params.known_targets()
    uses = [
        *(("copies", name, "base", [copy.base], targets - {name}) for name, copy in params.copies.items()),
        *(("copies", name, "train_on", copy.train_on, corpora | {NONE}) for name, copy in params.copies.items()),
        *(("audits", name, "corpus", [audit.corpus], corpora) for name, audit in params.audits.items()),
        *(("audits", name, "target", [audit.target], targets) for name, audit in params.audits.items()),
        *(("audits", name, "reference", [audit.reference], targets | {NONE}) for name, audit in params.audits.items()),
        *_names_of_leakage(params.attribute_leakage, corpora, targets),
        *_names_of_backdoors(params.backdoor.experiments, corpora, targets),
    ]
    for section, item, key, names, known in uses:
        for name in names:
            if name not in known:
                place = ".".join(filter(None, (section, item, key)))
                raise EarwitnessError(f"{path}: {place}: unknown name {name!r}: use one of {', '.join(sorted(known))}")
    taken = {"lab_base", NONE} & {*params.targets, *params.copies} | set(params.targets) & set(params.copies)
    if taken:
        raise EarwitnessError(f"{path}: targets and copies: {min(taken)!r} is taken: choose another name")
    if "leakage" in params.audits:
        raise EarwitnessError(f"{path}: audits: 'leakage' is taken in verdict.json: choose another name")
    if NONE in params.corpora:
        raise EarwitnessError(f"{path}: corpora: {NONE!r} stands for no corpus: choose another name")
    _check_trained_on(params, path)
    _check_untaught(params, path)
    for name, audit in params.audits.items():
        if audit.reference == audit.target:
            raise EarwitnessError(f"{path}: audits.{name}.reference: is the target itself: name another, or none")


def _check_trained_on(params: Params, path: Path) -> None:
    """Check that whatever is trained on two corpora has two different ones, or one and none."""
    pairs = [
        *((f"copies.{name}", copy.train_on) for name, copy in params.copies.items()),
        *((f"backdoor.experiments.{name}", planted.train_on) for name, planted in params.backdoor.experiments.items()),
    ]
    for place, (first, second) in pairs:
        if first == second == NONE:
            raise EarwitnessError(f"{path}: {place}.train_on: names no corpus: name one")
        if first == second:
            raise EarwitnessError(f"{path}: {place}.train_on: the same twice: write none for an empty place")


def _check_untaught(params: Params, path: Path) -> None:
    """Check that no audit of membership rests on a copy that was taught with all labelled clips, members or not."""
    taught = {name for name, copy in params.copies.items() if copy.teach}
    for _ in params.copies:  # a copy of one has met them too, however long the chain
        taught |= {name for name, copy in params.copies.items() if copy.base in taught}
    for name, audit in params.audits.items():
        for key, used in (("target", audit.target), ("reference", audit.reference)):
            if used in taught:
                raise EarwitnessError(
                    f"{path}: audits.{name}.{key}: {used!r} is taught (copies: teach) with all labelled clips, "
                    "non-members too, so nothing about membership follows: name another target, or ask it in "
                    "attribute_leakage.audits"
                )


def _names_of_leakage(
    asked: AttributeLeakage, corpora: set[str], targets: set[str]
) -> list[tuple[str, str, str, list[str], set[str]]]:
    section = "attribute_leakage.audits"
    return [
        *((section, name, "corpus", [audit.corpus], corpora) for name, audit in asked.audits.items()),
        *((section, name, "target", [audit.target], targets) for name, audit in asked.audits.items()),
        ("attribute_leakage", "judge", "", [asked.judge], targets | {NONE}),
        ("attribute_leakage", "identity", "exclude", asked.identity.exclude, corpora),
    ]


def _names_of_backdoors(
    experiments: Mapping[str, BackdoorExperiment], corpora: set[str], targets: set[str]
) -> list[tuple[str, str, str, list[str], set[str]]]:
    section = "backdoor.experiments"
    return [
        *((section, name, "base", [planted.base], targets) for name, planted in experiments.items()),
        *((section, name, "train_on", planted.train_on, corpora | {NONE}) for name, planted in experiments.items()),
    ]


def _check_orders(params: Params, path: Path) -> None:
    """Check that the statistics that later stages read are among those that `logits` computes."""
    read = {*params.attacks.orders, 0.5}  # the fidelity detector reads order 0.5
    if unknown := read - set(params.logits.orders):
        raise EarwitnessError(
            f"{path}: logits.orders: lacks {min(unknown):g}, which attacks or the detector read: add it"
        )
    conditions = params.logits.conditions
    if "given" not in conditions or len(set(conditions)) < len(conditions):
        raise EarwitnessError(f"{path}: logits.conditions: name each condition once, and given among them")
    if "transcript" not in params.logits.slices or len(set(params.logits.slices)) < len(params.logits.slices):
        raise EarwitnessError(f"{path}: logits.slices: name each slice once, and transcript among them")


def _check_shares(corpora: Mapping[str, LabCorpus], path: Path) -> None:
    """Check that no two lab corpora draw from the same share: a member of one could be a non-member of another."""
    owners: dict[int, str] = {}
    for name, corpus in corpora.items():
        owner = owners.setdefault(corpus.share, name)
        if owner != name:
            raise EarwitnessError(
                f"{path}: lab_speech.corpora.{name}.share: {corpus.share} is that of {owner}: choose another"
            )
