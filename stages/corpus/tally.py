"""The result of an ingest: rows for the clips, reasons for the rejected recordings, and the final check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.corpus.entries import Entry
from stages.corpus.ingest import IngestedClip, Rejected, probe
from stages.corpus.params import Ingest
from stages.corpus.sides import ClipFacts
from stages.corpus.sources.source import SetAside


class Tally:
    """Collects the results of `ingest` in the order of the entries.

    Parameters
    ----------
    folder : Path
        The corpus's folder, for messages.
    limits : Ingest
    set_aside : sequence of SetAside
        What the list itself gives no clip for.

    Attributes
    ----------
    rejected : list of dict
        Rows of ``quarantine.parquet``.
    facts : ClipFacts
        Of the clips so far.
    """

    def __init__(self, folder: Path, limits: Ingest, set_aside: Sequence[SetAside] = ()) -> None:
        self.folder = folder
        self.limits = limits
        self.rejected: list[dict[str, str]] = [asdict(row) for row in set_aside]
        self.facts = ClipFacts()
        self._unreadable: list[tuple[Entry, str]] = []

    def take(self, entry: Entry, answer: IngestedClip | Rejected) -> dict[str, object] | None:
        """Return a row of ``clips.parquet``; for a rejected recording store the reason and return None."""
        if isinstance(answer, Rejected):
            self.rejected.append({"clip_id": entry.clip_id, "path": entry.path, "reason": answer.reason})
            if answer.unreadable:
                self._unreadable.append((entry, answer.reason))
            return None
        self.facts.add(
            entry.clip_id,
            audio_hash=answer["audio_hash"],
            seconds=answer["seconds"],
            text=entry.text,
            speaker=entry.speaker,
            session=entry.session,
            member=entry.member,
        )
        return {
            **answer,
            "clip_id": entry.clip_id,
            "recording": answer.get("recording", entry.recording).fields(),
            "text": entry.text,
            "member": entry.member,
            "speaker": entry.speaker,
            "session": entry.session,
            "attributes": list(entry.attributes.items()),
        }

    def check(self) -> None:
        """Refuse the ingest if a file is not audio and params say to stop, or if there is no usable clip.

        Raises
        ------
        EarwitnessError
            The message names the first such file, its row, and the number of others.
        """
        if self.limits.unreadable == "stop":
            refuse_unreadable(self.folder, self._unreadable)
        if not self.facts.clip_ids:
            first = self.rejected[0]
            raise EarwitnessError(
                f"{self.folder}: no usable clip among {len(self.rejected)} ({first['path']}: {first['reason']}): "
                "add usable recordings or relax the limits in params.yaml: corpus"
            )


def check_readable(folder: Path, entries: Sequence[Entry], limits: Ingest) -> None:
    """Open each recording without decoding it, and refuse the files that the ingest would refuse as not audio.

    Raises
    ------
    EarwitnessError
        As `Tally.check` does, if a file is not audio and params say to stop.
    """
    if limits.unreadable == "stop":
        answers = ((entry, probe(entry.recording, folder)) for entry in entries)
        refuse_unreadable(folder, [(entry, found.reason) for entry, found in answers if isinstance(found, Rejected)])


def refuse_unreadable(folder: Path, found: Sequence[tuple[Entry, str]]) -> None:
    """Raise an error if there are files that are not audio. It names the first with its reason, and counts the rest."""
    if found:
        entry, reason = found[0]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        path = str(folder / entry.path)
        where = path if entry.place == path else f"{entry.place}: {path}"  # without a list, the place is the file
        raise EarwitnessError(
            f"{where}: {reason}{more}: replace or remove it, or set params.yaml: corpus.unreadable to 'quarantine'"
        )
