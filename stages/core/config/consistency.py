"""Checks across the nouns of `params.yaml`: each used name is declared, and each claim about membership is possible."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError

if TYPE_CHECKING:
    from stages.core.config.nouns import Params


Use = tuple[str, list[str], set[str]]
"""A key, the names that it holds, and the names that are allowed there."""


def check_nouns(params: Params, path: Path) -> None:
    """Check what involves several nouns.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    corpora, targets = set(params.corpora), params.known_targets()
    check_uses(
        [
            *((f"copies.{name}.base", [copy.base], targets - {name}) for name, copy in params.copies.items()),
            *((f"copies.{name}.train_on", copy.train_on, corpora | {NONE}) for name, copy in params.copies.items()),
            *((f"audits.{name}.corpus", [audit.corpus], corpora) for name, audit in params.audits.items()),
            *((f"audits.{name}.target", [audit.target], targets) for name, audit in params.audits.items()),
            *(
                (f"audits.{name}.reference", [audit.reference], targets | {NONE})
                for name, audit in params.audits.items()
            ),
        ],
        path,
    )
    _check_taken(params, path)
    for name, copy in params.copies.items():
        check_trained_on(copy.train_on, f"copies.{name}", path)
    _check_untaught(params, path)
    _check_membership(params, path)
    for name, audit in params.audits.items():
        if audit.reference == audit.target:
            raise EarwitnessError(f"{path}: audits.{name}.reference: is the target itself: name another, or none")


def check_uses(uses: Iterable[Use], path: Path) -> None:
    """Check that every name that a key uses is declared.

    Parameters
    ----------
    uses : iterable of (str, list of str, set of str)
        For each key: its dotted name, the names that it holds, and the names that are allowed.
    path : Path
        Named in errors.

    Raises
    ------
    EarwitnessError
        Naming the file, the key and the first unknown name.
    """
    for key, names, known in uses:
        for name in names:
            if name not in known:
                raise EarwitnessError(f"{path}: {key}: unknown name {name!r}: use one of {', '.join(sorted(known))}")


def check_trained_on(train_on: list[str], key: str, path: Path) -> None:
    """Check that a training names two different corpora, or one corpus and `none`.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    first, second = train_on
    if first == second == NONE:
        raise EarwitnessError(f"{path}: {key}.train_on: names no corpus: name one")
    if first == second:
        raise EarwitnessError(f"{path}: {key}.train_on: the same twice: write none for an empty place")


def _check_taken(params: Params, path: Path) -> None:
    taken = {"lab_base", NONE} & {*params.targets, *params.copies} | set(params.targets) & set(params.copies)
    if taken:
        raise EarwitnessError(f"{path}: targets and copies: {min(taken)!r} is taken: choose another name")
    if NONE in params.corpora:
        raise EarwitnessError(f"{path}: corpora: {NONE!r} stands for no corpus: choose another name")


def _check_untaught(params: Params, path: Path) -> None:
    """Check that no audit of membership rests on a copy that was taught with all labelled clips, members or not."""
    taught = {name for name, copy in params.copies.items() if copy.teach}
    for _ in params.copies:  # a copy of a taught copy has heard these clips too, however long the chain is
        taught |= {name for name, copy in params.copies.items() if copy.base in taught}
    for name, audit in params.audits.items():
        for key, used in (("target", audit.target), ("reference", audit.reference)):
            if used in taught:
                raise EarwitnessError(
                    f"{path}: audits.{name}.{key}: {used!r} is taught (copies: teach) with all labelled clips, "
                    "non-members too, so nothing about membership follows: name another target, or ask it in "
                    "attribute_leakage.audits"
                )


def _check_membership(params: Params, path: Path) -> None:
    """Check that whatever needs members uses a corpus whose membership is written somewhere."""
    unknown = {name for name, corpus in params.corpora.items() if corpus.member == NONE}
    for name, audit in params.audits.items():
        if audit.corpus in unknown:
            raise EarwitnessError(
                f"{path}: audits.{name}.corpus: {audit.corpus!r} has member: none, so nothing can be asked about its "
                f"members: set corpora.{audit.corpus}.member, or ask about its speakers in attribute_leakage.audits"
            )
    for name, copy in params.copies.items():
        without = [corpus for corpus in copy.train_on if corpus in unknown]
        if without and not copy.teach:
            raise EarwitnessError(
                f"{path}: copies.{name}.train_on: {without[0]!r} has member: none, so no clip of it is trained on: "
                f"set corpora.{without[0]}.member, or name another corpus"
            )
