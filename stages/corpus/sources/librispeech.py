"""LibriSpeech's layout: ``<speaker>/<chapter>/<speaker>-<chapter>.trans.txt`` beside the sounds that it transcribes.

Each line holds an utterance's id, which is the name of its sound, and its transcript. The chapter is the session. The
readers' gender is read from ``SPEAKERS.TXT``, if there is one above the recordings.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from pathlib import Path, PurePosixPath

from stages.core.config.nouns import Corpus
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.sound.recordings import Recording
from stages.core.store.csvfile import lines_of
from stages.core.store.folders import files_below
from stages.corpus.sources.finding import SOUND_SUFFIXES
from stages.corpus.sources.source import Listed, Row, SetAside, source

ENDING = ".trans.txt"
_READERS = "SPEAKERS.TXT"
_LOOKED_AT = 20_000
"""Files among which a list must be. Each chapter has one, so that a large folder need not be walked to its end."""
_GENDERS = {"F": "female", "M": "male"}


def _recognised(folder: Path) -> str:
    found = islice(files_below(folder), _LOOKED_AT)
    return next((file.path for file in found if file.path.endswith(ENDING)), "")


@source("librispeech", recognises=_recognised)
def read_librispeech(folder: Path, corpus: Corpus) -> Listed:
    """Read every ``.trans.txt`` below a folder; `corpora.X.part` names one of its sets, such as dev-clean."""
    files = [file.path for file in files_below(folder)]
    lists = [path for path in files if path.endswith(ENDING) and corpus.part in (NONE, *path.split("/")[:-1])]
    if not lists:
        asked = f" of the set {corpus.part!r}" if corpus.part != NONE else ""
        raise EarwitnessError(f"{folder}: no file *{ENDING}{asked}: correct params.yaml: corpora: source, part")
    sounds: dict[str, list[str]] = defaultdict(list)
    for path in files:
        if PurePosixPath(path).suffix.lower() in SOUND_SUFFIXES:
            sounds[path.rpartition(".")[0]].append(path)
    genders = _genders(folder, files)
    found = Listed([])
    for path in lists:
        _read_list(folder, path, sounds, genders, found)
    return found


def _read_list(folder: Path, path: str, sounds: dict[str, list[str]], genders: dict[str, str], found: Listed) -> None:
    """Add a row, or a row set aside, for each line of a list."""
    parent = path.rpartition("/")[0]
    for number, line in enumerate(lines_of(folder / path), start=1):
        utterance, _, text = line.strip().partition(" ")
        if not utterance:
            continue
        place = f"{folder / path}, row {number}"
        beside = sounds.get(f"{parent}/{utterance}" if parent else utterance, [])
        if len(beside) != 1:
            there = "no sound" if not beside else f"{len(beside)} sounds"
            reason = f"{there} of that name beside the list ({place})"
            found.set_aside.append(SetAside(utterance, beside[0] if beside else path, reason))
            continue
        speaker, session = _speaker(utterance, path)
        cells = {"text": text.strip(), "speaker": speaker, "session": session}
        if speaker in genders:
            cells["gender"] = genders[speaker]
        found.rows.append(Row(place, cells, Recording(beside[0]), utterance, str(folder / path)))


def _speaker(utterance: str, path: str) -> tuple[str, str]:
    """Return speaker and chapter: the first two parts of the id, else those of the list's name, else the folders'."""
    listed = path.rpartition("/")[2].removesuffix(ENDING)
    for name in (utterance.rpartition("-")[0], listed):
        speaker, dash, chapter = name.partition("-")
        if dash and speaker and chapter:
            return speaker, chapter
    above = ["", "", *path.split("/")[:-1]]
    return above[-2], above[-1]


def _genders(folder: Path, files: list[str]) -> dict[str, str]:
    """Return the gender of each reader that ``SPEAKERS.TXT`` lists, in lines such as ``14 | F | train-clean-360``."""
    found = {}
    for path in files:
        if path.rpartition("/")[2].upper() == _READERS:
            for line in lines_of(folder / path):
                cells = [cell.strip() for cell in line.split("|")]
                if not line.startswith(";") and len(cells) > 1 and cells[1] in _GENDERS:
                    found[cells[0]] = _GENDERS[cells[1]]
    return found
