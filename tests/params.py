"""For tests and benchmarks: all of `params.yaml` in one model, and params with corpora of one's own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from flows.preflight import check_params
from stages.attacks.params import AttacksParams
from stages.attribute_leakage.params import AttributeLeakage, AttributeLeakageParams
from stages.backdoor.params import Backdoor, BackdoorParams
from stages.blind_baseline.params import BlindBaseline, BlindBaselineParams
from stages.core.config.params import PARAMS, load_params
from stages.corpus.params import CorpusParams
from stages.environment.params import EnvironmentParams
from stages.evaluation.params import Evaluation, EvaluationParams
from stages.features.params import FeaturesParams
from stages.fidelity_detector.params import FidelityDetectorParams
from stages.finetune.params import FinetuneParams
from stages.lab_speech.params import LabSpeechParams
from stages.lab_target.params import LabTargetParams
from stages.logits.params import Logits, LogitsParams
from stages.perturbation.params import PerturbationParams
from stages.report.params import ReportParams
from stages.target.params import TargetParams

ROOT = Path(__file__).resolve().parents[1]


class Whole(
    AttacksParams,
    AttributeLeakageParams,
    BackdoorParams,
    BlindBaselineParams,
    CorpusParams,
    EnvironmentParams,
    EvaluationParams,
    FeaturesParams,
    FidelityDetectorParams,
    FinetuneParams,
    LabSpeechParams,
    LabTargetParams,
    LogitsParams,
    PerturbationParams,
    ReportParams,
    TargetParams,
):
    """What every stage reads; a section that several read is the owner's."""

    attribute_leakage: AttributeLeakage
    backdoor: Backdoor
    blind_baseline: BlindBaseline
    evaluation: Evaluation
    logits: Logits


def own_params(corpora: Mapping[str, str], **changes: dict[str, Any]) -> dict[str, Any]:
    """Return the content of `params.yaml` with other corpora, and with nothing left that names one of its own.

    Parameters
    ----------
    corpora : mapping of str to str
        How each corpus states membership (`member`), by its name.
    **changes : dict of str to Any
        By section, what is set in it.
    """
    content: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["corpora"] = {name: {"split": "randomised", "member": mode} for name, mode in corpora.items()}
    content |= {"targets": {}, "copies": {}, "audits": {}}
    content["attribute_leakage"]["audits"] = {}
    content["backdoor"]["experiments"] = {}
    for section, change in changes.items():
        content[section] |= change
    return content


def audit_params() -> dict[str, Any]:
    """Return params with one audit, `bench`: of the copy `lab` of `lab_base`, on the corpus `bench`."""
    return own_params(
        {"bench": "column"},
        copies={"lab": {"base": "lab_base", "train_on": ["bench", "none"], "epochs": 1}},
        audits={"bench": {"corpus": "bench", "target": "lab", "reference": "lab_base"}},
    )


def load_whole(path: Path = PARAMS) -> Whole:
    """Read `params.yaml`, checked as `preflight` checks it."""
    check_params(path)
    return load_params(Whole, path)
