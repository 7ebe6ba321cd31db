"""The scan of an experiment's own models: the victim, where it should raise an alarm, and the clean twin, where not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stages.backdoor.params import BackdoorParams
from stages.backdoor.plant.clips import audible, drawn_clips
from stages.backdoor.plant.experiment import TWIN, VICTIM
from stages.backdoor.plant.victim import ExperimentSetting, Pair
from stages.backdoor.scan.bank import ScannedModel
from stages.backdoor.scan.result import scan_result
from stages.backdoor.scan.scanning import Scan, scan_subject
from stages.core.config.section import NONE
from stages.models.adapter import Adapter
from stages.models.hashing import weights_name
from stages.models.record import TargetRecord


def scan_pair(pair: Pair, base: TargetRecord, params: BackdoorParams) -> dict[str, Any]:
    """Scan the victim beside the base and the twin, and the twin beside the base.

    Returns
    -------
    dict
        `victim` and `twin`: what `scan_result` gives, as plain dicts.
    """
    setting = pair.setting
    beside = {VICTIM: [subject_of(TWIN, pair.twin, base)], TWIN: []}
    return {
        name: scan_result(scan_trained(subject_of(name, adapter, base), beside[name], setting, base, params)).plain()
        for name, adapter in ((VICTIM, pair.victim), (TWIN, pair.twin))
    }


def subject_of(name: str, adapter: Adapter, base: TargetRecord) -> ScannedModel:
    """Return a model in memory that was trained from a base."""
    return ScannedModel(
        name,
        base.fingerprint() | {"weight_hash": weights_name(adapter)},
        lambda: adapter,
        window_seconds=adapter.window_seconds,
    )


def scan_trained(
    subject: ScannedModel,
    beside: Sequence[ScannedModel],
    setting: ExperimentSetting,
    base: TargetRecord,
    params: BackdoorParams,
) -> Scan:
    """Scan a trained model beside its base and others, by its own question, on clips that were kept for the test."""
    clips = drawn_clips(audible(setting.test), params.backdoor.scan.clips, params.seed, "scan")
    references = [
        ScannedModel(base.name, base.fingerprint(), setting.load, window_seconds=setting.window_seconds),
        *beside,
    ]
    corpus = "+".join(name for name in setting.experiment.train_on if name != NONE)
    return scan_subject(subject, references, clips, corpus, [setting.task.instruction], params)
