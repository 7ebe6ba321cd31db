"""Probes: planted attributes are found on unseen speakers, everything else lies at chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from stages.attribute_leakage.probe.classifier import dealt, spanned, standardised
from stages.attribute_leakage.probe.probing import Probed, exchanged, probe_rows
from stages.attribute_leakage.weigh.intervals import balanced_accuracy, clustered_balanced
from stages.core.config.nouns import Compute
from stages.core.errors import EarwitnessError
from stages.core.inference.crossfit import splits
from stages.core.inference.statistics import Floats

SPEAKERS, EACH = 20, 6


@dataclass(frozen=True)
class Clips:
    layer: Floats
    ids: list[str]
    gender: list[str]
    mood: list[str]
    speaker: list[str]
    text: list[str]

    def probed(self, attribute: str = "gender", order: Sequence[int] | None = None, **more: Compute) -> Probed:
        at = list(range(len(self.ids)) if order is None else order)
        labels = self.gender if attribute == "gender" else self.mood
        columns = ([column[place] for place in at] for column in (self.ids, labels, self.speaker, self.text))
        return probe_rows(attribute, {"encoder.0": self.layer[at]}, *columns, 7, **more)


def clips(gender: float = 0.0, mood: float = 0.0, voice: float = 1.0, seed: int = 0, width: int = 16) -> Clips:
    """Embeddings of which one dimension each holds gender and mood, and a voice that all of a speaker's clips share."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(SPEAKERS), EACH)
    is_female, is_calm = who % 2 == 0, np.tile(np.arange(EACH) % 2 == 0, SPEAKERS)
    layer = rng.normal(size=(len(who), width)) + voice * rng.normal(size=(SPEAKERS, width))[who]
    layer[:, 0] += gender * is_female
    layer[:, 1] += mood * is_calm
    return Clips(
        layer,
        [f"clip_{at:03d}" for at in rng.permutation(len(who))],
        ["female" if one else "male" for one in is_female],
        ["calm" if one else "excited" for one in is_calm],
        [f"speaker_{one}" for one in who],
        ["one word" if one else "another word" for one in is_calm],
    )


def row(probed: Probed, probe: str) -> dict[str, float]:
    return next(found for found in probed.rows if found["probe"] == probe)


def test_a_planted_attribute_is_read_on_unseen_speakers() -> None:
    probed = clips(gender=8.0).probed()
    found = row(probed, "audio")
    assert found["balanced_accuracy"] > 0.9
    assert found["low"] > 0.5
    assert (found["chance"], found["n"], found["speakers"]) == (0.5, SPEAKERS * EACH, SPEAKERS)
    assert set(probed.told) == {"encoder.0", "transcript"}
    told = probed.told["encoder.0"]
    assert np.mean([told[name] == label for name, label in zip(clips().ids, clips().gender, strict=True)]) > 0.9


def test_the_transcript_reads_what_is_in_the_words() -> None:
    assert row(clips().probed("mood"), "transcript")["balanced_accuracy"] == 1.0
    assert row(clips().probed("gender"), "transcript")["balanced_accuracy"] == pytest.approx(0.5, abs=0.15)


def test_a_voice_alone_tells_no_gender_of_another() -> None:
    """Speakers are far apart, so that a probe that met them would be right every time."""
    found = [row(clips(voice=5.0, seed=seed).probed(), "audio") for seed in range(4)]
    assert abs(np.mean([one["balanced_accuracy"] for one in found]) - 0.5) < 0.15
    assert sum(one["low"] <= 0.5 <= one["high"] for one in found) >= 3


@pytest.mark.parametrize("attribute", ["gender", "mood"])
def test_shuffled_labels_lie_at_chance(attribute: str) -> None:
    found = [row(clips(8.0, 4.0, seed=seed).probed(attribute), "shuffled") for seed in range(3)]
    assert abs(np.mean([one["balanced_accuracy"] for one in found]) - 0.5) < 0.12


def test_an_attribute_that_varies_within_speakers_is_read() -> None:
    assert row(clips(mood=5.0).probed("mood"), "audio")["balanced_accuracy"] > 0.9


def test_neither_order_nor_workers_change_anything() -> None:
    planted = clips(gender=2.0)
    plain = planted.probed()
    assert planted.probed(order=np.random.default_rng(1).permutation(len(planted.ids)).tolist()) == plain
    assert planted.probed(compute=Compute(backend="loky", workers=1, address=None)) == plain


def test_a_class_of_one_speaker_is_not_judged() -> None:
    planted = clips(gender=8.0)
    lonely = replace(planted, gender=["female" if name == "speaker_0" else "male" for name in planted.speaker])
    probed = lonely.probed()
    assert probed.reason == "gender: fewer than two speakers have the label female: a probe cannot be tested"
    assert all(one["balanced_accuracy"] is None and one["low"] is None for one in probed.rows)
    assert {one["probe"] for one in probed.rows} == {"audio", "shuffled", "transcript"}
    assert not probed.told


def test_one_speaker_or_one_label_is_not_judged() -> None:
    planted = clips()
    assert "fewer than two speakers" in str(replace(planted, speaker=["a"] * len(planted.ids)).probed("mood").reason)
    assert "fewer than two labels" in str(replace(planted, gender=["male"] * len(planted.ids)).probed().reason)


def test_without_transcripts_there_is_no_row_of_them() -> None:
    silent = replace(clips(), text=[""] * (SPEAKERS * EACH))
    assert {one["probe"] for one in silent.probed().rows} == {"audio", "shuffled"}


def test_values_that_are_not_finite_are_an_error() -> None:
    broken = clips()
    broken.layer[3, 2] = np.nan
    with pytest.raises(EarwitnessError, match=r"layer encoder\.0: some values are not finite"):
        broken.probed()


def test_folds_share_no_speaker_and_train_on_every_class() -> None:
    labels = np.repeat([0, 1, 0, 1, 1], 4)
    speaker = np.repeat(np.arange(5), 4)
    folds = dealt(labels, speaker, 5, 7)
    assert folds is not None
    assert set(folds) == {0, 1}  # a class has two speakers
    for split in splits(folds):
        assert not set(speaker[split.train]) & set(speaker[split.held])
        assert set(labels[split.train]) == {0, 1}


def test_balanced_accuracy_by_hand() -> None:
    # Of class 0 three of four are right, of class 1 one of two.
    truth = np.array([0, 0, 0, 0, 1, 1])
    assert balanced_accuracy(truth == np.array([0, 0, 0, 1, 1, 0]), truth) == 0.625


def test_the_interval_counts_speakers_not_clips() -> None:
    truth = np.tile([0, 1], 50)
    told = np.where(np.arange(100) < 80, truth, 1 - truth)  # the last ten speakers of ten are wrong throughout
    ten, alone = (clustered_balanced(truth == told, truth, np.arange(100) // each) for each in (10, 1))
    assert ten[1] - ten[0] > 2 * (alone[1] - alone[0])
    assert ten[0] < alone[0] < 0.8 < alone[1] < ten[1]
    low, high = clustered_balanced(truth == truth, truth, np.arange(100) // 10)
    assert high == 1.0
    assert 0.6 < low < 0.75  # ten speakers, not a hundred clips


def test_the_level_widens_by_student_s_quantiles_not_by_normal_ones() -> None:
    truth = np.tile([0, 1], 30)
    hit = np.arange(60) % 10 < 8
    hit[:10] = False  # one speaker of six is never told right
    speakers = np.arange(60) // 10
    plain = clustered_balanced(hit, truth, speakers)
    corrected = clustered_balanced(hit, truth, speakers, 1 - 0.05 / 30)
    share = balanced_accuracy(hit, truth) or 0.0
    assert corrected[0] < share - 1.6 * (share - plain[0])  # what normal quantiles would give at 30 layers
    assert clustered_balanced(hit, truth, np.zeros(60, np.intp)) == (0.0, 1.0)


def test_findings_rest_on_an_interval_corrected_for_the_layers_and_few_speakers_show_little() -> None:
    planted = clips(gender=2.0)
    noise = np.random.default_rng(3).normal(size=(7, *planted.layer.shape))
    layers = {"encoder.input": planted.layer, "encoder.0": planted.layer} | {
        f"encoder.{at + 1}": values for at, values in enumerate(noise)
    }
    few = [at for at, name in enumerate(planted.speaker) if int(name.split("_")[1]) < 4]
    bounds = {}
    for name, at in (("all", list(range(len(planted.ids)))), ("few", few)):
        columns = ([column[place] for place in at] for column in (planted.ids, planted.gender, planted.speaker))
        of_some = {layer: values[at] for layer, values in layers.items()}
        probed = probe_rows("gender", of_some, *columns, [""] * len(at), 7)
        found = next(one for one in probed.rows if one["layer"] == "encoder.0" and one["probe"] == "audio")
        bounds[name] = found
        assert found["low_corrected"] < found["low"]
        assert all(one["low_corrected"] is None for one in probed.rows if one["probe"] == "shuffled")
    assert bounds["few"]["low_corrected"] < 0.5 < bounds["all"]["low_corrected"]


def test_exchanged_labels_keep_how_they_cling_to_speakers() -> None:
    speaker = np.repeat(np.arange(6), [1, 2, 3, 4, 5, 6])
    constant = exchanged(speaker % 2, speaker, np.random.default_rng(1))
    assert all(len(set(constant[speaker == one])) == 1 for one in range(6))
    mixed = exchanged(np.tile([0, 1], 12), np.repeat(np.arange(6), 4), np.random.default_rng(1))
    assert all(mixed[4 * one : 4 * one + 4].sum() == 2 for one in range(6))


def test_the_space_that_training_clips_span_keeps_every_product() -> None:
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(12, 300)), rng.normal(size=(5, 300))
    one, other = spanned(train, test)
    assert one.shape == (12, 12)
    assert np.allclose(one @ one.T, train @ train.T)
    assert np.allclose(other @ one.T, test @ train.T)


def test_what_never_varies_tells_nothing() -> None:
    values = np.ones((6, 2))
    values[:, 1] = np.arange(6)
    known, unknown = standardised(values)(np.arange(4), np.arange(4, 6))
    assert (known[:, 0] == 0).all()
    assert (unknown[:, 0] == 0).all()
