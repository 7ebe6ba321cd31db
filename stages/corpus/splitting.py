"""``split_at: silence``: clips from long recordings whose transcript has times.

Consecutive units of the transcript make a clip of at most `corpus.split_seconds`. Recordings are cut between units,
where the sound is quietest. The clips' texts together are the whole transcript.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.core.sound.audio import Samples
from stages.core.sound.decoding import Undecodable, decode_recording, outline
from stages.core.sound.recordings import Recording
from stages.corpus.entries import Entry
from stages.corpus.timed.timedtext import TimedText, UntimedError
from stages.corpus.timed.transcript import timed_transcript

MARGIN = 0.5
"""Seconds of a long pause that stay on each side of it."""
FRAME = 0.02
"""Seconds over which the level is taken to find the quietest place."""


@dataclass(frozen=True)
class SplitRecording:
    """The clips of one recording.

    Attributes
    ----------
    entries : list of Entry
        The entry itself where it is not split.
    why_whole : str
        Why a recording that is long, or has no transcript but times, is left as it is; blank otherwise.
    """

    entries: list[Entry]
    why_whole: str = ""


def split_entry(entry: Entry, folder: Path, longest: float) -> SplitRecording:
    """Split one recording at silences, if it is longer than `longest` seconds and its transcript has times.

    A shorter one without a transcript gets that of its times, and is split only where speakers change.

    Parameters
    ----------
    entry : Entry
        One that is a segment already is not split.
    folder : Path
        ``data/raw/<corpus>``.
    longest : float
        Seconds. Only a unit that is longer gives a longer clip.
    """
    recording = entry.recording
    if recording.start is not None or recording.end is not None:
        return SplitRecording([entry])
    try:
        seconds = outline(folder, recording).seconds
        short = seconds <= longest
        if short and entry.text.strip():
            return SplitRecording([entry])
        alone = recording.offset is None and recording.row is None
        units = timed_transcript(entry.times, folder / recording.path if alone else None)
        if not units:
            return SplitRecording([entry], "" if short else "its transcript has no times")
        units = [unit for unit in units if unit.start < seconds or unit.text.strip()]
        if not units or units[-1].start >= seconds:
            return SplitRecording([entry], "its times go on after its end")
        texts = shared_out(entry.text, [unit.text for unit in units])
    except UntimedError as error:
        return SplitRecording([entry], f"its times cannot be read ({error})")
    except Undecodable:
        return SplitRecording([entry])  # which the ingest names
    if texts is None:
        return SplitRecording([entry], "its transcript and the words of its times differ")
    units = [unit._replace(text=text) for unit, text in zip(units, texts, strict=True)]
    groups = grouped(units, longest)
    if short and len(groups) == 1:
        return SplitRecording([replace(entry, text=_text(groups[0]), speaker=_speaker(groups[0], entry))])
    bounds = _bounds(groups, folder, recording, seconds)
    return SplitRecording(
        [
            replace(
                entry,
                clip_id=f"{entry.clip_id}/{number:04d}",
                recording=replace(recording, start=start, end=end),
                text=_text(group),
                speaker=_speaker(group, entry),
                session=entry.session or recording.place,
            )
            for number, (group, (start, end)) in enumerate(zip(groups, bounds, strict=True))
        ]
    )


def _text(group: Sequence[TimedText]) -> str:
    return " ".join(unit.text for unit in group if unit.text)


def _speaker(group: Sequence[TimedText], entry: Entry) -> str | None:
    """Return the speaker of a clip: that of its units, if they name one and the same."""
    named = {unit.speaker for unit in group}
    return named.pop() or entry.speaker if len(named) == 1 else None


def shared_out(text: str, parts: Sequence[str]) -> list[str] | None:
    """Share a transcript out among its units, so that nothing of it is lost.

    Returns
    -------
    list of str or None
        If the units spell the transcript, or have as many words as it, its own characters: with the punctuation and
        the case that units may lack. The units' texts if the transcript is blank. None if they differ.
    """
    if not text.strip():
        return [" ".join(part.split()) for part in parts]
    bare = ["".join(part.split()) for part in parts]
    if "".join(bare) == "".join(text.split()):
        return _by_characters(text, [len(part) for part in bare])
    words, counts = text.split(), [len(part.split()) for part in parts]
    if len(words) != sum(counts):
        return None
    ends = np.cumsum([0, *counts])
    return [" ".join(words[start:end]) for start, end in pairwise(ends)]


def _by_characters(text: str, counts: Sequence[int]) -> list[str]:
    """Cut a text after so many characters that are no spaces."""
    ends = np.flatnonzero([not char.isspace() for char in text]) + 1
    cuts = [0, *(int(ends[count - 1]) if count else 0 for count in np.cumsum(counts))]
    return [" ".join(text[start:end].split()) for start, end in pairwise(cuts)]


def grouped(units: Sequence[TimedText], longest: float) -> list[list[TimedText]]:
    """Put consecutive units together into clips of at most `longest` seconds, one speaker each.

    Units that overlap stay together. Of the places at which a full clip can end, in its second half, the longest pause
    is taken.
    """
    groups: list[list[TimedText]] = []
    held: list[list[TimedText]] = []
    for block in _blocks(units):
        while held and (_end([block]) - held[0][0].start > longest - 2 * MARGIN or _names([block]) != _names(held)):
            at = len(held) if _names([block]) != _names(held) else _longest_pause([*held, block], longest)
            groups.append([unit for part in held[:at] for unit in part])
            held = held[at:]
        held.append(block)
    return [*groups, [unit for part in held for unit in part]] if held else groups


def _blocks(units: Sequence[TimedText]) -> Iterator[list[TimedText]]:
    """Yield units that overlap together."""
    block: list[TimedText] = []
    for unit in units:
        if block and unit.start >= _end([block]):
            yield block
            block = []
        block.append(unit)
    if block:
        yield block


def _end(blocks: Sequence[Sequence[TimedText]]) -> float:
    return max(unit.end for block in blocks for unit in block)


def _names(blocks: Sequence[Sequence[TimedText]]) -> set[str]:
    return {unit.speaker for block in blocks for unit in block}


def _longest_pause(blocks: Sequence[Sequence[TimedText]], longest: float) -> int:
    """Return the number of the block, not the first, before which there is the longest pause; the last of equals."""
    half = blocks[0][0].start + longest / 2
    late = [at for at in range(1, len(blocks)) if _end(blocks[:at]) >= half] or [len(blocks) - 1]
    return max(late, key=lambda at: (round(blocks[at][0].start - _end(blocks[:at]), 6), at))


def _bounds(
    groups: Sequence[Sequence[TimedText]], folder: Path, recording: Recording, seconds: float
) -> list[tuple[float, float]]:
    """Return the start and the end of each clip, in the quietest places between its units and those beside it."""
    starts, ends = [max(0.0, groups[0][0].start - MARGIN)], []
    for before, after in pairwise(groups):
        last, first = _end([before]), after[0].start
        if first - last > 2 * MARGIN:
            ends.append(_quietest(folder, recording, last, last + MARGIN))
            starts.append(_quietest(folder, recording, first - MARGIN, first))
        else:
            starts.append(_quietest(folder, recording, last, first))
            ends.append(starts[-1])
    ends.append(min(seconds, _end([groups[-1]]) + MARGIN))
    return list(zip(starts, ends, strict=True))


def _quietest(folder: Path, recording: Recording, start: float, end: float) -> float:
    """Return the middle of the quietest `FRAME` between two times, in seconds; the first of equals."""
    if end - start < 2 * FRAME:
        return (start + end) / 2
    found = decode_recording(folder, replace(recording, start=start, end=end))
    width = max(1, round(FRAME * found.rate))
    power = _powers(found.samples, width)
    return start + (int(np.argmin(power)) + 0.5) * width / found.rate if len(power) else (start + end) / 2


def _powers(samples: Samples, width: int) -> NDArray[np.float64]:
    frames = samples[: len(samples) // width * width].reshape(-1, width * samples.shape[1])
    return np.asarray(np.einsum("ij,ij->i", frames, frames, dtype=np.float64))
