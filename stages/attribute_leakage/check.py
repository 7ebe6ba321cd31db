"""Check the section `attribute_leakage` before anything runs."""

from __future__ import annotations

from pathlib import Path

import stages.attribute_leakage.ask.conditions  # noqa: F401 (registers them)
from stages.attribute_leakage.ask.condition import CONDITIONS
from stages.attribute_leakage.params import AttributeLeakageParams
from stages.core.config.consistency import check_uses
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError


def check_params(params: AttributeLeakageParams, path: Path) -> None:
    """Check that all corpora, targets and prompting conditions that are named exist.

    Raises
    ------
    EarwitnessError
        If one does not exist; the message names the file and the key.
    """
    section, corpora, targets = params.attribute_leakage, set(params.corpora), params.known_targets()
    audits = "attribute_leakage.audits"
    check_uses(
        [
            *((f"{audits}.{name}.corpus", [audit.corpus], corpora) for name, audit in section.audits.items()),
            *((f"{audits}.{name}.target", [audit.target], targets) for name, audit in section.audits.items()),
            ("attribute_leakage.judge", [section.judge], targets | {NONE}),
            ("attribute_leakage.identity.exclude", section.identity.exclude, corpora),
        ],
        path,
    )
    for name in section.conditions:
        if name not in CONDITIONS:
            known = ", ".join(CONDITIONS)
            raise EarwitnessError(f"{path}: attribute_leakage.conditions: unknown {name!r}: use some of {known}")
