"""What can be checked of the audits of speakers before anything runs."""

from __future__ import annotations

from pathlib import Path

import stages.attribute_leakage.ask.conditions  # noqa: F401 (registers them)
from stages.attribute_leakage.ask.condition import CONDITIONS
from stages.attribute_leakage.params import AttributeLeakageParams
from stages.core.config.consistency import check_uses
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError


def check_params(params: AttributeLeakageParams, path: Path) -> None:
    """Check that corpora, targets and conditions that are named are there.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
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
