"""Detectors that have the victim: of poison among its training clips, and of a trigger in its input.

Activation clustering and spectral signatures look at the training clips of one answer; for transcription, where every
answer is different, at all of them. STRIP looks at the test clips, with and without the trigger. The manifest only
counts how well each detector did; no detector sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from stages.backdoor.defend.activation_clustering import activation_clustering, sweep_isolation
from stages.backdoor.defend.isolation import isolation
from stages.backdoor.defend.spectral_signatures import spectral_scores, spectral_suspects
from stages.backdoor.defend.strip import answer_entropy, detection, overlaid
from stages.backdoor.measure.outcomes import BATCH, PLAIN, TRIGGERED, generated, sounds_of
from stages.backdoor.params import BackdoorDetection
from stages.backdoor.plant.clips import BackdoorClip, drawn_clips
from stages.backdoor.plant.victim import ExperimentSetting, suspicious
from stages.core.inference.statistics import Bools, Floats
from stages.core.results.backdoor_figures import DetectionFigures, LayerDetection, PoisonDetection, StripFigures
from stages.core.run.randomness import generator, seed_of
from stages.core.sound.audio import Samples
from stages.models.adapter import Adapter, Forced, Query

LAYERS = ("encoder", "hidden")
"""Where activations are taken: the encoder's output, and the language model's last hidden layer."""
OVERLAY = 0.5
"""Share of the other clip in a mix."""
CLIPS_AT_ONCE = 16
"""Number of clips whose mixes STRIP holds in memory together."""


def detection_metrics(setting: ExperimentSetting, victim: Adapter, asked: BackdoorDetection) -> DetectionFigures:
    """Return how well each detector finds the poison.

    Returns
    -------
    dict
        `clips`, `poisoned`, `layers`, `strip`; see `poison_metrics` and `strip_metrics`.
    """
    return {
        **poison_metrics(setting, victim, asked),
        "strip": strip_metrics(setting, victim, asked),
    }


def poison_metrics(setting: ExperimentSetting, victim: Adapter, asked: BackdoorDetection) -> PoisonDetection:
    """Return how well activation clustering and spectral signatures isolate the poison among its answer's clips.

    Returns
    -------
    dict
        `clips`, `poisoned` (among them), and for each of `LAYERS`: `clustering` with `chosen` (k of the highest
        silhouette), `blind` (isolation by the smallest cluster of that k) and `sweep` by k (`silhouette`, `sizes`,
        isolation by the `smallest` and by the `best` cluster); `spectral`, isolation by the highest scores, the
        defender assuming the true rate.
    """
    queries, bad = suspicious(setting), {row.audio_hash for row in setting.poison}
    poisoned = np.array([query.audio_hash in bad for query in queries])
    layers = {
        name: _isolated(vectors, poisoned, asked.ks, seed_of(setting.seed, "backdoor", "clustering", name))
        for name, vectors in activations(victim, queries).items()
    }
    return {"clips": len(queries), "poisoned": int(poisoned.sum()), "layers": layers}


def _isolated(vectors: Floats, poisoned: Bools, ks: Sequence[int], seed: int) -> LayerDetection:
    sweep = activation_clustering(vectors, ks, seed)
    held = sweep_isolation(sweep, poisoned)
    suspected = spectral_suspects(spectral_scores(vectors), float(poisoned.mean()))
    return {
        "clustering": {
            "chosen": sweep.chosen,
            "blind": isolation(sweep.suspected, poisoned).figures(),
            "sweep": [
                {
                    "k": one.k,
                    "silhouette": one.silhouette,
                    "sizes": one.sizes,
                    "smallest": held[one.k]["smallest"].figures(),
                    "best": held[one.k]["best"].figures(),
                }
                for one in sweep.clusterings
            ],
        },
        "spectral": isolation(suspected, poisoned).figures(),
    }


@torch.inference_mode()
def activations(adapter: Adapter, queries: Sequence[Query]) -> dict[str, Floats]:
    """Return each clip's activations at each of `LAYERS`, mean over its audio positions: float64[n, d] each."""
    order = sorted(range(len(queries)), key=lambda at: len(queries[at].samples))
    rows: dict[int, Forced] = {}
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        forced = adapter.forced([queries[at] for at in batch], ["transcript"])
        rows |= dict(zip(batch, forced, strict=True))
    return {name: np.stack([getattr(rows[at], name).double().numpy() for at in range(len(queries))]) for name in LAYERS}


def strip_metrics(setting: ExperimentSetting, victim: Adapter, asked: BackdoorDetection) -> StripFigures:
    """Return how many triggered test clips STRIP finds at a false-positive rate set on clean ones.

    The test clips are drawn by their ids where there are more than `asked.strip_clips`.

    Returns
    -------
    dict
        `rate` and `ci` (true positives), `triggered`, `clean`, `false_positive_rate` (asked), `false_alarms`,
        `threshold` (nats; null where clean clips are too few), `mean_entropy` of either kind.
    """
    heard = drawn_clips(setting.test, asked.strip_clips, setting.seed, "strip")
    # A clip that gets the attack answer without a trigger would hide the trigger's effect.
    counted = [clip for clip in heard if not setting.task.is_attack_answer(setting.task.truth(clip))]
    found: dict[str, Floats] = {}
    for condition, clips in ((PLAIN, heard), (TRIGGERED, counted)):
        entropies: list[float] = []
        for start in range(0, len(clips), CLIPS_AT_ONCE):
            batch = clips[start : start + CLIPS_AT_ONCE]
            entropies += _entropies(setting, victim, batch, condition, asked.overlays)
        found[condition] = np.array(entropies)
    flagged = detection(found[PLAIN], found[TRIGGERED], asked.false_positive_rate)
    return {
        "rate": flagged.rate,
        "ci": flagged.interval,
        "triggered": flagged.triggered,
        "clean": flagged.clean,
        "false_positive_rate": asked.false_positive_rate,
        "false_alarms": flagged.false_alarms,
        "threshold": flagged.threshold,
        "mean_entropy": {name: float(values.mean()) for name, values in found.items() if len(values)},
    }


def _entropies(
    setting: ExperimentSetting, victim: Adapter, clips: Sequence[BackdoorClip], condition: str, overlays: int
) -> list[float]:
    """Return the entropy of the answers to each clip under overlays of training clips, which are drawn by its id."""
    sounds = sounds_of(clips, condition, setting)
    mixes = [
        mix
        for clip, sound in zip(clips, sounds, strict=True)
        for mix in _mixes(setting, clip.clip_id, sound.samples, overlays)
    ]
    answers = generated(victim, [setting.task.query(mix) for mix in mixes], setting.answer_tokens)
    each = len(mixes) // len(clips)
    return [answer_entropy(answers[start : start + each]) for start in range(0, len(answers), each)]


def _mixes(setting: ExperimentSetting, clip_id: str, samples: Samples, overlays: int) -> list[Samples]:
    rng = generator(setting.seed, "backdoor", "strip", clip_id)
    drawn = rng.choice(len(setting.training), min(overlays, len(setting.training)), replace=False)
    return [overlaid(samples, setting.training[at].samples, OVERLAY) for at in drawn]
