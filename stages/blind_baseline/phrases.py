"""Plain words for features: what a column measures, and the unit in which its values are shown."""

from __future__ import annotations

import re

import numpy as np

from stages.core.inference.statistics import Floats

Phrase = tuple[str, str, float]
"""The words, the unit, and the divisor that brings values to this unit."""

PHRASES: dict[str, Phrase] = {
    r"recording\.bandwidth": ("sound ends at", "kHz", 1000),
    r"recording\.bandwidth_share": ("share of the file's band that is used", "%", 0.01),
    r"recording\.rate": ("sampling rate", "kHz", 1000),
    r"recording\.channels": ("channels", "", 1),
    r"recording\.bits": ("effective bits", "", 1),
    r"recording\.noise_floor": ("noise floor of the file", "dB", 1),
    r"recording\.codec_trace": ("fall at the end of the band, as codecs leave it", "dB", 1),
    r"recording\.cut_off": ("last steep fall of the file's spectrum at", "kHz", 1000),
    r"recording\.quiet_part(\d+)": ("level of quiet frames in eighth {0} of the file's band, counted from 0", "dB", 1),
    r"recording\.peak": ("peak", "dB", 1),
    r"recording\.clipped": ("clipped share (decimal logarithm)", "", 1),
    r"recording\.dc": ("offset (decimal logarithm)", "", 1),
    r"recording\.part(\d+)": ("level in eighth {0} of the file's band, counted from 0", "dB", 1),
    r"recording\.is_(\w+)": ("share of {0} files", "%", 0.01),
    r"recording\.lossy": ("share of files in a lossy format", "%", 0.01),
    r"recording\.companded": ("share of files in a telephone format", "%", 0.01),
    r"recording\.floating": ("share of files in floating point", "%", 0.01),
    r"recording\.seconds": ("length", "s", 1),
    r"recording\.level": ("level", "dB", 1),
    r"recording\.crest": ("peak above level", "dB", 1),
    r"recording\.snr": ("loud above quiet frames", "dB", 1),
    r"recording\.(leading|trailing)_silence": ("{0} silence", "s", 1),
    r"recording\.silence_share": ("share of quiet frames", "%", 0.01),
    r"recording\.digital_silence_share": ("share of digital silence", "%", 0.01),
    r"recording\.decay": ("sounds die away by", "dB/s", 1),
    r"recording\.low_level": ("level below 80 Hz", "dB", 1),
    r"recording\.high_level": ("level above 6 kHz", "dB", 1),
    r"recording\.background(\d+)": ("background in band {0}", "dB", 1),
    r"spectral\.average_spectrum(\d+)_mean": ("long-term spectrum in mel band {0} of 24", "dB", 1),
    r"spectral\.average_spectrum(\d+)_(std|change)": ("{1} over time in mel band {0} of 24", "dB", 1),
    r"spectral\.(centroid|bandwidth|rolloff)_(mean|std)": ("spectral {0} ({1})", "kHz", 1000),
    r"spectral\.contrast(\d+)_mean": ("spectral contrast in octave {0}", "dB", 1),
    r"spectral\.modulation(\d+)": ("rise and fall of the level in octave {0} from 0.5 Hz", "dB", 1),
    r"prosodic\.f0_(mean|median)": ("pitch ({0})", "Hz", 1),
    r"prosodic\.f(\d)_(mean|std)": ("formant {0} ({1})", "Hz", 1),
    r"prosodic\.hnr_(mean|std)": ("harmonics to noise ({0})", "dB", 1),
    r"prosodic\.intensity_(mean|std|range)": ("intensity ({0})", "dB", 1),
    r"prosodic\.syllable_rate": ("syllables per second", "", 1),
    r"prosodic\.(jitter|shimmer)": ("{0}", "%", 0.01),
    r"textual\.characters": ("characters", "", 1),
    r"textual\.words": ("words", "", 1),
    r"textual\.(upper|lower|digit|space|punctuation|ascii)_share": ("share of {0} characters", "%", 0.01),
    r"textual\.blank": ("share of blank transcripts", "%", 0.01),
}


def phrase_of(feature: str) -> Phrase:
    """Return the words for a feature; a feature without an entry gets its own name without the family."""
    for pattern, (words, unit, divisor) in PHRASES.items():
        if found := re.fullmatch(pattern, feature):
            return words.format(*found.groups()), unit, divisor
    return feature.partition(".")[2].replace("_", " "), "", 1.0


def sentence(feature: str, inside: Floats, outside: Floats) -> str:
    """Return a sentence with a feature's means in members and in non-members.

    Parameters
    ----------
    feature : str
        ``family.name``.
    inside, outside : float64[n]
        The feature's values in members and in non-members, at least one each.

    Examples
    --------
    >>> sentence("recording.bandwidth", np.array([7900.0]), np.array([3400.0]))
    'sound ends at 7.9 kHz in members, 3.4 kHz in non-members'
    """
    words, unit, divisor = phrase_of(feature)
    shown = [_amount(float(np.mean(side)) / divisor, unit) for side in (inside, outside)]
    return f"{words} {shown[0]} in members, {shown[1]} in non-members"


def _amount(value: float, unit: str) -> str:
    digits = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if abs(value) >= 0.1 and abs(value) < 1000:
        digits = f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"
    return f"{digits} {unit}".strip() if unit != "%" else f"{digits} %"
