"""The scan of an experiment's own models: the victim, where it should raise an alarm, and the clean twin, where not."""

from __future__ import annotations

from typing import Any

from stages.backdoor.clips import audible
from stages.backdoor.experiment import TWIN, VICTIM
from stages.backdoor.scan_words import as_json
from stages.backdoor.scanning import Subject, scan_subject
from stages.backdoor.victim import Pair, weights_name
from stages.core.params import Params
from stages.target.adapter import Adapter
from stages.target.record import TargetRecord


def scan_pair(pair: Pair, base: TargetRecord, params: Params) -> dict[str, Any]:
    """Scan victim and twin, each held against the base alone, by the experiment's own question.

    The twin is no reference of the victim: who scans a model has its base, but not what it would be without poison.

    Returns
    -------
    dict
        `victim` and `twin`: what `scan_words.as_json` gives.
    """
    setting = pair.setting
    heard = audible(setting.test)[: params.backdoor.scan.clips]
    reference = Subject(base.name, base.fingerprint(), setting.load)
    prompts, corpus = [setting.task.instruction], "+".join(setting.experiment.train_on)
    found = {}
    for name, adapter in ((VICTIM, pair.victim), (TWIN, pair.twin)):
        subject = _in_memory(name, adapter, base)
        found[name] = as_json(scan_subject(subject, [reference], heard, corpus, prompts, params))
    return found


def _in_memory(name: str, adapter: Adapter, base: TargetRecord) -> Subject:
    return Subject(name, base.fingerprint() | {"weight_hash": weights_name(adapter)}, lambda: adapter)
