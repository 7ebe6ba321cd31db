"""Noise: white noise beside the clip, at a true signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.core.sound.audio import Samples
from stages.perturbation.recipe import PERTURBATIONS, Perturbation, Recipe, uniform
from stages.perturbation.schema import Span


def apply(samples: Samples, rng: np.random.Generator, *, snr_db: Sequence[float]) -> tuple[Samples, Recipe]:
    """Add Gaussian noise whose realised power, not only its expected one, gives the drawn ratio to the clip's.

    Where the sum would clip, both are turned down alike, which leaves the ratio.

    Parameters
    ----------
    samples : float32[n]
        In [-1, 1].
    rng : Generator
    snr_db : [from, to]
        What the ratio of the mean powers is drawn from, in dB.

    Returns
    -------
    samples : float32[n]
    recipe : dict
        `snr_db`, the drawn ratio, null where the clip is silent and no ratio exists (it comes back as it was);
        `scale`, by which the sum was turned down.
    """
    drawn = uniform(rng, snr_db)
    noise = rng.standard_normal(len(samples))
    power, noise_power = (float(np.mean(np.square(part, dtype=np.float64))) for part in (samples, noise))
    if not power:
        return samples, {"snr_db": None, "scale": 1.0}
    noisy = samples + noise * np.sqrt(power / noise_power * 10 ** (-drawn / 10))
    scale = min(1.0, 32767 / 32768 / float(np.abs(noisy).max()))
    return (noisy * scale).astype(np.float32), {"snr_db": drawn, "scale": round(scale, 6)}


PERTURBATIONS.register("noise")(Perturbation("audio", apply, {"snr_db": Span(-40, 80)}))
