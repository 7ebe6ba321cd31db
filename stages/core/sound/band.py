"""Pass-bands without delay: a Butterworth filter's magnitude, applied to the spectrum of the whole clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.core.sound.audio import RATE, Samples

ORDER = 24
"""So steep that the response is at half amplitude within 2.5 % of the edge, where it is down by 3 dB."""


def passed(samples: Samples, low: float, high: float) -> NDArray[np.float64]:
    """Keep what lies between two frequencies.

    Parameters
    ----------
    samples : float32[n]
    low, high : float
        Edges in Hz, where the response is down by 3 dB; a `low` of 0 has no lower edge.

    Returns
    -------
    float64[n]
        In phase with the clip.
    """
    length = 2 * len(samples)  # silence behind, into which the filter rings instead of into the clip's beginning
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    gain = 1 / np.sqrt(1 + (frequency / high) ** (2 * ORDER))
    if low:
        # The same towards lower frequencies, written so that 0 Hz divides nothing.
        relative = (frequency / low) ** ORDER
        gain = gain * relative / np.sqrt(1 + relative**2)
    return np.fft.irfft(np.fft.rfft(samples.astype(np.float64), length) * gain, length)[: len(samples)]
