"""What `verdict.json` says of an audit of speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

from stages.report.sections.leakage.view import NOT_AUDIBLE, LeakageView


class AttributeVerdict(TypedDict):
    """What was found of one attribute, and why."""

    finding: str
    reasons: Sequence[str]


class LeakageVerdict(TypedDict):
    """What was found of each attribute; `finding` is there where the target does not hear, and no attribute then is."""

    audit: str
    corpus: str
    target: str
    finding: NotRequired[str]
    attributes: Mapping[str, AttributeVerdict]


def leakage_verdict(audit: LeakageView) -> LeakageVerdict:
    """Return a finding and its reasons for each attribute."""
    attributes = {one.name: AttributeVerdict(finding=one.finding, reasons=one.reasons) for one in audit.attributes}
    verdict = LeakageVerdict(audit=audit.name, corpus=audit.corpus, target=audit.target, attributes=attributes)
    if audit.deaf:
        verdict["finding"] = NOT_AUDIBLE
    return verdict
