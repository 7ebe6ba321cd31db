"""Look at a corpus's folder before anything runs: what it lists, and how much of it can be heard.

Lists are read whole. Of the recordings only headers are read, and of a large corpus only those of a sample. So hours
are what headers state, and the stage `corpus`, which decodes each recording to its end, may find less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.core.sound.decoding import Undecodable, header_seconds
from stages.core.sound.recordings import Recording
from stages.core.store.jsonfile import artifact
from stages.corpus.entries import Entry
from stages.corpus.listing import Listing, check_paths, listed
from stages.corpus.membership import parse_member
from stages.corpus.params import CorpusParams
from stages.corpus.recognition import folders_read, layout_of
from stages.corpus.sources.source import SOURCES, SetAside

MOST_HEADERS = 1000
"""Number of recordings whose headers are read; of a larger corpus, that many are taken, evenly spaced."""


@dataclass(frozen=True)
class Survey:
    """What a corpus's folder holds.

    Attributes
    ----------
    layouts : list of str
        For each folder that was read, the source and the file by which it was recognised.
    clips, speakers, unknown_speakers, blank_texts : int
        Clips in the lists; distinct speakers; clips without a speaker; clips without a transcript.
    stated_members : int
        Clips for which a column `member` says whether they are members.
    hours : float or None
        By the headers; recordings whose header states no length count as the others' mean. None if none states one.
    sampled : int
        Number of recordings that were opened; all of them if this equals `clips`.
    unreadable : list of SetAside
        Opened recordings whose header cannot be read.
    set_aside : list of SetAside
        Rows and files of which the source makes no clip.
    notes : list of str
        What the source says of the folder.
    """

    layouts: list[str]
    clips: int
    speakers: int
    unknown_speakers: int
    blank_texts: int
    stated_members: int
    hours: float | None
    sampled: int
    unreadable: list[SetAside]
    set_aside: list[SetAside]
    notes: list[str]


def survey(name: str, params: CorpusParams) -> Survey:
    """Look at the folder of a corpus that `params` declares.

    Raises
    ------
    EarwitnessError
        In the cases of `stages.corpus.listing.listed`, and for a path that leads to no file.
    """
    listing = listed(name, params)
    check_paths(artifact("raw", name), listing.entries)
    opened = sample(listing.entries)
    lengths = [(entry, _seconds(artifact("raw", name), entry.recording)) for entry in opened]
    known = [seconds for _, seconds in lengths if isinstance(seconds, float)]
    stated = sum(seconds is not None for _, seconds in lengths)
    open_ended = [f"recordings whose header states no length: {len(opened) - stated}"] if stated < len(opened) else []
    speakers = {entry.speaker for entry in listing.entries if entry.speaker}
    return Survey(
        layouts=_layouts(name, params),
        clips=len(listing.entries),
        speakers=len(speakers),
        unknown_speakers=sum(not entry.speaker for entry in listing.entries),
        blank_texts=sum(not entry.text.strip() for entry in listing.entries),
        stated_members=_stated_members(listing),
        hours=sum(known) / stated * len(listing.entries) / 3600 if known else None,
        sampled=len(opened),
        unreadable=[SetAside(entry.clip_id, entry.path, why) for entry, why in lengths if isinstance(why, str)],
        set_aside=listing.set_aside,
        notes=[*listing.notes, *open_ended],
    )


def sample(entries: Sequence[Entry]) -> list[Entry]:
    """Return at most `MOST_HEADERS` entries, evenly spaced."""
    step = max(1, -(-len(entries) // MOST_HEADERS))
    return list(entries[::step])


def reason_lines(found: Sequence[SetAside]) -> list[str]:
    """Return a phrase for each reason, the most frequent first: how often it occurs, and an example."""
    phrases = [row.reason.partition(" (")[0] for row in found]  # what stands in brackets belongs to one row
    counts = Counter(phrases)
    example = {phrase: row.path for phrase, row in zip(reversed(phrases), reversed(found), strict=True)}
    return [f"{count} times {phrase} ({example[phrase]})" for phrase, count in counts.most_common()]


def _layouts(name: str, params: CorpusParams) -> list[str]:
    folder, corpus = artifact("raw", name), params.corpora[name]
    found = []
    for place in (folder / inside for inside in folders_read(folder, corpus)):
        layout = layout_of(place, corpus)
        by = SOURCES[layout].recognises(place)
        found.append(f"{layout} ({by})" if by else layout)
    return list(dict.fromkeys(found))


def _stated_members(listing: Listing) -> int:
    """Return how many clips have a column `member` that can be read as membership."""
    stated = 0
    for entry in listing.entries:
        try:
            stated += parse_member(entry.attributes.get("member", ""), entry.place) is not None
        except EarwitnessError:
            return 0  # a column of that name with another meaning
    return stated


def _seconds(folder: Path, recording: Recording) -> float | str | None:
    """Return the length of a clip by its list or its recording's header, or why the recording cannot be opened.

    None where the header states no length.
    """
    if recording.start is not None and recording.end is not None:
        return recording.end - recording.start
    try:
        whole = header_seconds(folder, recording)
    except Undecodable as error:
        return error.reason
    end = whole if recording.end is None else recording.end
    return None if end is None else end - (recording.start or 0.0)
