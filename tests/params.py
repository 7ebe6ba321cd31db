"""All of `params.yaml` in one model, for tests that put one set of params through several stages."""

from pathlib import Path

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


def load_whole(path: Path = PARAMS) -> Whole:
    """Read `params.yaml`, checked as `preflight` checks it."""
    check_params(path)
    return load_params(Whole, path)
