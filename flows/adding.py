"""``earwitness add corpus``: look at a folder of recordings, link it, and declare it in `params.yaml`.

Nothing is copied. The link is made first, because a corpus is read through ``data/raw/<corpus>/``. If anything is wrong
it is removed again, so that a corpus is added as a whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from flows.folder import check_folder
from flows.fragments import Sections, add_sections
from stages.core.config.nouns import Corpus
from stages.core.config.params import PARAMS, load_params
from stages.core.config.section import NONE, first_problem
from stages.core.errors import EarwitnessError
from stages.core.store.jsonfile import artifact
from stages.corpus.params import CorpusParams
from stages.corpus.recognition import RECORDINGS, SIDES, has_sides
from stages.corpus.survey import Survey, survey

OPTIONS = {key: f"--{key}" for key in ("member", "split", "source", "part", "channel", "unit")} | {
    "columns": "--column FIELD=COLUMN"
}
"""For keys of ``corpora.<name>`` that errors name, the option that sets them."""


@dataclass(frozen=True)
class CorpusRequest:
    """What the user asked for.

    Attributes
    ----------
    place : str
        A folder, or the id of a data set of the Hub; blank if `members` and `non_members` are given.
    members, non_members : str
        Two folders, in place of `place`.
    name : str
        Of the corpus; blank for the folder's.
    settings : mapping of str to str
        Keys of `corpora.<name>` that the user sets: member, split, source, revision, part, audio, unit, channel,
        split_at.
    columns : mapping of str to str
        The key `columns`.
    target, reference : str
        Of the audit; blank to choose.
    """

    place: str = ""
    members: str = ""
    non_members: str = ""
    name: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    reference: str = ""


@dataclass(frozen=True)
class AddedCorpus:
    """What was found and done.

    Attributes
    ----------
    name : str
    links : dict of str to Path
        The links in ``data/raw/<name>/`` and where they lead.
    found : Survey
    corpus : dict of str to object
        The section ``corpora.<name>``.
    stated : bool
        Whether the recordings or the user say which clips are members.
    audit : dict of str to str
        The section ``audits.<name>``; empty if no target was chosen.
    keys : list of str
        The keys that were added to `params.yaml`; empty if it had them all.
    """

    name: str
    links: dict[str, Path]
    found: Survey
    corpus: dict[str, object]
    stated: bool
    audit: dict[str, str]
    keys: list[str]


def add_corpus(request: CorpusRequest, *, write: bool = True) -> AddedCorpus:
    """Look at recordings, link them and declare them.

    Parameters
    ----------
    request : CorpusRequest
    write : bool
        Otherwise the recordings are only looked at, and nothing stays.

    Raises
    ------
    EarwitnessError
        If there is no such folder, the name is taken, the folder cannot be listed, or the section would not be valid.
        Nothing has been changed then.
    """
    check_folder(Path())
    params = load_params(CorpusParams)
    links = _links(request)
    name = _own_folder(request.place) or request.name or _name(request)
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise EarwitnessError(f"add corpus: --name: {name!r} cannot be a name: use letters, digits, _ and -")
    with _linked(artifact("raw", name), links, keep=write):
        with _said_of_the_folder(name, links):
            settings, found, stated = _looked_at(name, request, params)
        audit = _audit(name, request, params, stated)
        sections: Sections = {"corpora": {name: settings}, **({"audits": {name: audit}} if audit else {})}
        _check_taken(name, settings, params)
        keys = add_sections(sections, f"corpus {name}") if write else []
    return AddedCorpus(name, links, found, settings, stated, audit, keys)


def _links(request: CorpusRequest) -> dict[str, Path]:
    """Return the links that the corpus needs: one folder, or a folder for each side."""
    if bool(request.members) != bool(request.non_members):
        raise EarwitnessError("add corpus: --members and --non-members belong together: name both folders")
    if bool(request.place) == bool(request.members):
        raise EarwitnessError("add corpus: name one folder of recordings, or --members FOLDER --non-members FOLDER")
    if request.members:
        return {side: _folder(path) for side, path in zip(SIDES, (request.members, request.non_members), strict=True)}
    if is_dataset(request.place):
        if not request.settings.get("revision"):
            raise EarwitnessError(f"{request.place}: no such folder; a data set of the Hub needs --revision COMMIT")
        return {}
    folder = _folder(request.place)
    if _own_folder(request.place):
        return {}
    if folder.is_relative_to(Path("data").resolve()):
        raise EarwitnessError(
            f"{request.place}: lies in this project's data/: name a folder elsewhere, or data/raw/NAME"
        )
    return {RECORDINGS: folder}


def is_dataset(place: str) -> bool:
    """Return whether a place is no path of this machine and has the form ``owner/name``."""
    return not Path(place).exists() and re.fullmatch(r"\w[\w.-]*/[\w.-]+", place) is not None


def _folder(path: str) -> Path:
    folder = Path(path).expanduser().resolve()
    if folder.is_file():
        raise EarwitnessError(f"{path}: is a file: name the folder that holds the recordings and their list")
    if not folder.is_dir():
        raise EarwitnessError(f"{path}: no such folder: correct the path")
    return folder


def _own_folder(place: str) -> str:
    """Return the name of the corpus whose folder ``data/raw/<name>`` a place is, else a blank."""
    folder = Path(place).absolute()
    return folder.name if place and folder.parent == Path("data/raw").absolute() else ""


def _name(request: CorpusRequest) -> str:
    """Return a name for the corpus: the last part of its place, in the letters that a name may have."""
    last = Path(request.place).name if is_dataset(request.place) else _folder(request.place or request.members).name
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", last).strip("_-").lower()
    if not name or request.members:
        raise EarwitnessError("add corpus: name the corpus: --name NAME")
    return name


@contextmanager
def _linked(folder: Path, links: Mapping[str, Path], *, keep: bool) -> Iterator[None]:
    """Make the links of a corpus. If the block fails, or `keep` is false, those that were made are removed.

    Links that an interrupted or an earlier call made are used as they are.
    """
    made: list[Path] = []
    there = {entry.name for entry in folder.iterdir()} if links and folder.is_dir() else set()
    if others := sorted(there - set(links)):
        raise EarwitnessError(f"{folder}: is there already ({others[0]}): choose another name by --name")
    for name, goal in links.items():
        link = folder / name
        if name in there and not (link.is_symlink() and link.resolve() == goal):
            raise EarwitnessError(f"{link}: is there already and leads elsewhere: choose another name by --name")
    done = False
    try:
        for name, goal in links.items():
            if name not in there:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).symlink_to(goal, target_is_directory=True)
                made.append(folder / name)
        yield
        done = keep
    finally:
        if not done:
            for link in made:
                link.unlink()
            if folder.is_dir() and made and not any(folder.iterdir()):
                folder.rmdir()


@contextmanager
def _said_of_the_folder(name: str, links: Mapping[str, Path]) -> Iterator[None]:
    """Let an error name the user's folder and the option of this command: no link and no section stays behind."""
    try:
        yield
    except EarwitnessError as error:
        message = str(error)
        for link, goal in links.items():
            message = message.replace(str(artifact("raw", name) / link), str(goal))
        key = re.search(rf"{PARAMS}: corpora(?:\.{name}\.|: )(\w+)", message)
        option = OPTIONS.get(key[1]) if key else None
        raise EarwitnessError(message + (f" (option of this command: {option})" if option else "")) from error


def _looked_at(name: str, request: CorpusRequest, params: CorpusParams) -> tuple[dict[str, object], Survey, bool]:
    """Return the section of the corpus, what its folder holds, and whether it states membership."""
    given: dict[str, object] = dict(request.settings)
    if request.columns:
        given["columns"] = dict(request.columns)
    if request.place and is_dataset(request.place):
        given["dataset"] = request.place
    member = given.pop("member", "folders" if has_sides(artifact("raw", name)) else None)
    split = given.pop("split", None)
    found = survey(name, _declared(name, {"split": "post_hoc", "member": member or NONE, **given}, params))
    if member is None:
        member = "column" if found.stated_members else "random_half"
    drawn = member == "random_half"
    settings = {"split": split or ("randomised" if drawn else "post_hoc"), "member": member, **given}
    _declared(name, settings, params)
    return settings, found, member in ("column", "folders")


def _declared(name: str, settings: dict[str, object], params: CorpusParams) -> CorpusParams:
    """Return the params as they would be with this corpus."""
    try:
        corpus = Corpus.model_validate(settings)
    except ValidationError as error:
        key, problem = first_problem(error)
        raise EarwitnessError(f"add corpus: {key}: {problem}: correct this argument") from error
    return params.model_copy(update={"corpora": {**params.corpora, name: corpus}})


def _audit(name: str, request: CorpusRequest, params: CorpusParams, stated: bool) -> dict[str, str]:
    """Return the section of an audit: of the target that was named, or of the only one, if membership is stated."""
    if name in params.audits and not request.target:
        return {}
    only = next(iter(params.targets)) if stated and len(params.targets) == 1 else ""
    target = request.target or only
    if not target:
        if request.reference:
            raise EarwitnessError("add corpus: --reference belongs to an audit: name its --target too")
        return {}
    if target not in params.known_targets():
        known = ", ".join(sorted(params.known_targets()))
        raise EarwitnessError(f"add corpus: --target: unknown name {target!r}: use one of {known}")
    return {"corpus": name, "target": target, "reference": request.reference or NONE}


def _check_taken(name: str, settings: dict[str, object], params: CorpusParams) -> None:
    """Refuse a name under which `params.yaml` declares something else."""
    if name in params.corpora and params.corpora[name] != Corpus.model_validate(settings):
        raise EarwitnessError(
            f"{PARAMS}: corpora.{name}: is declared already with other settings: choose another name by --name, "
            "or edit it there"
        )
    if name in params.audits and params.audits[name].corpus != name:
        raise EarwitnessError(f"{PARAMS}: audits.{name}: is an audit of another corpus: choose another by --name")
