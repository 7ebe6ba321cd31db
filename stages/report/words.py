"""What the page says in plain words of feature families and of conditions under which a question is put."""

from __future__ import annotations

FAMILIES = {
    "recording": "format, level, noise, bandwidth, silence",
    "spectral": "timbre: spectrum and its changes",
    "prosodic": "pitch, voice quality, pauses, tempo",
    "textual": "words, length, spelling",
    "acoustic": "all of the sound: recording, spectral and prosodic together",
    "fused": "everything known without the model",
}
"""For each feature family of the blind baseline, what it sees; in the order in which they are shown."""

CONDITIONS = {
    "direct": "the question with its options",
    "open": "the question alone",
    "chain_of_thought": "the question with its options, after reasoning",
    "privacy": "the question with its options, after a system prompt that forbids to tell",
    "transcript": "the words in writing, over silence: what the words alone tell",
}
"""For each condition about clips, how it is asked; in the order in which they are shown."""
