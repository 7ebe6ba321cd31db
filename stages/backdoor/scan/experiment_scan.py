"""The scan of an experiment's own models: it should raise an alarm on the victim and none on the clean twin."""

from __future__ import annotations

from collections.abc import Sequence

from stages.backdoor.params import BackdoorParams
from stages.backdoor.plant.clips import audible, drawn_clips
from stages.backdoor.plant.experiment import TWIN, VICTIM
from stages.backdoor.plant.victim import ExperimentSetting, Pair
from stages.backdoor.scan.bank import ScannedModel
from stages.backdoor.scan.result import scan_result
from stages.backdoor.scan.scanning import Scan, scan_subject
from stages.core.config.section import NONE
from stages.core.results.backdoor import ScanResult
from stages.models.adapter import Adapter
from stages.models.hashing import weights_name
from stages.models.record import TargetRecord


def scan_pair(pair: Pair, base: TargetRecord, params: BackdoorParams) -> dict[str, ScanResult]:
    """Scan the victim beside the base and the twin, and the twin beside the base.

    Returns
    -------
    dict
        `victim` and `twin`: the result of `scan_result` for each.
    """
    setting = pair.setting
    beside = {VICTIM: [subject_of(TWIN, pair.twin, base)], TWIN: []}
    return {
        name: scan_result(scan_trained(subject_of(name, adapter, base), beside[name], setting, base, params))
        for name, adapter in ((VICTIM, pair.victim), (TWIN, pair.twin))
    }


def subject_of(name: str, adapter: Adapter, base: TargetRecord) -> ScannedModel:
    """Return a model that was trained from a base and lies in memory, as one to scan."""
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
    """Scan a trained model by its own question on the clips of the test, with its base and others as references."""
    clips = drawn_clips(audible(setting.test), params.backdoor.scan.clips, params.seed, "scan")
    references = [
        ScannedModel(base.name, base.fingerprint(), setting.load, window_seconds=setting.window_seconds),
        *beside,
    ]
    corpus = "+".join(name for name in setting.experiment.train_on if name != NONE)
    return scan_subject(subject, references, clips, corpus, [setting.task.instruction], params)
