"""Check that audio reaches the model: other audio must change the likelihood of an answer.

The sounds are synthesised from a seed, so that the check needs no corpus. They are voiced chirps that resemble speech.
The check asks whether the answer's likelihood depends on the sound, not whether the model understands it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stages.core.run.randomness import generator
from stages.core.sound.audio import RATE, Samples, audio_hash
from stages.models.adapter import TRANSCRIBE, Adapter, Query
from stages.models.checks.answers import answer_effect
from stages.models.checks.scoring import answer_scores, require_numbers

SOUNDS = 6
SECONDS = 1.5
OWN_TOKENS = 16
"""Largest number of tokens of a closed model's own answer."""
ANSWERS = ("Anna buys the apple today.", "Good morning, how are you?", "The weather was fine on Monday.")


def audio_effect(adapter: Adapter, seed: int) -> dict[str, float]:
    """Measure how much other audio changes the log-probability of given answers.

    Returns
    -------
    dict of str to float
        Mean absolute change in nats per token when the audio is ``swapped`` with another sound, ``silent`` or
        ``shuffled`` (its 50 ms pieces in another order). All are 0.0 for a model that audio does not reach. Answers
        whose log-probabilities are not numbers are left out. A model that gives no log-probabilities is checked by
        its answers; see `stages.models.checks.answers`.

    Raises
    ------
    EarwitnessError
        If no answer to a kind of sound has a log-probability that is a number.
    """
    if not adapter.scores:
        return answer_effect(adapter)
    sounds = [_sound(seed, number) for number in range(SOUNDS)]
    own = _log_probabilities(adapter, sounds)
    require_numbers(own, "every answer")
    others = {
        "swapped": [*sounds[1:], sounds[0]],
        "silent": [np.zeros_like(sound) for sound in sounds],
        "shuffled": [_shuffled(sound, seed, number) for number, sound in enumerate(sounds)],
    }
    effect = {}
    for name, changed in others.items():
        difference = np.abs(_log_probabilities(adapter, changed) - own)
        require_numbers(difference, f"every answer to {name} sound")
        effect[name] = float(np.nanmean(difference))
    return effect


def is_audible(effect: dict[str, float], least: float) -> bool:
    """Return whether every kind of other audio changes the likelihood by at least `least` nats per token."""
    return all(change >= least for change in effect.values())


def _log_probabilities(adapter: Adapter, sounds: Sequence[Samples]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the mean log-probability per token of each sound's answer.

    A closed model that cannot score a given answer scores its own instead, which other audio changes too.
    """
    queries = [
        Query(sound, audio_hash(sound), TRANSCRIBE, ANSWERS[number % len(ANSWERS)])
        for number, sound in enumerate(sounds)
    ]
    if not adapter.forces:
        answers = adapter.generate(queries, OWN_TOKENS)
        queries = [replace(query, text=text) for query, text in zip(queries, answers, strict=True)]
    return answer_scores(adapter, queries)


def _sound(seed: int, number: int) -> Samples:
    """Return harmonics with a gliding pitch, in bursts that resemble syllables.

    All sounds are equally long, because the number of audio positions alone could change the likelihood.
    """
    rng = generator(seed, "audibility", "sound", number)
    time = np.arange(round(SECONDS * RATE)) / RATE
    pitch = rng.uniform(90, 220) * (1 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.5, 2) * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    order = np.arange(1, 20)
    voiced = (rng.uniform(0.1, 1, len(order)) / order) @ np.sin(np.outer(order, phase))
    syllables = np.clip(np.sin(2 * np.pi * rng.uniform(2, 5) * time), 0, 1)
    sound = voiced * syllables
    return np.asarray(0.3 * sound / np.abs(sound).max(), dtype=np.float32)


def _shuffled(sound: Samples, seed: int, number: int) -> Samples:
    pieces = np.array_split(sound, max(len(sound) // (RATE // 20), 2))
    order = generator(seed, "audibility", "shuffle", number).permutation(len(pieces))
    return np.concatenate([pieces[at] for at in order])
