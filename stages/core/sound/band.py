"""Zero-phase band-pass filters: the magnitude of a Butterworth filter, applied to the spectrum of the whole clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stages.core.sound.audio import RATE, Samples

ORDER = 24
"""Filter order. The response falls from -3 dB at the edge to half amplitude within 2.5 % of the edge's frequency."""


def passed(samples: Samples, low: float, high: float) -> NDArray[np.float64]:
    """Keep the part of a clip between two frequencies.

    Parameters
    ----------
    samples : float32[n]
    low, high : float
        Edges in Hz, where the response is -3 dB; with a `low` of 0 there is no lower edge.

    Returns
    -------
    float64[n]
        In phase with the clip.
    """
    length = 2 * len(samples)  # zero padding: the filter's ringing must not wrap round into the clip's start
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    gain = 1 / np.sqrt(1 + (frequency / high) ** (2 * ORDER))
    if low:
        # The same towards lower frequencies, in a form that does not divide by a frequency of 0 Hz.
        relative = (frequency / low) ** ORDER
        gain = gain * relative / np.sqrt(1 + relative**2)
    return np.fft.irfft(np.fft.rfft(samples.astype(np.float64), length) * gain, length)[: len(samples)]
