"""Manifests of lhotse: recordings with supervisions, or cuts, as JSON lines; its Shar is in `shar`.

Its recipes write ``librispeech_recordings_dev-clean.jsonl.gz`` beside ``librispeech_supervisions_dev-clean.jsonl.gz``.
Each supervision is a clip. The format is that of lhotse 1 (https://lhotse.readthedocs.io); lhotse itself is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.core.errors import EarwitnessError
from stages.corpus.sources.cuts import CutRows, ManifestFiles, file_sound
from stages.corpus.sources.finding import first_matching, nothing_taken, paths_below
from stages.corpus.sources.parts import paths_of_part
from stages.corpus.sources.shar import SHARD, objects, read_shar
from stages.corpus.sources.source import Listed, source

MANIFEST = re.compile(
    r"(?:(?P<name>.+)[-_.])?(?P<kind>recordings|supervisions|segments|cuts|cutset)(?:[-_.](?P<part>.+))?\.jsonl(?:\.gz)?"
)
"""The recipes name nearly all that they write so. Segments are supervisions of another cut; a cutset is cuts."""

_SUFFIXES = (".jsonl", ".jsonl.gz")


def _recognised(folder: Path) -> str:
    return first_matching(folder, lambda name: bool(SHARD.fullmatch(name) or MANIFEST.fullmatch(name)))


@source("lhotse", recognises=_recognised)
def read_lhotse(folder: Path, corpus: Corpus) -> Listed:
    """List the clips of a Shar, of cuts, or of recordings and supervisions; of the part that is named."""
    paths = paths_below(folder, _SUFFIXES)
    shards = [path for path in paths if SHARD.fullmatch(path.rpartition("/")[2])]
    found = Listed([])
    if shards:
        read_shar(folder, shards, corpus, found)
    else:
        manifests = [path for path in paths if MANIFEST.fullmatch(path.rpartition("/")[2])]
        _read_manifests(folder, manifests, corpus, found)
    nothing_taken(folder, found, "manifests of lhotse")
    return found


def _read_manifests(folder: Path, paths: list[str], corpus: Corpus, found: Listed) -> None:
    parts: dict[str, dict[str, str]] = {}
    for path in paths_of_part(paths, corpus.part, str(folder), _part_of, may_be_shards=False):
        kind = _named(path)["kind"]
        other = parts.setdefault(_part_of(path), {}).setdefault("cuts" if kind == "cutset" else kind, path)
        if other != path:
            raise EarwitnessError(f"{folder / path}: {other} lists {kind} of the same part: keep one")
    for part, manifests in parts.items():
        if "cuts" in manifests:
            _read_cuts(folder, part, manifests, corpus, found)
        else:
            _read_pair(folder, part, manifests, _recordings(folder, manifests, paths), corpus, found)


def _named(path: str) -> Mapping[str, str]:
    named = MANIFEST.fullmatch(path.rpartition("/")[2])
    assert named is not None  # only such paths are listed
    return named.groupdict(default="")


def _part_of(path: str) -> str:
    """Return the part of a manifest: its folder, the corpus's name and the part's, as far as the path has them."""
    named = _named(path)
    folder = path.rpartition("/")[0]
    return "/".join(word for word in (folder, named["name"], named["part"]) if word and word != "all")


def _recordings(folder: Path, manifests: Mapping[str, str], paths: list[str]) -> str:
    """Return the list of recordings of a part, or the only one that has the name of its supervisions."""
    if "recordings" in manifests:
        return manifests["recordings"]
    listing = next(iter(manifests.values()))
    same = [path for path in paths if _named(path)["kind"] == "recordings" and _begin(path) == _begin(listing)]
    if len(same) != 1:
        raise EarwitnessError(f"{folder / listing}: has no list of recordings beside it (..._recordings_....jsonl.gz)")
    return same[0]


def _begin(path: str) -> tuple[str, str]:
    return path.rpartition("/")[0], _named(path)["name"]


def _read_cuts(folder: Path, part: str, manifests: Mapping[str, str], corpus: Corpus, found: Listed) -> None:
    listing = manifests["cuts"]
    files = ManifestFiles(folder, listing, corpus.channel)
    clips = CutRows(folder, listing, part, found, partial(file_sound, files=files))
    for row, cut in objects(folder / listing):
        clips.take_cut(cut, row)
    others = sorted(set(manifests.values()) - {listing})
    found.notes.extend(f"{folder / other}: not read, because {listing} lists cuts" for other in others)
    found.notes.extend(files.notes())


def _read_pair(
    folder: Path, part: str, manifests: Mapping[str, str], recordings_path: str, corpus: Corpus, found: Listed
) -> None:
    """Take every supervision with its recording, and every recording without one as a whole."""
    supervisions_path = manifests.get("supervisions") or manifests.get("segments")
    files = ManifestFiles(folder, recordings_path, corpus.channel)
    recordings = {str(one.get("id")): one for _, one in objects(folder / recordings_path)}
    clips = CutRows(folder, supervisions_path or recordings_path, part, found, partial(file_sound, files=files))
    met: set[str] = set()
    for row, supervision in objects(folder / supervisions_path) if supervisions_path else ():
        name = str(supervision.get("recording_id"))
        met.add(name)
        clips.take_supervision(supervision, recordings.get(name), row)
    for row, (name, recording) in enumerate(recordings.items(), start=1):
        if name not in met:
            clips.take_recording(recording, row, recordings_path)
    if not supervisions_path:
        found.notes.append(f"{folder / recordings_path}: has no supervisions beside it, so no transcript is known")
    found.notes.extend(files.notes())
