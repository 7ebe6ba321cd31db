"""Noise: white noise added to the clip, at an exact signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np

from stages.core.sound.audio import Samples
from stages.core.sound.levels import within_range
from stages.neighbours.recipe import Recipe, perturbation, uniform
from stages.neighbours.settings import PerturbationSettings, Span, within


class NoiseSettings(PerturbationSettings):
    """Range of the signal-to-noise ratio in dB."""

    snr_db: Annotated[Span, within(-40, 80)]


@perturbation("noise", kind="audio", settings=NoiseSettings)
def noise(samples: Samples, rng: np.random.Generator, *, snr_db: Sequence[float]) -> tuple[Samples, Recipe]:
    """Add Gaussian noise whose realised power, not only its expected power, gives the drawn ratio.

    If the sum would clip, one gain is applied to clip and noise, which keeps the ratio.

    Parameters
    ----------
    samples : float32[n]
        In [-1, 1].
    rng : Generator
    snr_db : [from, to]
        Range of the ratio of the mean powers, in dB.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `snr_db`, the drawn ratio, null if the clip is silent and no ratio exists (it is returned unchanged); `scale`,
        the exact gain (at most 1) applied to the sum to avoid clipping.
    """
    drawn = uniform(rng, snr_db)
    noise = rng.standard_normal(len(samples))
    power, noise_power = (float(np.mean(np.square(part, dtype=np.float64))) for part in (samples, noise))
    if not power:
        return samples, {"snr_db": None, "scale": 1.0}
    noisy = samples + noise * np.sqrt(power / noise_power * 10 ** (-drawn / 10))
    changed, scale = within_range(noisy)
    return changed, {"snr_db": drawn, "scale": scale}
