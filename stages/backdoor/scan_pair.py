"""The scan of an experiment's own models: the victim, where it should raise an alarm, and the clean twin, where not."""

from __future__ import annotations

from typing import Any

from stages.backdoor.bank import Subject
from stages.backdoor.clips import audible, drawn_clips
from stages.backdoor.experiment import TWIN, VICTIM
from stages.backdoor.scan_words import as_json
from stages.backdoor.scanning import Scan, scan_subject
from stages.backdoor.victim import Pair, Setting
from stages.core.params import Params
from stages.core.section import NONE
from stages.target.adapter import Adapter
from stages.target.hashing import weights_name
from stages.target.record import TargetRecord


def scan_pair(pair: Pair, base: TargetRecord, params: Params) -> dict[str, Any]:
    """Scan victim and twin; see `scan_trained`.

    Returns
    -------
    dict
        `victim` and `twin`: what `scan_words.as_json` gives.
    """
    return {
        name: as_json(scan_trained(name, adapter, pair.setting, base, params))
        for name, adapter in ((VICTIM, pair.victim), (TWIN, pair.twin))
    }


def scan_trained(name: str, adapter: Adapter, setting: Setting, base: TargetRecord, params: Params) -> Scan:
    """Scan a model in memory, held against its base alone, by its own question, on clips that were kept for the test.

    The twin is no reference of the victim: who scans a model has its base, but not what it would be without poison.
    """
    clips = drawn_clips(audible(setting.test), params.backdoor.scan.clips, params.seed, "scan")
    subject = Subject(name, base.fingerprint() | {"weight_hash": weights_name(adapter)}, lambda: adapter)
    reference = Subject(base.name, base.fingerprint(), setting.load)
    corpus = "+".join(name for name in setting.experiment.train_on if name != NONE)
    return scan_subject(subject, [reference], clips, corpus, [setting.task.instruction], params)
