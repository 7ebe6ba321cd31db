"""``python -m stages.corpus --corpus NAME``: from ``data/raw/<name>/`` to clips, quarantine and summary."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa

from stages.core.config.nouns import Corpus
from stages.core.results.corpus import CorpusSummary, HalfDrawn
from stages.core.run.parallel import ordered_map
from stages.core.run.stage import run_stage
from stages.core.schemas.corpus import CLIPS_SCHEMA, QUARANTINE_SCHEMA
from stages.core.store.atomic import folder_beside, put
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.core.store.tables import read_groups, write_table
from stages.core.words.corpus import corpus_lines, first_notes
from stages.corpus.entries import Entry
from stages.corpus.ingest import ingest
from stages.corpus.listing import Listing, read_listing
from stages.corpus.params import CorpusParams
from stages.corpus.sides import ClipFacts, Labels, believed, both_sides, contradicting_clips, draw, refuse_contradiction
from stages.corpus.summary import summarise
from stages.corpus.tally import Tally

STAGE = "corpus"
CLIPS_AT_ONCE = 32


def main(name: str, params: CorpusParams) -> None:
    """Write all files at the end, or none of them.

    Which sounds are equal is known only when all are decoded. So the clips are written with membership as it is listed,
    and where needed once more with membership as it was drawn and as far as it does not contradict itself. No audio
    stays in memory.
    """
    listing = read_listing(name, params)
    tally = Tally(artifact("raw", name), params.corpus, listing.set_aside)
    with folder_beside(artifact(STAGE, name, "as_listed")) as folder:
        as_listed = folder / "clips.parquet"
        write_table(as_listed, _clips(listing.entries, tally, params, params.corpora[name]), CLIPS_SCHEMA)
        members, drawn = _membership(name, tally.facts, params)
        contradicting = contradicting_clips(tally.facts, members)
        if contradicting:
            shared, labelled = both_sides(tally.facts, members), len(members) - members.count(None)
            refuse_contradiction(name, params.corpora[name], shared, labelled, contradicting[0])
        clips, labels = artifact(STAGE, name, "clips.parquet"), believed(tally.facts, members)
        if labels == tally.facts.members:
            put(as_listed, clips)
        else:
            write_table(clips, _relabelled(as_listed, labels), CLIPS_SCHEMA)
    summary = _summary(name, listing, tally, members, drawn, params)
    _write_beside(name, tally, summary, {"notes": listing.notes, "on_both_sides": contradicting})
    said = [f"{summary.clips} clips, {len(tally.rejected)} in quarantine", *corpus_lines(summary)]
    said += first_notes(listing.notes)
    print(*(f"{STAGE}@{name}: {line}" for line in said), sep="\n")


def _clips(entries: list[Entry], tally: Tally, params: CorpusParams, corpus: Corpus) -> Iterator[pa.Table]:
    """Yield clips in the order of their ids. At the end the tally may refuse the ingest, before files are renamed."""
    # The path is absolute, because a worker may have been started in another folder.
    folder, embed = tally.folder.absolute(), corpus.audio == "embed"
    take = partial(ingest, folder=folder, limits=params.corpus, channel=corpus.channel, embed=embed)
    recordings = (entry.recording for entry in entries)
    answers = zip(entries, ordered_map(take, recordings, params.compute), strict=True)
    while batch := list(islice(answers, CLIPS_AT_ONCE)):
        yield pa.Table.from_pylist([row for answer in batch if (row := tally.take(*answer))], CLIPS_SCHEMA)
    tally.check()


def _membership(name: str, facts: ClipFacts, params: CorpusParams) -> tuple[list[bool | None], HalfDrawn | None]:
    """Return the membership of each clip as listed, or as drawn with the record of the draw."""
    corpus = params.corpora[name]
    if corpus.member == "random_half":
        return draw(facts, corpus.unit, name, params.seed)
    return facts.members, None


def _relabelled(path: Path, members: Labels) -> Iterator[pa.Table]:
    """Yield the groups of a table of clips with other membership."""
    column, start = CLIPS_SCHEMA.get_field_index("member"), 0
    for group in read_groups(path):
        labels = pa.array(members[start : start + group.num_rows], pa.bool_())
        yield group.set_column(column, CLIPS_SCHEMA.field(column), labels)
        start += group.num_rows


def _summary(
    name: str, listing: Listing, tally: Tally, members: Labels, drawn: HalfDrawn | None, params: CorpusParams
) -> CorpusSummary:
    return summarise(
        name,
        params.corpora[name],
        listing.sources,
        tally.facts,
        members,
        drawn,
        tally.rejected,
        len(listing.notes),
    )


def _write_beside(name: str, tally: Tally, summary: CorpusSummary, details: dict[str, object]) -> None:
    """Write what stands beside the clips. The summary lies in git; quarantine and details name clips and files."""
    rejected = sorted(tally.rejected, key=lambda row: (row["clip_id"], row["path"]))
    quarantine = pa.Table.from_pylist(rejected, QUARANTINE_SCHEMA)
    write_table(artifact(STAGE, name, "quarantine.parquet"), quarantine, QUARANTINE_SCHEMA)
    write_json(artifact(STAGE, name, "details.json"), details)
    write_json(artifact(STAGE, name, "summary.json"), summary.plain())
    if (read := artifact("environment", "corpora", f"{name}.json")).is_file():  # the stage alone, as in tests, has none
        write_json(artifact(STAGE, name, "recordings.json"), read_json(read))


if __name__ == "__main__":
    run_stage(STAGE, main, CorpusParams, "corpus")
