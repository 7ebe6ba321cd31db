"""Measure how a recording was made, on the decoded file before mixing and resampling.

Mixing and resampling remove the evidence. For example, resampled clips do not show that the members' band ended at
3.4 kHz.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from stages.core.schemas.corpus import SPECTRUM_PARTS
from stages.core.sound.audio import Samples

FLOOR_DB = -120.0
"""The level of digital silence, in dB relative to full scale."""

DYNAMIC_RANGE = 75.0
"""In dB. A spectrum counts as empty so far below its strongest part; a good microphone has this range for speech."""

STEEP = 10.0
"""Smallest fall across a cut, in dB within 200 Hz: a filter, or a recording that was resampled from a lower rate."""

LOWEST_CUT = 2000.0
MOST_FRAMES = 2048
"""Most frames to take spectra of. More frames change little, and their memory would grow with the recording."""

_FRAMES_AT_ONCE = 256
Spectrum = NDArray[np.float64]


class SourceFile(TypedDict):
    """The fields of `stages.core.schemas.corpus.SOURCE`."""

    rate: int
    channels: int
    format: str
    subtype: str
    bits: int
    bandwidth: float
    peak: float
    clipped_share: float
    dc: float
    noise_floor: float
    codec_trace: float
    cut_off: float
    spectrum: list[float]
    quiet_spectrum: list[float]


def measure_source(samples: Samples, rate: int, container: str, subtype: str) -> SourceFile:
    """Measure a decoded file.

    Parameters
    ----------
    samples : float32[frames, channels]
        The decoded samples: at least one frame, all finite; full scale is 1.
    rate : int
        The sampling rate in Hz.
    container, subtype : str
        libsndfile's names, such as "FLAC" and "PCM_16".

    Returns
    -------
    SourceFile
        For digital silence bits and bandwidth are 0, and the noise floor is `FLOOR_DB`.
    """
    power = frame_powers(samples, rate)
    spectrum = long_term_spectrum(power)
    bits = effective_bits(samples)
    edge = bandwidth(spectrum, rate, bits)
    return {
        "rate": rate,
        "channels": samples.shape[1],
        "format": container,
        "subtype": subtype,
        "bits": bits,
        "bandwidth": edge,
        "peak": float(np.abs(samples).max()),
        "clipped_share": clipped_share(samples),
        "dc": float(samples.mean(dtype=np.float64)),
        "noise_floor": noise_floor(samples, rate),
        "codec_trace": fall_at(spectrum, rate, edge),
        "cut_off": cut_off(spectrum, rate),
        "spectrum": part_levels(spectrum),
        "quiet_spectrum": quiet_levels(power),
    }


def effective_bits(samples: Samples) -> int:
    """Count the bits, of 24, that carry information: 8 for 8-bit sound in a 16-bit file, 0 for silence.

    Trailing bits that are zero in every sample carry nothing, so they are subtracted. Lossy formats decode to floating
    point and have 24 bits.
    """
    whole = np.round(samples * np.float32(2**23)).astype(np.int64)  # exact: a float32 has 24 bits of mantissa
    used = int(np.bitwise_or.reduce(np.abs(whole), axis=None))
    return 24 - ((used & -used).bit_length() - 1) if used else 0


def clipped_share(samples: Samples) -> float:
    """Return the share of samples in runs of three or more at their channel's extreme.

    An unclipped wave is at its extreme for one or two samples; a clipped wave stays there. Silence is not clipped.
    """
    top = np.abs(samples).max(axis=0)
    at_extreme = (np.abs(samples) >= top - 2.0**-16) & (top > 2.0**-8)
    if len(samples) < 3:
        return 0.0
    runs = at_extreme[:-2] & at_extreme[1:-1] & at_extreme[2:]  # [frames - 2, channels]
    clipped = np.zeros_like(at_extreme)
    for shift in range(3):
        clipped[shift : shift + len(runs)] |= runs
    return float(clipped.mean())


def noise_floor(samples: Samples, rate: int) -> float:
    """Return the 5th percentile of the power of 25 ms frames, in dB relative to full scale, at least `FLOOR_DB`."""
    width = max(1, min(len(samples), rate // 40))
    frames = samples[: len(samples) // width * width].reshape(-1, width * samples.shape[1])
    power = np.einsum("ij,ij->i", frames, frames, dtype=np.float64) / frames.shape[1]
    return _decibels(float(np.percentile(power, 5)))


def frame_powers(samples: Samples, rate: int) -> NDArray[np.float32]:
    """Return the power spectra of adjacent Hann frames of 43 to 128 ms, averaged over channels: float32[T, bins].

    A full-scale sine has a power of about 1. A shorter sound is padded to one frame. Of a sound with more than
    `MOST_FRAMES` frames, that number is taken, evenly spaced.
    """
    width = 2048 if rate > 24_000 else 1024
    window = np.hanning(width).astype(np.float32)
    padded = np.pad(samples, ((0, max(0, width - len(samples))), (0, 0)))
    frames = padded[: len(padded) // width * width].reshape(-1, width, samples.shape[1])
    taken = frames[np.linspace(0, len(frames) - 1, min(len(frames), MOST_FRAMES)).astype(np.intp)]
    power = np.empty((len(taken), width // 2 + 1), np.float32)
    for start in range(0, len(taken), _FRAMES_AT_ONCE):
        block = taken[start : start + _FRAMES_AT_ONCE] * window[None, :, None]
        power[start : start + len(block)] = (np.abs(np.fft.rfft(block, axis=1)) ** 2).mean(axis=2)
    return np.asarray(power / (window.sum() / 2) ** 2)


def long_term_spectrum(power: NDArray[np.float32]) -> Spectrum:
    """Return the mean power spectrum of frames, float32[T, bins], in dB, smoothed over five bins: float64[bins]."""
    mean = power.mean(axis=0, dtype=np.float64)
    smooth = np.convolve(np.pad(mean, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    return np.asarray(10 * np.log10(np.maximum(smooth, 1e-20)))


def bandwidth(spectrum: Spectrum, rate: int, bits: int) -> float:
    """Return the highest frequency, in Hz, at which the long-term spectrum is above its floor; 0.0 for silence.

    The floor is `DYNAMIC_RANGE` below the strongest bin, or 6 dB above the rounding noise of `bits` bits if that is
    higher. Because the window leaks, the value for a sharp cut is up to ten bins too high; this is the same in every
    file of that rate.
    """
    if bits == 0:
        return 0.0
    # Rounding noise has a power of step² / 12, spread over the bins. The Hann window collects 1.5 bins of it.
    rounding = 10 * np.log10((2.0 ** (1 - bits)) ** 2 / 12 * 2 * 1.5 / (len(spectrum) - 1))
    floor = max(float(spectrum.max()) - DYNAMIC_RANGE, rounding + 6.0)
    above = np.flatnonzero(spectrum > floor)
    return float(above[-1] / (len(spectrum) - 1) * rate / 2) if len(above) else 0.0


def fall_at(spectrum: Spectrum, rate: int, edge: float) -> float:
    """Return by how many dB the spectrum falls across `edge` Hz: a codec's filter falls steeply, a voice slowly.

    The mean over the 400 Hz below the edge is compared with the mean from 200 to 600 Hz above it. The fall is 0.0 if
    the edge is within 600 Hz of half the rate, so that nothing lies above, and if the spectrum rises.
    """
    if edge <= 0 or edge + 600 > rate / 2:
        return 0.0
    hertz = np.linspace(0, rate / 2, len(spectrum))
    below = spectrum[(hertz >= edge - 400) & (hertz <= edge)].mean()
    above = spectrum[(hertz >= edge + 200) & (hertz <= edge + 600)].mean()
    return max(0.0, float(below - above))


def cut_off(spectrum: Spectrum, rate: int) -> float:
    """Return the highest frequency, in Hz, across which the spectrum falls by `STEEP`; 0.0 if there is no such fall.

    The means are those of `fall_at`. Among neighbouring frequencies the one with the largest fall is returned. Unlike
    the bandwidth, the value does not depend on the level of the rest. The search starts at `LOWEST_CUT`, because below
    it a voice's own spectrum is as steep.
    """
    step = rate / 2 / (len(spectrum) - 1)
    wide, gap = max(1, round(400 / step)), max(1, round(200 / step))
    sums = np.append(0.0, np.cumsum(spectrum))
    at = np.arange(max(wide, int(LOWEST_CUT / step)), len(spectrum) - gap - wide + 1)
    if not len(at):
        return 0.0
    falls = (sums[at] - sums[at - wide] - sums[at + gap + wide] + sums[at + gap]) / wide
    steep = np.flatnonzero(falls >= STEEP)
    if not len(steep):
        return 0.0
    nearest = np.arange(max(0, steep[-1] - 2 * wide), steep[-1] + 1)
    return float(at[nearest[np.argmax(falls[nearest])]] * step)


def part_levels(spectrum: Spectrum) -> list[float]:
    """Return the level of each of `SPECTRUM_PARTS` equal parts of the band, in dB relative to full scale.

    These levels also show a cut that lies too far below the strongest part to count as the end of the band: the parts
    above it hold only rounding noise. The mean is over decibels, so that the slope of a cut does not fill a part.
    """
    parts = np.array_split(np.maximum(spectrum, FLOOR_DB), SPECTRUM_PARTS)
    return [float(part.mean()) for part in parts]


def quiet_levels(power: NDArray[np.float32]) -> list[float]:
    """Return the 10th percentile over frames of the level of each of `SPECTRUM_PARTS` parts of the band, in dB.

    An encoder spends its bits on audible sound. The quiet frames of the highest part become empty long before the mean
    over all frames shows it.
    """
    levels = np.maximum(10 * np.log10(np.maximum(power, np.float32(1e-20))), np.float32(FLOOR_DB))
    parts = np.array_split(levels, SPECTRUM_PARTS, axis=1)
    return [float(np.percentile(part.mean(axis=1), 10)) for part in parts]


def _decibels(power: float) -> float:
    return max(FLOOR_DB, 10 * float(np.log10(max(power, 1e-30))))
