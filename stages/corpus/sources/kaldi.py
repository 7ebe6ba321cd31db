"""Kaldi's data folders: ``wav.scp`` and ``text``, and where they exist ``segments``, ``utt2spk``, ``spk2gender``.

Commands in ``wav.scp`` are never run.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from stages.core.config.nouns import Corpus
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.store.csvfile import lines_of
from stages.corpus.sources.source import Listed, Row, SetAside, source

RECORDINGS = "wav.scp"
_GENDERS = {"f": "female", "m": "male"}


class _Line(NamedTuple):
    """What a file of a data folder says about a key, and where."""

    value: str
    place: str


def _data_folders(folder: Path) -> list[str]:
    """Return the data folders in a folder, relative to it: itself, else its sub-folders or those of ``data``."""
    if (folder / RECORDINGS).is_file():
        return [""]
    found = [*folder.glob(f"*/{RECORDINGS}"), *folder.glob(f"data/*/{RECORDINGS}")]
    return sorted(file.parent.relative_to(folder).as_posix() for file in found)


def _recognised(folder: Path) -> str:
    found = _data_folders(folder)
    return f"{found[0]}/{RECORDINGS}".lstrip("/") if found else ""


@source("kaldi", recognises=_recognised)
def read_kaldi(folder: Path, corpus: Corpus) -> Listed:
    """Read a data folder; `corpora.X.part` names it where there are several.

    An utterance is a segment of a recording if the folder has ``segments``, else a whole recording.
    """
    there = _data_folders(folder)
    found = [inside for inside in there if corpus.part in (NONE, inside, inside.rpartition("/")[2])]
    if len(found) != 1:
        named = " and ".join(there) or f"none with {RECORDINGS}"
        raise EarwitnessError(
            f"{folder}: the data folders are {named}: name one in params.yaml: corpora: part"
            if len(found) != 0 or there
            else f"{folder}: no {RECORDINGS}: correct params.yaml: corpora: source"
        )
    return _read(folder / found[0], found[0])


def _read(folder: Path, inside: str) -> Listed:
    recordings = _keyed(folder / RECORDINGS)
    for line in recordings.values():
        _check_is_file(line)
    spans = _spans(folder, recordings)
    texts, speakers = _keyed(folder / "text"), _keyed(folder / "utt2spk")
    genders, channels = _keyed(folder / "spk2gender"), _channels(folder, recordings)
    notes, apart = [], []
    if speakers and all(line.value == utterance for utterance, line in speakers.items()):
        notes.append(f"{folder / 'utt2spk'}: every utterance is its own speaker, so speakers are unknown")
        speakers = {}
    rows = []
    for utterance, (recording, start, end, place) in spans.items():
        if recording not in recordings:
            apart.append(
                SetAside(utterance, recording, f"a segment of a recording that {RECORDINGS} does not list ({place})")
            )
            continue
        speaker = speakers[utterance].value if utterance in speakers else ""
        gender = genders[speaker].value if speaker in genders else ""
        cells: dict[str, object] = {
            "path": recordings[recording].value,
            "text": texts[utterance].value if utterance in texts else "",
            "speaker": speaker,
            "start": start,
            "end": end,
            "channel": channels.get(recording, ""),
            "gender": _GENDERS.get(gender, gender),
        }
        rows.append(Row(place, cells, clip_id=utterance, table=str(folder), inside=inside))
    notes += _compared(folder, spans.keys(), texts)
    return Listed(rows, apart, notes)


def _spans(folder: Path, recordings: dict[str, _Line]) -> dict[str, tuple[str, str, str, str]]:
    """Return each utterance's recording, start, end and place; without ``segments``, whole recordings."""
    if not (folder / "segments").is_file():
        return {key: (key, "", "", line.place) for key, line in recordings.items()}
    found = {}
    for utterance, line in _keyed(folder / "segments").items():
        parts = line.value.split()
        if len(parts) != 3:
            raise EarwitnessError(f"{line.place}: not an utterance, a recording, a start and an end: correct the line")
        found[utterance] = (parts[0], parts[1], "" if parts[2] == "-1" else parts[2], line.place)  # -1: to the end
    return found


def _channels(folder: Path, recordings: dict[str, _Line]) -> dict[str, str]:
    """Return the channel of the recordings that share a file with another one."""
    files = Counter(line.value for line in recordings.values())
    found = {}
    for recording, line in _keyed(folder / "reco2file_and_channel").items():
        if recording in recordings and files[recordings[recording].value] > 1:
            found[recording] = line.value.split()[-1]
    return found


def _compared(folder: Path, utterances: object, texts: dict[str, _Line]) -> list[str]:
    known = set(utterances)  # type: ignore[call-overload]
    without, extra = len(known - texts.keys()), len(texts.keys() - known)
    notes = [f"{folder / 'text'}: {without} utterances have no transcript there"] if without and texts else []
    if not texts:
        notes.append(f"{folder / 'text'}: missing, so every transcript is blank")
    return notes + ([f"{folder / 'text'}: {extra} transcripts belong to no recording"] if extra else [])


def _keyed(file: Path) -> dict[str, _Line]:
    """Return what a file says about each key, the first word of a line; nothing if there is no such file."""
    found: dict[str, _Line] = {}
    if not file.is_file():
        return found
    for number, line in enumerate(lines_of(file), start=1):
        words = line.strip().split(maxsplit=1)
        if words:
            place = f"{file}, row {number}"
            if words[0] in found:
                raise EarwitnessError(f"{place}: {words[0]!r} is taken by {found[words[0]].place}: keep one")
            found[words[0]] = _Line(words[1] if len(words) > 1 else "", place)
    return found


def _check_is_file(line: _Line) -> None:
    if line.value.endswith("|") or line.value.startswith("|"):
        raise EarwitnessError(
            f"{line.place}: is a command, and no command is run: write its output to a file and name that file"
        )
    if ".ark:" in line.value:
        raise EarwitnessError(
            f"{line.place}: is a place in a Kaldi archive, which is not read: write the sound to a file"
        )
