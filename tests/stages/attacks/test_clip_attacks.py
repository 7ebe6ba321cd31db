"""Attacks that read a whole sheet or two, against values derived by hand."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from stages.attacks import CLIP_ATTACKS, REFERENCE_ATTACKS
from stages.attacks.pac import polarised_distance
from stages.attacks.ragged import Ragged
from stages.attacks.registry import Sheet
from stages.logits import probes as _registered  # noqa: F401
from stages.logits.probe import PROBES
from tests.stages.attacks.conftest import MakeSheet


def test_a_clip_against_its_neighbours(sheet: MakeSheet) -> None:
    own = sheet([[-1.0, -2.0], [-1.0]], around=[(0, "gain", -2.0), (0, "noise", -3.0), (0, "noise", np.nan)])
    found = CLIP_ATTACKS["neighbourhood"](own)["neighbourhood"]
    assert found[0] == pytest.approx(-1.5 + 2.5)
    assert np.isnan(found[1])


def test_a_lower_cased_transcript(sheet: MakeSheet) -> None:
    own = sheet([[-1.0, -3.0], [-1.0]], around=[(0, "lower_case", -3.0), (0, "noise", -9.0)])
    found = CLIP_ATTACKS["lowercase"](own)["lowercase"]
    assert found[0] == pytest.approx(1.5)
    assert np.isnan(found[1])
    certain = CLIP_ATTACKS["lowercase"](sheet([[0.0]], around=[(0, "lower_case", -3.0)]))["lowercase"]
    assert np.isfinite(certain).all()


def test_tokens_weighed_by_how_rare_they_are(sheet: MakeSheet) -> None:
    own = sheet([[log(0.001), log(0.5), log(0.9)], [log(0.002)]], token_ids=[[1, 2, 1], [1]])
    # Token 1 stands three times, token 2 once: 4/7 and 2/7 smoothed over two kinds and the unseen.
    first, second, third = 0.001 * log(7 / 4), 0.5 * log(7 / 2), 0.002 * log(7 / 4)
    bound = third + 0.8 * (second - third)  # the 90th percentile of the three contributions
    found = CLIP_ATTACKS["dc_pdd"](own)["dc_pdd"]
    assert found.tolist() == pytest.approx([(first + bound) / 2, third], abs=1e-12)


def test_clips_that_a_target_hears_well_have_different_calibrated_probabilities(sheet: MakeSheet) -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(5, 30, 200)
    heard = [np.log(rng.uniform(0.5, 1.0, length)).tolist() for length in lengths]
    ids = [rng.integers(0, 500, length).tolist() for length in lengths]
    found = CLIP_ATTACKS["dc_pdd"](sheet(heard, token_ids=ids))["dc_pdd"]
    assert len(np.unique(found)) == 200  # with the paper's bound of 0.01, all 200 would be equal


def test_swapped_words_move_probable_and_improbable_tokens_apart(sheet: MakeSheet) -> None:
    around = [(0, "swap_words", -2.0), (0, "swap_words", -3.0), (0, "gain", -1.0)]
    own = sheet([[-1.0, -4.0, -2.0, -3.0], [-1.0]], around=around, distance=[5.0, 6.0, np.nan])
    found = CLIP_ATTACKS["pac"](own)["pac"]
    assert found[0] == pytest.approx(5.5 - (-1 + 4))  # of four tokens, one is far and one is local
    assert np.isnan(found[1])


def test_the_polarised_distance_takes_the_published_shares() -> None:
    rows = Ragged(-np.arange(20.0), np.array([0, 20]))
    assert polarised_distance(rows).tolist() == pytest.approx([0 + np.mean(np.arange(14, 20))])


def test_a_signal_that_falls_in_a_later_telling_is_no_sign_of_memory(sheet: MakeSheet) -> None:
    names = PROBES["tellings"].names
    found = CLIP_ATTACKS["tellings"](sheet([[-1.0]], probes={name: np.array([0.5]) for name in names}))
    assert len(found) == len(names) == 12
    assert found["camia_tellings_loss_2"][0] == found["camia_tellings_lempel_ziv_3"][0] == -0.5
    assert found["camia_tellings_below_1_2"][0] == found["camia_tellings_below_mean_3"][0] == 0.5


def test_signals_are_summed_as_p_values(sheet: MakeSheet) -> None:
    columns = {
        "camia_slope": np.array([3.0, 1.0, 2.0]),
        "camia_below_1": np.array([0.5, 0.5, 0.2]),
        "loss": np.zeros(3),
    }
    found = CLIP_ATTACKS["camia"](sheet([[-1.0]] * 3, columns=columns))["camia"]
    assert found.tolist() == pytest.approx([1 - (1 / 3 + 2 / 3) / 2, 1 - (1 + 2 / 3) / 2, 1 - (2 / 3 + 1) / 2])


def test_probes_are_turned_so_that_members_score_higher(sheet: MakeSheet) -> None:
    value = np.array([0.5, np.nan])
    named = (
        "gradient_norm_2",
        "recall",
        "con_recall",
        "augmentation_kl",
        "repetition",
        "sampling",
        "curvature_trace",
        "word_error",
    )
    probes = dict.fromkeys(named, value)
    own = sheet([[-1.0], [-1.0]], probes=probes)
    found = {name: column for attack in CLIP_ATTACKS for name, column in CLIP_ATTACKS[attack](own).items()}
    signs = {name: found[name][0] for name in ("gradient_norm_2", "recall", "augmentation_kl", "camia_repetition")}
    assert signs == {"gradient_norm_2": -0.5, "recall": 0.5, "augmentation_kl": 0.5, "camia_repetition": -0.5}
    assert found["con_recall"][0] == 0.5
    assert found["curvature_trace"][0] == 0.5  # as in the theory that FiMMIA refutes
    assert found["sampling_zlib"][0] > found["sampling"][0] == 0.5
    assert found["word_error"][0] == -0.5
    assert np.isnan(found["recall"][1])


def pair(sheet: MakeSheet) -> tuple[Sheet, Sheet]:
    target = sheet([[-1.0, -4.0, -2.0], [-1.0, -1.0], [-3.0]], hit=[[1, 0, 0], [0, 1], [0]])
    reference = sheet([[-2.0, -3.0, -4.0], [-3.0, -2.0], [-1.0]])
    return target, reference


def test_the_ratio_to_a_reference(sheet: MakeSheet) -> None:
    found = REFERENCE_ATTACKS["ratio"](*pair(sheet))["ratio"]
    assert found.tolist() == pytest.approx([-7 / 3 + 3, -1 + 2.5, -2])


def test_rises_and_falls_on_wrong_tokens(sheet: MakeSheet) -> None:
    found = REFERENCE_ATTACKS["ez"](*pair(sheet))["ez"]
    # Gains on wrong tokens: -1 and 2; 2 alone, which no fall opposes; -2 alone.
    assert found.tolist() == pytest.approx([log(2), log(2e6), log(1e-6 / 2)], abs=1e-5)
    assert found.argmax() == 1  # without any fall the evidence is the strongest, not the weakest
    all_right = sheet([[-1.0, -2.0]], hit=[[1.0, 1.0]])
    assert REFERENCE_ATTACKS["ez"](all_right, sheet([[-5.0, -1.0]]))["ez"].tolist() == pytest.approx([log(4)], abs=1e-5)


def test_windows_won(sheet: MakeSheet) -> None:
    found = REFERENCE_ATTACKS["wbc"](*pair(sheet))["wbc"]
    # Gains 1, -1, 2: pairs sum to 0 (not won) and 1, the triple to 2; then 2 and 1; then a single -2.
    assert found.tolist() == pytest.approx([(1 / 2 + 1) / 2, 1.0, 0.0])


def test_ratios_against_the_other_clips(sheet: MakeSheet) -> None:
    target, reference = pair(sheet)
    found = REFERENCE_ATTACKS["rmia"](target, reference)["rmia"]
    mean = {"target": [-7 / 3, -1.0, -3.0], "reference": [-3.0, -2.5, -1.0]}
    ratios = [
        exp(own) / ((1.3 * exp(other) + 0.7) / 2) for own, other in zip(mean["target"], mean["reference"], strict=True)
    ]
    assert found.tolist() == [sum(ratio > other for other in ratios) / 2 for ratio in ratios]
    assert np.isnan(REFERENCE_ATTACKS["rmia"](sheet([[-1.0]]), sheet([[-1.0]]))["rmia"]).all()


@pytest.mark.parametrize("name", ["ez", "wbc"])
def test_other_tokens_are_not_compared(name: str, sheet: MakeSheet) -> None:
    target = sheet([[-1.0, -2.0], [-1.0, -2.0], [-1.0]], hit=[[0, 0], [0, 0], [0]])
    reference = sheet([[-2.0, -2.0], [-1.0, -2.0, -3.0], [-2.0]], token_ids=[[0, 5], [0, 1, 2], [0]])
    found = REFERENCE_ATTACKS[name](target, reference)[name]
    assert np.isnan(found).tolist() == [True, True, False]


@pytest.mark.parametrize("name", list(REFERENCE_ATTACKS))
def test_clips_without_tokens_have_no_score(name: str, sheet: MakeSheet) -> None:
    empty, some = [[], [-1.0], [-2.0]], [[-1.0], [-1.5], [-1.0]]
    hits: list[list[float]] = [[], [0.0], [0.0]]
    found = REFERENCE_ATTACKS[name](sheet(empty, hit=hits), sheet(some))[name]
    assert np.isnan(found).tolist() == [True, False, False]


@pytest.mark.parametrize("name", list(CLIP_ATTACKS))
def test_clip_attacks_are_quiet_where_nothing_is_there(name: str, sheet: MakeSheet) -> None:
    columns = {"camia_slope": np.full(2, np.nan)}
    found = CLIP_ATTACKS[name](sheet([[], []], columns=columns))
    assert all(len(column) == 2 and np.isnan(column).all() for column in found.values())


class ReadProbes(dict[str, np.ndarray]):
    """Values of every probe, with a record of those that an attack read."""

    def __init__(self, names: list[str]) -> None:
        super().__init__({name: np.zeros(1) for name in names})
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray:
        self.read.add(name)
        return super().__getitem__(name)


@pytest.mark.parametrize("name", list(CLIP_ATTACKS))
def test_a_clip_attack_whose_probe_was_told_labels_says_so(name: str, sheet: MakeSheet) -> None:
    told_labels = {value for probe in PROBES for value in PROBES[probe].names if PROBES[probe].shots}
    given = ReadProbes([value for probe in PROBES for value in PROBES[probe].names])
    CLIP_ATTACKS[name](replace(sheet([[-1.0]], columns={"camia_slope": np.zeros(1)}), probes=given))
    assert CLIP_ATTACKS[name].uses_labels == bool(given.read & told_labels)


def test_two_clip_attacks_use_labels() -> None:
    """The test above would also pass if no attack used labels; this test excludes that."""
    assert [name for name in CLIP_ATTACKS if CLIP_ATTACKS[name].uses_labels] == ["con_recall", "recall"]
