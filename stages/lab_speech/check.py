"""What can be checked of the lab's corpora before anything runs."""

from __future__ import annotations

from pathlib import Path

from stages.core.errors import EarwitnessError
from stages.lab_speech.params import LabSpeechParams


def check_params(params: LabSpeechParams, path: Path) -> None:
    """Check that no two lab corpora draw from the same share: a member of one could be a non-member of another.

    Raises
    ------
    EarwitnessError
        Naming the file and the key.
    """
    owners: dict[int, str] = {}
    for name, corpus in params.lab_speech.corpora.items():
        owner = owners.setdefault(corpus.share, name)
        if owner != name:
            raise EarwitnessError(
                f"{path}: lab_speech.corpora.{name}.share: {corpus.share} is that of {owner}: choose another"
            )
