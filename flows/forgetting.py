"""``earwitness forget``: remove what is derived from a corpus, or from a corpus of which a speaker must leave.

Everything below ``data/`` that was made of the corpus goes, with every version that DVC keeps here, and the caches. The
recordings themselves are the user's. A record of what was done stays in ``data/forgotten/``.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import yaml

from flows.dvc_objects import DvcObjects, drop_from_lock
from flows.folder import check_folder
from flows.fragments import params_document, write_params
from flows.preflight import check_params
from flows.shipped import GRAPH
from stages.attribute_leakage.params import AttributeLeakageParams
from stages.backdoor.params import BackdoorParams
from stages.core.config.params import PARAMS
from stages.core.errors import EarwitnessError
from stages.core.run.stage import held_locks, require_declared, stage_lock
from stages.core.sound.recordings import Recording
from stages.core.store.forgotten import FORGOTTEN, ForgottenSpeakers, speaker_hash
from stages.core.store.jsonfile import artifact, write_json
from stages.core.store.tables import read_table
from stages.corpus.entries import Entry
from stages.corpus.listing import listed
from stages.corpus.params import CorpusParams
from stages.lab_speech.params import LabSpeechParams

SHARED_CACHES = ("rows", "checkpoints", "batches", "log", "prefect")
"""Folders of ``.cache`` that do not say which corpus their content is of: they go as a whole, and are made again."""

Names = Mapping[str, set[str]]
"""By section of `params.yaml` (dotted), the items that are derived from the corpus, itself included."""


@dataclass(frozen=True)
class Erasure:
    """What is erased, and what is not.

    Attributes
    ----------
    corpus, speaker : str
        `speaker` is blank where the whole corpus goes.
    names : Names
    paths : list of Path
        Files and folders of the project that are there and will go.
    objects : list of str
        Hashes of DVC's cached versions of them.
    clips : int
        Clips of the corpus or the speaker, as far as they are known here.
    originals : list of Path
        Recordings that stay.
    own : list of Path
        Recordings, and links to them, that go.
    """

    corpus: str
    speaker: str
    names: Names
    paths: list[Path]
    objects: list[str]
    clips: int
    originals: list[Path] = field(default_factory=list)
    own: list[Path] = field(default_factory=list)


def plan_erasure(corpus: str, speaker: str = "", *, recordings: bool = False) -> Erasure:
    """Find what is derived from a corpus. Nothing is changed.

    Parameters
    ----------
    corpus : str
    speaker : str
        If given, the corpus stays declared, and the next audit makes it again without this speaker.
    recordings : bool
        Whether recordings in ``data/raw/<corpus>/`` go too. Those behind links always stay.

    Raises
    ------
    EarwitnessError
        If the corpus is not declared or is the lab's, the speaker has no clip in it, or a process works at a stage.
    """
    check_folder(Path())
    sections = check_params(PARAMS)
    params = cast(CorpusParams, sections["corpus"])
    require_declared(dict(params.corpora), "corpora", corpus)
    if corpus in cast(LabSpeechParams, sections["lab_speech"]).lab_speech.corpora:
        raise EarwitnessError(f"{corpus}: is spoken by the lab's synthesiser and holds no person: nothing to forget")
    if held := held_locks():
        raise EarwitnessError(f"{held[0]}: a process is at it: wait until it has ended, or stop it")
    leakage = cast(AttributeLeakageParams, sections["attribute_leakage"])
    names = derived(corpus, leakage, cast(BackdoorParams, sections["backdoor"]))
    if not speaker and leakage.attribute_leakage.judge in names["copies"]:
        raise EarwitnessError(
            f"{PARAMS}: attribute_leakage.judge: {leakage.attribute_leakage.judge!r} was trained on {corpus} and would "
            "go: name another judge first"
        )
    places = derived_places(names)
    entries = _entries(corpus, speaker, params)
    clips = _count_clips(corpus, speaker) or len(entries)
    if speaker and not clips and speaker not in ForgottenSpeakers(corpus):
        raise EarwitnessError(f"{corpus}: no clip of speaker {speaker!r}: give the name as the list of clips has it")
    own, originals = _recordings(corpus, speaker, entries, recordings)
    return Erasure(
        corpus,
        speaker,
        names,
        [path for path in places if path.exists() or path.is_symlink()],
        DvcObjects().of(lambda path: is_below(path, places)),
        clips,
        originals,
        own,
    )


def derived(corpus: str, leakage: AttributeLeakageParams, backdoor: BackdoorParams) -> Names:
    """Return the corpus, the models that were trained on it, directly or through another copy, and all audits of these.

    An audit whose reference was trained on the corpus counts as well.
    """
    copies: set[str] = set()
    for _ in leakage.copies:  # a copy of a copy, however long the chain is
        copies |= {name for name, copy in leakage.copies.items() if corpus in copy.train_on or copy.base in copies}
    asked = leakage.attribute_leakage
    return {
        "corpora": {corpus},
        "copies": copies,
        "audits": {
            name
            for name, audit in leakage.audits.items()
            if audit.corpus == corpus or {audit.target, audit.reference} & copies
        },
        "attribute_leakage.audits": {
            name
            for name, audit in asked.audits.items()
            if audit.corpus == corpus or {audit.target, asked.judge} & copies
        },
        "backdoor.experiments": {
            name
            for name, experiment in backdoor.backdoor.experiments.items()
            if corpus in experiment.train_on or experiment.base in copies
        },
    }


def derived_places(names: Names) -> list[Path]:
    """Return the paths of everything that stages and caches keep of these items, whether they exist or not."""
    stages = yaml.safe_load(Path(GRAPH).read_text(encoding="utf-8"))["stages"]
    places = {Path("data/report/report.html"), *(Path(".cache", name) for name in SHARED_CACHES)}
    for stage, declared in stages.items():
        section = str(declared.get("foreach", ""))[2:-1]
        for name in names.get(section, ()):
            places |= {artifact(stage, name), Path(".cache/locks", f"{stage}@{name}")}
            outs = [out for kind in ("outs", "metrics", "plots") for out in declared["do"].get(kind, ())]
            keys = [next(iter(out)) if isinstance(out, dict) else out for out in outs]
            places |= {Path(key.replace("${key}", name)) for key in keys}
    for corpus in names["corpora"]:
        places |= {artifact("environment", "corpora", f"{corpus}.json"), *Path(".cache/links").glob(f"{corpus}.json*")}
    return sorted(place for place in places if not any(parent in places for parent in place.parents))


def is_below(path: str, places: Collection[Path]) -> bool:
    """Return whether a path is one of `places` or lies in one."""
    return any(Path(path).is_relative_to(place) for place in places)


def erase(found: Erasure) -> Path:
    """Do what a plan says, and return the record.

    The record is written first, and `params.yaml` last: a run that was stopped can be repeated.
    """
    with stage_lock("audit", ""):
        record = _write_record(found)
        objects = DvcObjects()
        objects.remove(found.objects)
        for path in [*found.paths, *found.own]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        folder = artifact("raw", found.corpus)
        if not found.speaker and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        places = derived_places(found.names)
        drop_from_lock(lambda path: is_below(path, places))
        if not found.speaker:
            _undeclare(found.names)
    return record


def _undeclare(names: Names) -> None:
    document = params_document()
    content = document.load(PARAMS.read_text(encoding="utf-8"))
    for section, items in names.items():
        inside = content
        for key in section.split("."):
            inside = inside[key]
        for item in items & set(inside):
            del inside[item]
    write_params(document, content, "forget", PARAMS)


def _write_record(found: Erasure) -> Path:
    """Write when and what was erased: kinds, counts and hashes, but no name of a speaker, a clip or a file."""
    now = datetime.now(UTC)
    salt = secrets.token_hex(16)
    again = (f"{now:%Y-%m-%d}-{found.corpus}{suffix}.json" for suffix in ("", *(f"-{n}" for n in range(2, 10_000))))
    record = next(FORGOTTEN / name for name in again if not (FORGOTTEN / name).exists())
    write_json(
        record,
        {
            "at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "corpus": found.corpus,
            "clips": found.clips,
            "derived": {section: sorted(items) for section, items in found.names.items()},
            "folders": sorted({path.parts[1] for path in found.paths if path.parts[0] == "data"}),
            "dvc_objects": found.objects,
            "recordings_left": len(found.originals),
            "left_out": {"salt": salt, "speaker": speaker_hash(found.speaker, salt)} if found.speaker else None,
        },
    )
    return record


def _entries(corpus: str, speaker: str, params: CorpusParams) -> list[Entry]:
    """Return the clips of the corpus or the speaker as its list has them; none if the recordings are not here."""
    try:
        entries = listed(corpus, params).entries
    except EarwitnessError:  # no folder, or one that cannot be read: what was derived from it is erased all the same
        return []
    return [entry for entry in entries if not speaker or entry.speaker == speaker]


def _count_clips(corpus: str, speaker: str) -> int:
    table = artifact("corpus", corpus, "clips.parquet")
    if not table.exists():
        return 0
    speakers = read_table(table, ["speaker"])["speaker"].to_pylist()
    return sum(not speaker or found == speaker for found in speakers)


def _recordings(corpus: str, speaker: str, entries: list[Entry], remove: bool) -> tuple[list[Path], list[Path]]:
    """Return the recordings and links that go, and the recordings that stay."""
    folder = artifact("raw", corpus)
    files = list(dict.fromkeys(folder / entry.path for entry in entries))
    here = [path for path in files if path.resolve().is_relative_to(folder.resolve())]
    if speaker:
        whole = {folder / entry.path for entry in entries if entry.recording == Recording(entry.path)}
        own = [path for path in here if remove and path in whole]
    elif remove and folder.is_dir():
        own = [folder]
    else:
        own = [path for path in folder.iterdir() if path.is_symlink()] if folder.is_dir() else []
    gone = set(here) if own == [folder] else set(own)
    return own, [path.resolve() for path in files if path not in gone]
