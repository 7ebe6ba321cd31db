"""Praat's synthesiser. No other module of the stage imports it (it is GPL, and it holds the interpreter's lock).

The synthesiser keeps state between calls: the same sentence twice in one process differs, while the same sequence in
a fresh process does not. So `speak_block` speaks a fixed block of clips in a process of its own: this module, run
with the block on its standard input.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
import soxr
from numpy.typing import NDArray

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE, Samples
from stages.lab_speech.voices import Voice

NATIVE_RATE = 22_050
"""The synthesiser's own rate in Hz; asking for another makes it resample, more slowly than soxr does."""

SILENCE = 0.05  # seconds left before and after the utterance
QUIET = 0.01  # share of the peak below which a sample is silence


def speak_block(utterances: Sequence[tuple[str, Voice]]) -> list[Samples]:
    """Speak texts one after the other in a fresh process.

    Parameters
    ----------
    utterances : sequence of (text, voice)

    Returns
    -------
    list of float32[n]
        At 16 kHz, in order; equal for equal sequences, whatever else was spoken before.

    Raises
    ------
    EarwitnessError
        If the synthesiser fails, with its last line.
    """
    request = json.dumps([(text, *astuple(voice)) for text, voice in utterances])
    answer = subprocess.run(
        [sys.executable, "-m", "stages.lab_speech.synthesis"], input=request.encode(), capture_output=True, check=False
    )
    if answer.returncode:
        reason = answer.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise EarwitnessError(f"lab_speech: the synthesiser failed: {''.join(reason)}: check praat-parselmouth")
    with np.load(io.BytesIO(answer.stdout)) as sounds:
        return [sounds[str(number)] for number in range(len(utterances))]


def _speak(text: str, voice: Voice) -> Samples:
    from parselmouth.praat import call

    synthesiser = call("Create SpeechSynthesizer", voice.language, voice.variant)
    # Played `formants` times faster, everything rises by that factor: so pitch and rate are lowered by it first.
    pitch, rate = voice.pitch / voice.formants, round(voice.words_per_minute / voice.formants)
    call(synthesiser, "Speech output settings", NATIVE_RATE, 0.01, pitch, voice.pitch_range, rate, "IPA")
    sound = call(synthesiser, "To Sound", text, "no")[0]
    spoken = soxr.resample(_trimmed(sound.values[0]), NATIVE_RATE * voice.formants, RATE, quality="HQ")
    return np.asarray(spoken, np.float32)


def _trimmed(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trim the silence around an utterance to `SILENCE` on each side."""
    loud = np.flatnonzero(np.abs(samples) > QUIET * np.abs(samples).max())
    margin = round(SILENCE * NATIVE_RATE)
    return samples[max(loud[0] - margin, 0) : loud[-1] + margin]


def _main() -> None:
    request = json.load(sys.stdin)
    sounds = {str(number): _speak(text, Voice(*voice)) for number, (text, *voice) in enumerate(request)}
    np.savez(sys.stdout.buffer, allow_pickle=False, **sounds)


if __name__ == "__main__":
    _main()
