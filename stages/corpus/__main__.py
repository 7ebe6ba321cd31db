"""``python -m stages.corpus --corpus NAME``: from ``data/raw/<name>/`` to clips and quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

import pyarrow as pa

from stages.core.run.parallel import ordered_map
from stages.core.run.stage import run_stage
from stages.core.schemas.corpus import CLIPS_SCHEMA, QUARANTINE_SCHEMA
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import write_table
from stages.corpus.entries import Entry
from stages.corpus.ingest import ingest
from stages.corpus.listing import read_listing
from stages.corpus.params import CorpusParams
from stages.corpus.tally import Tally

CLIPS_AT_ONCE = 32


def main(name: str, params: CorpusParams) -> None:
    """Write ``clips.parquet`` and ``quarantine.parquet`` together at the end, or neither of them."""
    listing = read_listing(name, params)
    tally = Tally(artifact("raw", name), params.corpus)
    clips = _clips(listing.entries, tally, params, params.corpora[name].channel)
    write_table(artifact("corpus", name, "clips.parquet"), clips, CLIPS_SCHEMA)
    quarantine = pa.Table.from_pylist(tally.rejected, QUARANTINE_SCHEMA)
    write_table(artifact("corpus", name, "quarantine.parquet"), quarantine, QUARANTINE_SCHEMA)
    print(f"corpus@{name}: {tally.usable} clips, {len(tally.rejected)} in quarantine")


def _clips(entries: list[Entry], tally: Tally, params: CorpusParams, channel: str) -> Iterator[pa.Table]:
    """Yield clips in the order of their ids. At the end the tally may refuse the ingest, before files are renamed."""
    # The path is absolute, because a worker may have been started in another folder.
    take = partial(ingest, folder=tally.folder.absolute(), limits=params.corpus, channel=channel)
    recordings = (entry.recording for entry in entries)
    answers = zip(entries, ordered_map(take, recordings, params.compute), strict=True)
    while batch := list(islice(answers, CLIPS_AT_ONCE)):
        yield pa.Table.from_pylist([row for answer in batch if (row := tally.take(*answer))], CLIPS_SCHEMA)
    tally.check()


if __name__ == "__main__":
    run_stage("corpus", main, CorpusParams, "corpus")
