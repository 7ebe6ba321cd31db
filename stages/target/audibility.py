"""Does audio reach the model at all? Other audio must change what it says of a transcript.

The sounds are made here from a seed, so that the check needs no corpus: voiced, speech-like chirps, not speech. What
is asked is whether the answer's likelihood depends on the sound, not whether the model understands it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from stages.core.audio import RATE, Samples, audio_hash
from stages.core.randomness import generator
from stages.target.adapter import TRANSCRIBE, Adapter, Query

SOUNDS = 6
SECONDS = 1.5
ANSWERS = ("Anna buys the apple today.", "Good morning, how are you?", "The weather was fine on Monday.")


def audio_effect(adapter: Adapter, seed: int) -> dict[str, float]:
    """Measure by how much other audio changes the log-probability of given answers.

    Returns
    -------
    dict of str to float
        Mean absolute change in nats per token when the audio is ``swapped`` with another sound, ``silent`` or
        ``shuffled`` (its 50 ms pieces in another order); all 0.0 for a model that does not hear.
    """
    sounds = [_sound(seed, number) for number in range(SOUNDS)]
    own = _log_probabilities(adapter, sounds)
    others = {
        "swapped": [*sounds[1:], sounds[0]],
        "silent": [np.zeros_like(sound) for sound in sounds],
        "shuffled": [_shuffled(sound, seed, number) for number, sound in enumerate(sounds)],
    }
    return {
        name: float(np.mean(np.abs(_log_probabilities(adapter, changed) - own))) for name, changed in others.items()
    }


def is_audible(effect: dict[str, float], least: float) -> bool:
    """Return whether every kind of other audio changes the likelihood by at least `least` nats per token."""
    return all(change >= least for change in effect.values())


def _log_probabilities(adapter: Adapter, sounds: Sequence[Samples]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the mean log-probability per token of each sound's answer."""
    queries = [
        Query(sound, audio_hash(sound), TRANSCRIBE, ANSWERS[number % len(ANSWERS)])
        for number, sound in enumerate(sounds)
    ]
    values = []
    for answer in adapter.forced(queries, ["transcript"]):
        of_tokens = torch.log_softmax(answer.logits["transcript"], -1)
        values.append(of_tokens.gather(1, answer.token_ids["transcript"][:, None]).mean().item())
    return np.array(values)


def _sound(seed: int, number: int) -> Samples:
    """Return harmonics with a gliding pitch, in bursts like syllables.

    All sounds are equally long: a model that does not hear would still notice another number of positions.
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
