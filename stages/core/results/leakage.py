"""What an audit of attribute leakage finds: for each attribute a finding with its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from stages.core.results.flat import Figure
from stages.core.results.model import Result

LeakFinding = Literal["told", "favoured", "words", "undecided", "known", "not_shown", "not_audible"]

LeakageCode = Literal[
    "told",
    "not_compared",
    "comparison_undecided",
    "words_tell",
    "not_asked",
    "one_speaker",
    "no_answer_tells",
    "target_failed",
    "layers_unread",
    "no_layer_reads",
    "layer_reads",
]


class LeakageReason(Result):
    """A reason: its code, and the figures in its sentence. `stages.core.words.leakage` makes the sentence."""

    code: LeakageCode
    figures: dict[str, Figure]

    @classmethod
    def of(cls, code: LeakageCode, **figures: Figure) -> LeakageReason:
        """Return a reason with its figures."""
        return cls(code=code, figures=figures)


class AttributeFinding(Result):
    """The finding on an attribute; `reasons` are the sentences of `because`."""

    finding: LeakFinding
    reasons: list[str]
    because: list[LeakageReason]


class LeakageResult(Result):
    """The findings of an audit of attribute leakage.

    `finding` is set only if the audio does not reach the target; then no question was asked, and `attributes` is empty.
    """

    audit: str
    corpus: str
    target: str
    finding: Literal["not_audible"] | None = None
    attributes: dict[str, AttributeFinding]

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> LeakageResult:
        """Read the findings from an audit's `details.json`."""
        keys = AttributeFinding.model_fields
        return cls(
            audit=details["audit"],
            corpus=details["corpus"],
            target=details["target"],
            finding=details.get("finding"),
            attributes={
                name: AttributeFinding(**{key: found[key] for key in keys})
                for name, found in details.get("attributes", {}).items()
            },
        )
