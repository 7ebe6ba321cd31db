"""Noise alone: the transcript with noise of the clip's length, level and spectrum, in which nobody speaks."""

from __future__ import annotations

import numpy as np

from stages.core.sound.levels import within_range
from stages.perturbation.recipe import Paired, Recipe, Utterance, perturbation


@perturbation("noise_alone", kind="pairing")
def noise_alone(utterance: Utterance, rng: np.random.Generator) -> tuple[Paired, Recipe]:
    """Draw the phases of the clip's spectrum anew: its long-term spectrum stays, words and voice go.

    Returns
    -------
    paired : Paired
        Of the clip's length and power.
    recipe : dict
        `scale`, by which the noise was turned down so that it does not clip.
    """
    spectrum = np.abs(np.fft.rfft(utterance.samples.astype(np.float64)))
    phases = rng.uniform(0, 2 * np.pi, len(spectrum))
    phases[0] = phases[-1] = 0.0  # of these two the real part alone would count
    noise = np.fft.irfft(spectrum * np.exp(1j * phases), len(utterance.samples))
    changed, scale = within_range(noise)
    return Paired(changed), {"scale": scale}
