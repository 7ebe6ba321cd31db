"""Speakers whose clips were erased and must not come back: ``data/forgotten/*.json``, which lie in git.

A file holds no name. It holds a random salt and, for each speaker, a hash of salt and name. So each clone leaves out
the same speakers. Who has the file and guesses a name can check the guess.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from stages.core.store.jsonfile import read_json

FORGOTTEN = Path("data/forgotten")


class ForgottenSpeakers:
    """The speakers of a corpus that were erased: ``speaker in ForgottenSpeakers(corpus)``.

    Parameters
    ----------
    corpus : str

    Attributes
    ----------
    hashes : list of (str, str)
        Salt and hash of each speaker, sorted.
    """

    def __init__(self, corpus: str) -> None:
        records = [read_json(file) for file in sorted(FORGOTTEN.glob("*.json"))]
        own = [record["left_out"] for record in records if record["corpus"] == corpus and record["left_out"]]
        self.hashes: list[tuple[str, str]] = sorted((row["salt"], row["speaker"]) for row in own)

    def __contains__(self, speaker: str) -> bool:
        return any(speaker_hash(speaker, salt) == found for salt, found in self.hashes)


def speaker_hash(speaker: str, salt: str) -> str:
    """Return 32 hex digits that stand for a speaker; `salt` are at most 32 characters."""
    return blake2b(speaker.encode("utf-8", "surrogateescape"), key=salt.encode(), digest_size=16).hexdigest()
