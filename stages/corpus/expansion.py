"""One recording, several clips: its channels (``channel: each``), and its parts between silences (``split_at``)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

from stages.core.config.nouns import Compute, Corpus
from stages.core.run.parallel import ordered_map
from stages.core.sound.decoding import Undecodable, outline
from stages.corpus.entries import Entry
from stages.corpus.params import Ingest
from stages.corpus.splitting import split_entry


def expanded(
    entries: list[Entry], folder: Path, corpus: Corpus, limits: Ingest, compute: Compute
) -> tuple[list[Entry], list[str]]:
    """Return the entries that a corpus's settings make of those that are listed, and lines that say so.

    Parameters
    ----------
    entries : list of Entry
    folder : Path
        ``data/raw/<corpus>``.
    corpus : Corpus
        With `channel` and `split_at`.
    limits : Ingest
        With `split_seconds`.
    compute : Compute
    """
    notes: list[str] = []
    if corpus.split_at == "silence":
        entries, said = _split(entries, folder, limits.split_seconds, compute)
        notes += said
    if corpus.channel == "each":
        entries, said = _each_channel(entries, folder)
        notes += said
    return entries, notes


def _split(entries: list[Entry], folder: Path, longest: float, compute: Compute) -> tuple[list[Entry], list[str]]:
    take = partial(split_entry, folder=folder.absolute(), longest=longest)
    whole: Counter[str] = Counter()
    found: list[Entry] = []
    recordings = 0
    for split in ordered_map(take, entries, compute):
        found += split.entries
        recordings += len(split.entries) > 1
        if split.why_whole:
            whole[split.why_whole] += 1
    notes = [f"split_at 'silence': {recordings} recordings gave {len(found) - len(entries) + recordings} clips"]
    notes += [f"left as it is: {count} ({why})" for why, count in sorted(whole.items())]
    return found, notes


def _each_channel(entries: list[Entry], folder: Path) -> tuple[list[Entry], list[str]]:
    """Give each channel of a recording an entry. What cannot be opened stays one, which the ingest names."""
    found: list[Entry] = []
    several = 0
    for entry in entries:
        try:
            channels = 1 if entry.recording.channel is not None else outline(folder, entry.recording).channels
        except Undecodable:
            channels = 1
        several += channels > 1
        found += [_of_channel(entry, channel) for channel in range(channels)] if channels > 1 else [entry]
    made = len(found) - len(entries) + several
    return found, [f"channel 'each': {several} recordings gave {made} clips, each with the transcript of all channels"]


def _of_channel(entry: Entry, channel: int) -> Entry:
    """Return the entry of one channel, whose unknown speaker is one of its own and whose session is the recording."""
    return replace(
        entry,
        clip_id=f"{entry.clip_id}/channel{channel}",
        recording=replace(entry.recording, channel=channel),
        speaker=entry.speaker or f"{entry.recording.place}/channel{channel}",
        session=entry.session or entry.recording.place,
    )
