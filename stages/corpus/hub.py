"""Data sets of the Hugging Face Hub, pinned to a commit: fetched once into ``data/raw/<corpus>/``, then read there.

`huggingface_hub` fetches the files and the readers of this package open them. The library `datasets` is not needed: it
would run nothing else for files of these layouts, and it would keep a second copy as Arrow.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from stages.core.config.nouns import Corpus
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import write_json
from stages.corpus.sources.huggingface import TABLE_SUFFIXES
from stages.corpus.sources.parts import paths_of_part

RECORD = ".hub.json"
"""What was fetched: the data set, the commit, and the size of each file. It is written last."""

_PARTLY = ".cache/huggingface"
"""Where `huggingface_hub` keeps what it needs to go on with a download."""

_PACKED = (*TABLE_SUFFIXES, ".tar")
_NOT_DATA = (".gitattributes", ".gitignore", ".py")


def fetch(folder: Path, corpus: Corpus, key: str) -> None:
    """Fetch the files of a data set, or of its part, unless they are there; without a network if they are.

    Parameters
    ----------
    folder : Path
        The corpus's folder, which is made.
    corpus : Corpus
    key : str
        The corpus's key in params, for messages.

    Raises
    ------
    EarwitnessError
        For a revision that is no commit, a folder that holds something else, a data set that only a script can load,
        and if the Hub does not give it.
    """
    if not re.fullmatch(r"[0-9a-f]{40}", corpus.revision):
        raise EarwitnessError(
            f"{key}.revision: {corpus.revision!r} is not a commit: give the 40 digits of one, so that the data set "
            "cannot change unnoticed (its page on the Hub lists them under 'Files', 'History')"
        )
    files = _recorded(folder, corpus, key)
    if files and _holds(folder, files, corpus):
        return
    names = _names(corpus, key)
    wanted = _wanted(names, corpus, key)
    _download(folder, corpus, wanted, key)
    sizes = {name: (folder / name).stat().st_size for name in wanted}
    shutil.rmtree(folder / _PARTLY, ignore_errors=True)
    record = {"dataset": corpus.dataset, "revision": corpus.revision, "files": {**files, **sizes}}
    write_json(folder / RECORD, {**record, "parts": sorted({*_parts(folder), corpus.part})})


def _recorded(folder: Path, corpus: Corpus, key: str) -> Mapping[str, int]:
    """Return the files that an earlier run fetched, with their sizes; none if it did not end."""
    record = _record(folder)
    if not record:
        if folder.is_dir() and any(folder.iterdir()) and not (folder / _PARTLY).is_dir():
            raise EarwitnessError(f"{folder}: holds files that do not come from {key}.dataset: move them away")
        return {}
    if (record.get("dataset"), record.get("revision")) != (corpus.dataset, corpus.revision):
        raise EarwitnessError(
            f"{folder}: holds {record.get('dataset')} at {record.get('revision')}: remove the folder to fetch what "
            f"{key} names now"
        )
    files = record.get("files")
    return {str(name): int(size) for name, size in files.items()} if isinstance(files, dict) else {}


def _record(folder: Path) -> Mapping[str, object]:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _parts(folder: Path) -> list[str]:
    parts = _record(folder).get("parts")
    return [str(part) for part in parts] if isinstance(parts, list) else []


def _holds(folder: Path, files: Mapping[str, int], corpus: Corpus) -> bool:
    """Return whether the part was fetched and every file is there with its size."""
    there = ((folder / name, size) for name, size in files.items())
    return corpus.part in _parts(folder) and all(path.is_file() and path.stat().st_size == size for path, size in there)


def _names(corpus: Corpus, key: str) -> list[str]:
    """Return the names of a data set's files. This is the first thing that needs the network."""
    from huggingface_hub import HfApi

    try:
        api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
        return list(api.list_repo_files(corpus.dataset, revision=corpus.revision, repo_type="dataset"))
    except Exception as error:  # of the HTTP library, which changes with huggingface_hub's versions
        raise _refused(error, key) from error


def _wanted(names: list[str], corpus: Corpus, key: str) -> list[str]:
    """Return the files to fetch: the packed ones of the part, or else everything that can be data.

    The names of splits are known before anything is fetched, so that a part that is not named costs nothing.
    """
    packed = [name for name in names if name.lower().endswith(_PACKED)]
    if packed:
        return list(paths_of_part(packed, corpus.part, f"{key}.dataset ({corpus.dataset})"))
    script = next((name for name in names if name == f"{posixpath.basename(corpus.dataset)}.py"), "")
    if script:
        raise EarwitnessError(
            f"{key}.dataset: {corpus.dataset} has no Parquet files: it is loaded by {script}, which is not run. "
            "Give as revision the newest commit of its branch refs/convert/parquet, where the Hub keeps Parquet files "
            "of it, or bring the recordings yourself"
        )
    return [name for name in names if not name.endswith(_NOT_DATA)]


def _download(folder: Path, corpus: Corpus, names: list[str], key: str) -> None:
    from huggingface_hub import snapshot_download

    folder.mkdir(parents=True, exist_ok=True)
    literal = [re.sub(r"([*?[])", r"[\1]", name) for name in names]
    try:
        snapshot_download(
            corpus.dataset,
            revision=corpus.revision,
            repo_type="dataset",
            local_dir=folder,
            allow_patterns=literal,
            endpoint=os.environ.get("HF_ENDPOINT"),
        )
    except Exception as error:  # see `_names`
        raise _refused(error, key) from error
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        raise EarwitnessError(f"{key}.dataset: {absent[0]} was not fetched: start again with a network")


def _refused(error: Exception, key: str) -> EarwitnessError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[0].rstrip(".") if lines else type(error).__name__
    return EarwitnessError(f"{key}.dataset: the Hub does not give it ({reason}): correct it, or log in (HF_TOKEN)")


def asks_hub(corpus: Corpus) -> bool:
    """Return whether a corpus names a data set of the Hub."""
    return corpus.dataset != NONE
