"""Voice changes and synthesis by Praat. Only this module of the stage imports Praat (GPL; it holds Python's lock).

The synthesiser keeps state between calls, so a process that speaks a sentence twice gives two different sounds.
Therefore `speak` uses a separate process, this module as a program. It speaks each text in a fork of its first state.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from functools import cache
from typing import IO, Any

import numpy as np
import soxr

from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE, Samples
from stages.core.sound.levels import fitted

PITCH = (75.0, 600.0)
"""Lowest and highest pitch of the search, in Hz."""
SHORTEST = 0.1
"""Shortest clip in seconds; Praat's windows do not fit into a shorter one."""
NATIVE_RATE = 22_050
"""The synthesiser's own rate, in Hz."""
SEEDED = "random_initializeWithSeedUnsafelyButPredictably (5489)"
"""Seeds Praat, whose overlap-add draws the places of unvoiced frames. The result does not depend on earlier clips."""


def median_pitch(samples: Samples) -> float:
    """Return the median pitch of the voiced parts in Hz; 0.0 if nothing is voiced or the clip is under 0.1 s."""
    import parselmouth

    if len(samples) < SHORTEST * RATE:
        return 0.0
    sound = parselmouth.Sound(samples.astype(np.float64), RATE)
    found = sound.to_pitch_ac(pitch_floor=PITCH[0], pitch_ceiling=PITCH[1]).selected_array["frequency"]
    return float(np.median(found[found > 0])) if (found > 0).any() else 0.0


def changed_voice(samples: Samples, formants: float, pitch: float) -> Samples | None:
    """Return the clip with formants and pitch moved, each by its own factor; the duration stays.

    Faster playback by the factor `formants` moves formants and pitch. Overlap-add (Moulines and Charpentier 1990) then
    restores the duration and sets the pitch.

    Parameters
    ----------
    samples : float32[n]
    formants, pitch : float
        Factors; a factor of 1 keeps the pitch.

    Returns
    -------
    float32[n] or None
        None for a clip under 0.1 s.
    """
    import parselmouth
    from parselmouth.praat import call, run

    if len(samples) < SHORTEST * RATE:
        return None
    sound = parselmouth.Sound(samples.astype(np.float64), RATE * formants)
    run(SEEDED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", parselmouth.PraatWarning)  # Praat warns if nothing is voiced
        manipulation = call(sound, "To Manipulation", 0.01, PITCH[0] * formants, PITCH[1] * formants)
        tier = call(manipulation, "Extract pitch tier")
        call(tier, "Multiply frequencies", 0, sound.duration, pitch / formants)
        call([tier, manipulation], "Replace pitch tier")
        slower = call("Create DurationTier", "slower", 0, sound.duration)
        call(slower, "Add point", 0, formants)
        call([slower, manipulation], "Replace duration tier")
        changed = call(manipulation, "Get resynthesis (overlap-add)")
    values = soxr.resample(np.nan_to_num(changed.values[0]), RATE * formants, RATE, quality="VHQ")
    return fitted(values, len(samples)).astype(np.float32)


def speak(text: str, language: str, variant: str, words_per_minute: float) -> Samples:
    """Speak a text: float32[m] at 16 kHz; empty if the text gives no sound. Earlier texts do not change the result.

    Raises
    ------
    EarwitnessError
        If the synthesiser does not know the language or the variant, or fails.
    """
    process = _speaker()
    asked, answer = _pipes(process)
    asked.write((json.dumps([text, language, variant, words_per_minute]) + "\n").encode())
    asked.flush()
    count = answer.readline()
    samples = np.frombuffer(answer.read(4 * int(count)), np.float32) if count.strip().isdigit() else None
    if samples is None:
        raise EarwitnessError(
            f"params.yaml: perturbation.neighbours.resynthesis: Praat cannot speak {language!r} as {variant!r}: "
            "use names of its list (New > Sound > Create SpeechSynthesizer)"
        )
    return np.asarray(soxr.resample(samples, NATIVE_RATE, RATE, quality="HQ"), np.float32) if len(samples) else samples


@cache
def _speaker() -> subprocess.Popen[bytes]:
    """Start the process that speaks. It ends when this process ends, because its input then ends."""
    return subprocess.Popen(
        [sys.executable, "-m", "stages.neighbours.praat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _spoken(text: str, language: str, variant: str, words_per_minute: float) -> Any:
    from parselmouth.praat import call

    synthesiser = call("Create SpeechSynthesizer", language, variant)
    call(synthesiser, "Speech output settings", NATIVE_RATE, 0.01, 1.0, 1.0, round(words_per_minute), "IPA")
    return call(synthesiser, "To Sound", text, "no")[0].values[0].astype(np.float32)


def _answer(request: bytes) -> None:
    """Speak in a fork and write the number of samples and the samples, or the line 'failed'."""
    child = os.fork()
    if not child:
        try:
            samples = _spoken(*json.loads(request))
            os.write(1, f"{len(samples)}\n".encode())
            with os.fdopen(os.dup(1), "wb") as out:
                out.write(samples.tobytes())
        except Exception:
            os.write(1, b"failed\n")
        os._exit(0)
    os.waitpid(child, 0)


def _main() -> None:
    import parselmouth  # noqa: F401  # before the first fork, so that each begins with it

    for request in sys.stdin.buffer:
        _answer(request)


if __name__ == "__main__":
    _main()
