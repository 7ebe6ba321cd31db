"""Noise alone: the transcript with noise of the clip's length, level and spectrum, in which nobody speaks."""

from __future__ import annotations

import numpy as np

from stages.core.sound.levels import within_range
from stages.neighbours.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("noise_alone", kind="pairing")
def noise_alone(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Replace the phases of the clip's spectrum by random ones: the long-term spectrum stays, words and voice do not.

    Returns
    -------
    paired : Paired
        Noise with the clip's length and power.
    recipe : dict
        `scale`, the gain (at most 1) applied to avoid clipping.
    """
    spectrum = np.abs(np.fft.rfft(utterance.samples.astype(np.float64)))
    phases = rng.uniform(0, 2 * np.pi, len(spectrum))
    phases[0] = phases[-1] = 0.0  # the inverse transform uses only the real part of these two
    noise = np.fft.irfft(spectrum * np.exp(1j * phases), len(utterance.samples))
    changed, scale = within_range(noise)
    return Paired(changed), {"scale": scale}
