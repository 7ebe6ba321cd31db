"""Neighbours of every clip: the clip with a changed sound, a changed text, or another pairing of sound and text.

The stage reads ``data/corpus/<corpus>/clips.parquet`` and writes ``data/perturbation/<corpus>/neighbours.parquet``,
sorted by clip and neighbour. A perturbation is one module that registers itself; this list imports them.
"""

from stages.perturbation import (  # noqa: F401
    as_it_was,
    clipping,
    delete_words,
    duplicate_words,
    formants,
    g711,
    gain,
    lossy,
    low_pass,
    lower_case,
    mask_fill,
    noise,
    noise_alone,
    other_text,
    other_voice,
    pitch,
    polarity,
    resynthesis,
    reverberation,
    silence,
    spectral_inversion,
    speed,
    swap_words,
    telephone_band,
    text_alone,
    time_reversal,
    voice_conversion,
    wrong_audio,
    zero_segments,
)
