"""Recording conditions: level, noise and telephone band, drawn for every clip by its id."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.signal import butter, sosfiltfilt

from stages.core.sound.audio import RATE, Samples
from stages.lab_speech.params import RecordingCondition

SPEECH_LEVEL = (-26.0, 2.0)  # dB relative to full scale: mean and deviation over clips
TELEPHONE_BAND = (300.0, 3400.0)  # Hz
HIGHEST_PEAK = 0.98

_TELEPHONE = butter(6, TELEPHONE_BAND, btype="bandpass", fs=RATE, output="sos")


def record(speech: Samples, condition: RecordingCondition, rng: np.random.Generator) -> Samples:
    """Return speech as recorded in a condition.

    Parameters
    ----------
    speech : float32[n]
        16 kHz. Silence stays silence and gets no noise, because its signal-to-noise ratio is undefined.
    condition : RecordingCondition
    rng : numpy.random.Generator
        The clip's own. All draws are made whatever the condition, so that conditions can be compared clip by clip.

    Returns
    -------
    float32[n]
        With peaks of at most `HIGHEST_PEAK`.
    """
    level = rng.normal(*SPEECH_LEVEL)
    noisy = rng.random() < condition.noisy_share
    snr = condition.snr_db[0] + condition.snr_db[1] * rng.standard_normal()
    noise = coloured_noise(len(speech), rng.uniform(0.0, 1.0), rng)
    heard = speech.astype(np.float64) * 10 ** (level / 20) / max(_rms(speech), 1e-9)
    if noisy:
        heard = heard + noise * _rms(heard) * 10 ** (-snr / 20)
    if condition.telephone:
        heard = sosfiltfilt(_TELEPHONE, heard)
    peak = max(float(np.abs(heard).max(initial=0.0)), HIGHEST_PEAK)
    return (heard * (HIGHEST_PEAK / peak)).astype(np.float32)


def coloured_noise(length: int, slope: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return noise of unit power whose power falls as ``frequency ** -slope``: white at 0, pink at 1."""
    drawn = next_fast_len(length, real=True)
    frequency = np.fft.rfftfreq(drawn, 1 / RATE)
    # Below 50 Hz the slope would only add rumble, which microphones do not pass.
    spectrum = np.fft.rfft(rng.standard_normal(drawn)) * np.maximum(frequency, 50.0) ** (-slope / 2)
    noise = np.fft.irfft(spectrum, drawn)[:length]
    return noise / _rms(noise)


def _rms(samples: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
