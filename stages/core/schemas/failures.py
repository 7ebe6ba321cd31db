"""Why a row of `tokens.parquet` has no tokens: the reasons in its column `failure`."""

from __future__ import annotations

OWN_ONLY = "scores no text but its own answer"
"""The reason why a given text has no tokens if a target scores its own answers alone."""
NO_LOGPROBS = "gives no log-probabilities"
"""The reason why no text has tokens if a target gives only texts."""
LASTING = frozenset({OWN_ONLY, NO_LOGPROBS})
"""Reasons that hold for a target and not for a row: asking again would not help."""

NOT_NUMBERS = "gives log-probabilities that are not numbers"
INFINITE = "gives infinite log-probabilities"
"""The reasons why a row has no tokens if its log-probabilities are NaN, or if one of them is infinite."""
