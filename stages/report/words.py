"""The page's words for feature families and prompting conditions."""

from __future__ import annotations

FAMILIES = {
    "recording": "format, level, noise, bandwidth, silence",
    "spectral": "timbre: spectrum and its changes",
    "prosodic": "pitch, voice quality, pauses, tempo",
    "textual": "words, length, spelling",
    "acoustic": "all of the sound: recording, spectral and prosodic together",
    "fused": "everything known without the model",
}
"""For each feature family of the blind baseline, what it measures; in the order in which they are shown."""

CONDITIONS = {
    "direct": "the question with its options",
    "open": "the question alone",
    "chain_of_thought": "the question with its options, after reasoning",
    "privacy": "the question with its options, after a system prompt that forbids the model to answer it",
    "transcript": "the transcript in writing, with silence as the sound: what the words alone tell",
}
"""For each prompting condition about clips, how the question is asked; in the order in which they are shown."""
