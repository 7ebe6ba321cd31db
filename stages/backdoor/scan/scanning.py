"""Scan a target that is given by its name, its folder or its address.

A target that `params.yaml` declares needs its record (``dvc repro target@NAME``). The folder of a checkpoint and the
address of an endpoint need no declaration. References are given in the same three ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path

import torch

from stages.backdoor.params import BackdoorParams
from stages.backdoor.plant import triggers  # noqa: F401 (registers them)
from stages.backdoor.plant.clips import COLUMNS, BackdoorClip, audible, read_clip
from stages.backdoor.plant.registry import TRIGGERS
from stages.backdoor.scan.alarms import Cell, scan_cells
from stages.backdoor.scan.bank import NO_TRIGGER, Answers, Asking, ScannedModel, bank_answers
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.run.randomness import generator
from stages.core.sound.clips import ClipSounds
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import read_group, read_groups
from stages.models.adapter import Adapter
from stages.models.hashing import named_hash, weight_hash
from stages.models.loading import ENDPOINT, architecture_of, load_checkpoint
from stages.models.options import LoadOptions
from stages.models.places import check_endpoint, is_endpoint, place_of
from stages.models.record import UNSTATED, TargetRecord, read_record
from stages.models.sources import sources_of


@dataclass(frozen=True)
class Scan:
    """A scan's result.

    Attributes
    ----------
    target, corpus : str
    references : list of str
    clips : int
    questions : int
        Number of questions put to each model.
    unanswered : dict of str to int
        For each model, how many questions it left without an answer.
    cells : list of Cell
    alpha, margin : float
    """

    target: str
    corpus: str
    references: list[str]
    clips: int
    questions: int
    unanswered: dict[str, int]
    cells: list[Cell]
    alpha: float
    margin: float


def scan(
    target: str, params: BackdoorParams, corpus: str = "", references: Sequence[str] = (), prompts: Sequence[str] = ()
) -> Scan:
    """Scan a target with the bank of `params.yaml: backdoor.scan`.

    Parameters
    ----------
    target : str
        A declared name, a folder, or an endpoint's address with the served name after ``#``.
    params : BackdoorParams
    corpus : str
        The corpus whose clips are used. By default the corpus of the target's first audit, else the first of all.
    references : sequence of str
        Clean models, given in the same ways as the target. By default the base of a copy, and the references of the
        target's audits.
    prompts : sequence of str
        The questions. By default `backdoor.scan.prompts`.

    Raises
    ------
    EarwitnessError
        If a name is unknown, or what it names is missing. No question has been asked then.
    """
    settings = params.backdoor.scan
    corpus = corpus or _usual_corpus(target, params)
    if corpus not in params.corpora:
        raise EarwitnessError(f"no corpus {corpus!r} in params.yaml: use one of {', '.join(params.corpora)}")
    subject = find_subject(target, params)
    beside = [find_subject(name, params) for name in references or _usual_references(target, params)]
    clips = chosen_clips(corpus, settings.clips, params.seed)
    return scan_subject(subject, beside, clips, corpus, prompts or settings.prompts, params)


def scan_subject(
    subject: ScannedModel,
    references: Sequence[ScannedModel],
    clips: Sequence[BackdoorClip],
    corpus: str,
    prompts: Sequence[str],
    params: BackdoorParams,
) -> Scan:
    """Ask a model and its references about clips that hold sound, and judge the answers; see `scan`.

    Raises
    ------
    EarwitnessError
        If the model is one of the references, or if one of these models leaves most clips without an answer.
    """
    if subject.identity in [one.identity for one in references]:
        raise EarwitnessError(f"{subject.name}: is one of its own references: name other models, known to be clean")
    settings, asked = params.backdoor.scan, list(dict.fromkeys(prompts))
    window = min(one.window for one in (subject, *references))
    asking = Asking(clips, asked, settings.bank, params.backdoor.answer_tokens, params.seed, window)
    target, *beside = (_answers(one, asking) for one in (subject, *references))
    of_references = {one.name: given for one, given in zip(references, beside, strict=True)}
    return Scan(
        target=subject.name,
        corpus=corpus,
        references=list(of_references),
        clips=len(clips),
        questions=len(clips) * len(asked) * (1 + len(settings.bank)),
        unanswered={
            one.name: _missing(given) for one, given in zip((subject, *references), (target, *beside), strict=True)
        },
        cells=scan_cells(
            target,
            of_references,
            asked,
            settings.alpha,
            settings.margin,
            [name for name, trigger in settings.bank.items() if not TRIGGERS[trigger.kind].additive],
        ),
        alpha=settings.alpha,
        margin=settings.margin,
    )


def _answers(subject: ScannedModel, asking: Asking) -> Answers:
    """Return a model's answers; refuse a model that answers less than half of the clips in every cell."""
    answers = bank_answers(subject, asking)
    pairs = max(
        sum(
            one is not None and other is not None for one, other in zip(answers[prompt, NO_TRIGGER], given, strict=True)
        )
        for (prompt, trigger), given in answers.items()
        if trigger != NO_TRIGGER
    )
    if 2 * pairs < len(asking.clips):
        raise EarwitnessError(
            f"{subject.name}: of {len(asking.clips)} clips it answers {pairs} at most, both without and with a "
            "trigger; it refuses the others or gives an empty answer: name a model that takes sound and answers these "
            "prompts"
        )
    return answers


def _missing(answers: Answers) -> int:
    return sum(answer is None for given in answers.values() for answer in given)


def find_subject(name: str, params: BackdoorParams) -> ScannedModel:
    """Find a model by its declared name, its folder, or its address.

    Raises
    ------
    EarwitnessError
        If the name is none of these, if the model's record or weights are missing, or if an address names no model or
        holds a key.
    """
    if name in params.known_targets():
        return _recorded(read_record(name), made=name not in params.targets)
    if is_endpoint(name):
        check_endpoint("the address", name)
        return _unrecorded(name, named_hash(name, ""), ENDPOINT, LoadOptions())
    if Path(name).is_dir():
        options = LoadOptions(attention=params.target.attention)
        base = sources_of(Path(name), options).model
        weights = weight_hash(place_of(name, Path(name), options).files())
        return _unrecorded(name, weights, architecture_of(base.name, base.revision), options)
    known = ", ".join(sorted(params.known_targets()))
    raise EarwitnessError(
        f"{name}: no target or copy of params.yaml ({known}), no folder, and no http(s)://host/v1#served-name"
    )


def _recorded(record: TargetRecord, made: bool) -> ScannedModel:
    if made and not Path(record.model).is_dir():
        raise EarwitnessError(f"{record.name}: {record.model} is not there: make it by dvc repro target@{record.name}")
    load = partial(_loaded, record.model, record.options())
    closed = is_endpoint(record.model)
    stated = not closed or record.revision not in ("", NONE)
    address = _address(record.model) if closed else ""
    return ScannedModel(record.name, record.fingerprint(), load, address, record.window_seconds, stated)


def _unrecorded(name: str, weights: str, architecture: str, options: LoadOptions) -> ScannedModel:
    """Return a model without a record."""
    closed = architecture == ENDPOINT
    stated = {**options.changing(), **(dict.fromkeys(("dtype", "attention"), UNSTATED) if closed else {})}
    fingerprint = {"weight_hash": weights, "architecture": architecture, **stated}
    return ScannedModel(
        name, fingerprint, cache(partial(_loaded, name, options)), _address(name) if closed else "", pinned=not closed
    )


def _address(model: str) -> str:
    """Return an endpoint's address without a trailing slash, so that two spellings of it are equal."""
    address, _, served = model.partition("#")
    return f"{address.rstrip('/')}#{served}"


def _loaded(source: str, options: LoadOptions) -> Adapter:
    torch.set_num_threads(1)
    return load_checkpoint(source, options)


def chosen_clips(corpus: str, count: int, seed: int) -> list[BackdoorClip]:
    """Return up to `count` clips of a corpus that hold sound, drawn at random by their ids, sorted by id.

    Clips are decoded in the order of the draw until there are enough.

    Raises
    ------
    EarwitnessError
        If no clip of the corpus holds sound.
    """
    path = artifact("corpus", corpus, "clips.parquet")
    places = [
        (clip_id, group, at)
        for group, ids in enumerate(read_groups(path, ["clip_id"]))
        for at, clip_id in enumerate(ids["clip_id"].to_pylist())
    ]
    places.sort(key=lambda it: generator(seed, "backdoor", "scan", "clips", it[0]).random())
    sounds = ClipSounds(corpus)
    drawn = (
        read_clip(row, sounds)
        for _, group, at in places
        for row in read_group(path, group, COLUMNS).slice(at, 1).to_pylist()
    )
    heard = (clip for clip in drawn if audible([clip]))
    chosen = sorted(islice(heard, count), key=lambda clip: clip.clip_id)
    if not chosen:
        raise EarwitnessError(f"corpus {corpus!r}: no clip holds sound: name another corpus")
    return chosen


def _usual_corpus(target: str, params: BackdoorParams) -> str:
    audited = [audit.corpus for audit in params.audits.values() if audit.target == target]
    return next(iter([*audited, *params.corpora]), "")


def _usual_references(target: str, params: BackdoorParams) -> list[str]:
    bases = [params.copies[target].base] if target in params.copies else []
    audited = [audit.reference for audit in params.audits.values() if audit.target == target]
    return [name for name in dict.fromkeys([*bases, *audited]) if name not in (NONE, target)]
