"""Scan a target by its name, folder or address: what is read, what is asked, what comes out.

A target is one that `params.yaml` declares, whose record is there (``dvc repro target@NAME``); or a checkpoint's
folder, or an endpoint's address, which need no declaration. What it is held against are references of the same kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from stages.backdoor import triggers  # noqa: F401 (registers them)
from stages.backdoor.bank import Asking, bank_answers
from stages.backdoor.clips import COLUMNS, Clip, audible, read_clips
from stages.backdoor.scan import Cell, scan_cells
from stages.backdoor.trigger import check_trigger
from stages.core.artifacts import artifact, read_groups
from stages.core.errors import EarwitnessError
from stages.core.params import Params
from stages.core.randomness import generator
from stages.core.section import NONE
from stages.target.adapter import Adapter
from stages.target.hashing import checkpoint_files, named_hash, weight_hash
from stages.target.loading import architecture_of, load_checkpoint
from stages.target.places import is_endpoint
from stages.target.record import read_record


@dataclass(frozen=True)
class Subject:
    """A model that is asked.

    Attributes
    ----------
    name : str
    fingerprint : dict
        What its answers depend on (`TargetRecord.fingerprint`).
    load : callable
        Gives the model; called only where an answer is not known yet.
    """

    name: str
    fingerprint: dict[str, Any]
    load: Callable[[], Adapter]


@dataclass(frozen=True)
class Scan:
    """A scan's result.

    Attributes
    ----------
    target, corpus : str
    references : list of str
    clips : int
    cells : list of Cell
    alpha, margin : float
    """

    target: str
    corpus: str
    references: list[str]
    clips: int
    cells: list[Cell]
    alpha: float
    margin: float


def scan(
    target: str, params: Params, corpus: str = "", references: Sequence[str] = (), prompts: Sequence[str] = ()
) -> Scan:
    """Scan a target with the bank of `params.yaml: backdoor.scan`.

    Parameters
    ----------
    target : str
        A declared name, a folder, or an endpoint's address with the served name after ``#``.
    params : Params
    corpus : str
        Whose clips are asked about; the first of an audit of the target, else the first of all, where none is named.
    references : sequence of str
        Clean models, named like the target; those that `params.yaml` implies where none is named: the base of a copy,
        and the references of the target's audits.
    prompts : sequence of str
        `backdoor.scan.prompts` where none is given.

    Raises
    ------
    EarwitnessError
        If a name is unknown or what it names is missing, before anything is asked.
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
    subject: Subject,
    references: Sequence[Subject],
    clips: Sequence[Clip],
    corpus: str,
    prompts: Sequence[str],
    params: Params,
) -> Scan:
    """Ask a model and its references about clips that hold sound, and judge the answers; see `scan`."""
    if subject.fingerprint in [one.fingerprint for one in references]:
        raise EarwitnessError(f"{subject.name}: is one of its own references: name other models, known to be clean")
    settings, asked = params.backdoor.scan, list(dict.fromkeys(prompts))
    for trigger in settings.bank.values():
        check_trigger(trigger)
    asking = Asking(clips, asked, settings.bank, params.backdoor.answer_tokens, params.seed)
    answers, *beside = (bank_answers(one.name, one.fingerprint, one.load, asking) for one in (subject, *references))
    of_references = {one.name: given for one, given in zip(references, beside, strict=True)}
    cells = scan_cells(answers, of_references, asked, settings.alpha, settings.margin)
    return Scan(subject.name, corpus, list(of_references), len(clips), cells, settings.alpha, settings.margin)


def find_subject(name: str, params: Params) -> Subject:
    """Find a model by its declared name, its folder, or its address.

    Raises
    ------
    EarwitnessError
        If it is none of these, or its record or its weights are missing.
    """
    if name in params.known_targets():
        record = read_record(name)
        return Subject(
            name, record.fingerprint(), partial(_loaded, record.model, record.revision, record.dtype, record.attention)
        )
    if is_endpoint(name):
        return _unrecorded(name, params, named_hash(name, ""), "endpoint")
    if Path(name).is_dir():
        files = checkpoint_files(Path(name))
        return _unrecorded(name, params, weight_hash(files), architecture_of(Path(name), None))
    known = ", ".join(sorted(params.known_targets()))
    raise EarwitnessError(
        f"{name}: no target or copy of params.yaml ({known}), no folder, and no http(s)://host/v1#served-name"
    )


def _unrecorded(name: str, params: Params, weights: str, architecture: str) -> Subject:
    """Return a model that no stage has looked at; it is loaded in single precision."""
    dtype, attention = "float32", params.target.attention
    fingerprint = {"weight_hash": weights, "architecture": architecture, "dtype": dtype, "attention": attention}
    return Subject(name, fingerprint, partial(_loaded, name, "", dtype, attention))


def _loaded(source: str, revision: str, dtype: str, attention: str) -> Adapter:
    torch.set_num_threads(1)
    return load_checkpoint(source, revision, dtype, attention)


def chosen_clips(corpus: str, count: int, seed: int) -> list[Clip]:
    """Return `count` clips of a corpus that hold sound, drawn by their ids, in the order of these.

    Raises
    ------
    EarwitnessError
        If there is none.
    """
    heard = audible(read_clips(read_groups(artifact("corpus", corpus, "clips.parquet"), COLUMNS)))
    if not heard:
        raise EarwitnessError(f"corpus {corpus!r}: no clip with sound: name another")
    drawn = sorted(heard, key=lambda clip: generator(seed, "backdoor", "scan", "clips", clip.clip_id).random())
    return sorted(drawn[:count], key=lambda clip: clip.clip_id)


def _usual_corpus(target: str, params: Params) -> str:
    audited = [audit.corpus for audit in params.audits.values() if audit.target == target]
    return next(iter([*audited, *params.corpora]), "")


def _usual_references(target: str, params: Params) -> list[str]:
    bases = [params.copies[target].base] if target in params.copies else []
    audited = [audit.reference for audit in params.audits.values() if audit.target == target]
    return [name for name in dict.fromkeys([*bases, *audited]) if name not in (NONE, target)]
