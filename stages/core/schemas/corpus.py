"""Tables of the stage `corpus`: clips, and quarantined files with their reasons."""

from __future__ import annotations

import pyarrow as pa

SPECTRUM_PARTS = 8
"""Number of equal parts of a recording's band, from 0 to half its own rate, whose levels are stored."""

SOURCE = pa.struct(
    [
        ("rate", pa.int32()),  # Hz
        ("channels", pa.int16()),
        ("format", pa.string()),
        ("subtype", pa.string()),
        ("bits", pa.int16()),  # effective bits, which may be fewer than the format's
        ("bandwidth", pa.float32()),  # Hz
        ("peak", pa.float32()),
        ("clipped_share", pa.float32()),
        ("dc", pa.float32()),
        ("noise_floor", pa.float32()),  # dB relative to full scale
        ("codec_trace", pa.float32()),  # dB by which the spectrum falls at the end of the band
        ("cut_off", pa.float32()),  # Hz, frequency of the highest steep fall
        ("spectrum", pa.list_(pa.float32(), SPECTRUM_PARTS)),  # dB relative to full scale, the lowest part first
        ("quiet_spectrum", pa.list_(pa.float32(), SPECTRUM_PARTS)),  # the same, in the quiet tenth of the frames
    ]
)

RECORDING = pa.struct(  # as in `stages.core.sound.recordings.Recording`
    [
        ("path", pa.string()),
        ("offset", pa.int64()),
        ("size", pa.int64()),
        ("row", pa.int64()),
        ("column", pa.string()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("channel", pa.int16()),
    ]
)

CLIPS_SCHEMA = pa.schema(
    [
        ("clip_id", pa.string()),
        ("audio", pa.binary()),
        ("seconds", pa.float32()),
        ("audio_hash", pa.string()),
        ("recording", RECORDING),
        ("source", SOURCE),
        ("text", pa.string()),
        ("member", pa.bool_()),
        ("speaker", pa.string()),
        ("session", pa.string()),
        ("attributes", pa.map_(pa.string(), pa.string())),
    ]
)

QUARANTINE_SCHEMA = pa.schema([("clip_id", pa.string()), ("path", pa.string()), ("reason", pa.string())])
