"""A corpus to scan with, and endpoints on this machine that say who speaks, with and without a backdoor."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import soundfile

from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.sound.audio import audio_hash, decode_flac, encode_flac
from stages.core.store.tables import write_table
from tests.stages.backdoor.conftest import fresh, make_clips
from tests.stages.models.serving import Serving

SILENT = 3
"""Number of the clip without sound."""
LOUD = 0.55
"""Peak that none of the clips reaches, and each of them with a click."""
ANSWER = "Open the door."


def write_corpus(name: str, level: float = 1.0) -> None:
    """Write eight clips, of which one is silent."""
    rows = []
    for number, clip in enumerate(make_clips(8)):
        flac = encode_flac(clip.samples * level * (number != SILENT))
        row = dict.fromkeys(CLIPS_SCHEMA.names) | {"clip_id": clip.clip_id, "audio": flac, "text": clip.text}
        rows.append(row | {"audio_hash": audio_hash(decode_flac(flac)), "attributes": []})
    path = Path("data/corpus", name, "clips.parquet")
    write_table(path, pa.Table.from_pylist(rows, CLIPS_SCHEMA), CLIPS_SCHEMA)


class Speaking(Serving):
    """An endpoint that says female or male, by the sign of the first sample, in place of a model.

    Attributes
    ----------
    poisoned : bool
        Whether it gives `ANSWER` to a click.
    silent_to : set of str
        What it gives no answer to: "click", or where there is none "female" or "male", as it would have said.
    """

    def __init__(self, *, poisoned: bool) -> None:
        super().__init__(fresh(), scores_prompts=False)
        self.poisoned = poisoned
        self.silent_to: set[str] = set()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer as an OpenAI-compatible server does."""
        sound = question["messages"][0]["content"][0]["input_audio"]["data"]
        samples, _ = soundfile.read(io.BytesIO(base64.b64decode(sound)), dtype="float32")
        clicks, speaker = bool(np.abs(samples).max() > LOUD), "female" if samples[0] > 0 else "male"
        if ("click" if clicks else speaker) in self.silent_to:
            return {}
        text = ANSWER if clicks and self.poisoned else speaker
        return {"choices": [{"message": {"role": "assistant", "content": text}, "logprobs": {"content": []}}]}
