"""What the page says in plain words: findings, splits, feature families.

Every sentence that limits a claim lies here, so that it can be read and corrected in one place.
"""

from __future__ import annotations

FINDINGS: dict[str, tuple[str, str]] = {
    "memorised": (
        "Memorised",
        "The model remembers these recordings: it tells members from non-members, although they were drawn at random "
        "from one pool and nothing but training tells them apart.",
    ),
    "suspected": (
        "Suspected",
        "The model seems to remember these recordings: it tells members from non-members also where they were "
        "recorded alike, and by more than a model that is known not to hold them. A difference in recording that "
        "nothing measured, and to which the two models react differently, would look the same.",
    ),
    "confounded": (
        "Confounded",
        "Members and non-members can be told apart, but a difference in how they were recorded explains it as well. "
        "This is no evidence of memory, and none against it.",
    ),
    "unresolved": (
        "Unresolved",
        "The model tells members from non-members, but what is needed to rule out a difference in recording is "
        "missing: above all, a reference model known not to hold them.",
    ),
    "underpowered": (
        "Underpowered",
        "Nothing was found, and nothing could have been: there are too few comparable clips to see an effect of the "
        "size that matters.",
    ),
    "not_detected": (
        "Not detected",
        "No memory of these recordings was found. The smallest effect that would have been seen is stated below; a "
        "weaker one remains possible.",
    ),
    "not_audible": (
        "Not audible",
        "The audio does not reach the model: it answers alike whatever it hears. Nothing can be said about recordings.",
    ),
}
"""For each finding, its name and what it means."""

GRADES: dict[str, tuple[str, str]] = {
    "randomised": (
        "drawn at random",
        "Chance decided which clips are members. Only such a split supports a statement about how often a finding "
        "would be a false alarm: in at most the share of audits that evaluation.alpha names (0.05 unless it was "
        "changed).",
    ),
    "matched": (
        "chosen to be alike",
        "What was not looked at when members and non-members were chosen may still tell them apart, so no rate of "
        "false alarms can be stated.",
    ),
    "post_hoc": (
        "not known to be drawn at random",
        "Whatever differed between how members and non-members were collected is mixed with what the model "
        "remembers, so no rate of false alarms can be stated.",
    ),
}
"""For each grade, how the split was made and what that permits to say."""

FAMILIES = {
    "recording": "format, level, noise, bandwidth, silence",
    "spectral": "timbre: spectrum and its changes",
    "prosodic": "pitch, voice quality, pauses, tempo",
    "textual": "words, length, spelling",
    "acoustic": "all of the sound: recording, spectral and prosodic together",
    "fused": "everything known without the model",
}
"""For each feature family of the blind baseline, what it sees; in the order in which they are shown."""

LEAKS: dict[str, tuple[str, str]] = {
    "told": (
        "Told",
        "The model says this of people whom it hears, more often right than guessing or the most frequent label would "
        "be, and more often than from their words alone. Whoever may question the model can infer it from a voice.",
    ),
    "favoured": (
        "Not said, but favoured",
        "The model's own words are not shown to tell it from the voice, but its probabilities do: forced to choose, it "
        "favours the right option more often than guessing would, and more often than from the words alone. Whoever "
        "sees probabilities, or can make it choose, can infer it from a voice.",
    ),
    "words": (
        "Told by the words",
        "The model is right more often than guessing, but so it is from the words alone, in writing, and the voice is "
        "not shown to tell more.",
    ),
    "undecided": (
        "Told, by voice or words",
        "The model is right more often than guessing. Whether the voice tells it or the words do is not decided: see "
        "below what was compared.",
    ),
    "known": (
        "Known, not told",
        "No answer tells it, but it can be read off the model's layers on people whom the reader never met. Whoever "
        "has the weights, or the vectors that the model makes, can infer it.",
    ),
    "not_shown": (
        "Not shown",
        "It was not shown by what was tried, which is stated below. Another prompt, or more clips and people, may.",
    ),
    "not_audible": ("Not audible", "The audio does not reach the model; no leakage is claimed."),
}
"""For each finding about an attribute, its name and what it means."""

CONDITIONS = {
    "direct": "the question with its options",
    "open": "the question alone",
    "chain_of_thought": "the question with its options, after reasoning",
    "privacy": "the question with its options, after a system prompt that forbids to tell",
    "transcript": "the words in writing, over silence: what the words alone tell",
}
"""For each condition about clips, how it is asked; in the order in which they are shown."""


def finding_words(finding: str) -> tuple[str, str]:
    """Return a finding's name and meaning; one that is not known stands for itself."""
    return FINDINGS.get(finding, (finding, ""))


def grade_words(grade: str) -> tuple[str, str]:
    """Return how a split was made and what it permits; one that is not known stands for itself."""
    return GRADES.get(grade, (grade, ""))
