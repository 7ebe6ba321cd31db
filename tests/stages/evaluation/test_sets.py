"""Sets of clips: p values that hold under the null, and that find what single clips do not show."""

import numpy as np
import pytest

from stages.core.inference.folds import grouped_folds
from stages.evaluation.scenario import Scenario, draw
from stages.evaluation.sets import SetEvidence, held_out_scores, of_sets, speaker_p, used_share


def drawn(seed: int, **factors: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    audit = draw(Scenario(side=200, speakers=50, **factors), np.random.default_rng(seed))  # type: ignore[arg-type]
    return np.column_stack(list(audit["scores"].values())), audit["member"], audit["speaker"]


def found(seed: int, **factors: float) -> SetEvidence:
    return of_sets(*drawn(seed, **factors), 5, np.random.default_rng(seed))


@pytest.mark.parametrize("disjoint", [False, True])
def test_without_memory_sets_show_nothing(disjoint: bool) -> None:
    evidence = [found(seed, disjoint=disjoint, likeness=0.2) for seed in range(100)]
    # Five per cent and two binomial errors of 100 are 9.4.
    assert sum(each.p < 0.05 for each in evidence) <= 9
    assert sum(each.used > 0 for each in evidence) <= 9
    assert sum(each.significant > 0 for each in evidence) <= 9


def test_a_little_memory_shows_in_the_corpus_and_much_in_every_speaker() -> None:
    assert found(1, memory=0.5).p < 0.01
    strong = found(1, memory=3.0)
    assert strong.used > 0.8
    assert strong.speakers == strong.significant == 50


def test_half_of_the_members_used_is_not_called_all() -> None:
    rng = np.random.default_rng(0)
    member, cluster = np.arange(800) % 2 == 0, np.arange(800) // 2 % 40
    score = rng.normal(size=800) + 4 * (member & (rng.random(800) < 0.5))
    dealt, _ = grouped_folds(member, cluster, 5, rng)
    assert 0.35 < used_share(score, member, cluster, dealt) < 0.52


def test_weights_never_saw_the_clips_they_weigh() -> None:
    rng = np.random.default_rng(0)
    standard, labels, folds = rng.normal(size=(40, 3)), rng.random((40, 1)) < 0.5, np.arange(40) % 4
    before = held_out_scores(standard, labels, folds)
    labels[folds == 0] = ~labels[folds == 0]
    after = held_out_scores(standard, labels, folds)
    assert after[folds == 0] == pytest.approx(before[folds == 0])
    assert not np.allclose(after[folds == 1], before[folds == 1])


def test_speakers_by_hand() -> None:
    # 19 speakers of non-members with means 0 to 18, and two of members: above all 1/20, below all 20/20.
    score = np.concatenate([np.arange(19.0), [30.0, -1.0]])
    p = speaker_p(score, np.arange(21) >= 19, np.arange(21))
    assert np.isnan(p[:19]).all()
    assert p[19:].tolist() == [1 / 20, 1.0]
    assert np.isnan(speaker_p(score[1:], np.arange(20) >= 18, np.arange(20))).all()  # 18 are too few


@pytest.mark.parametrize(("few", "many"), [((100, 2), (200, 20)), ((20, 40), (40, 2)), ((30, 1), (60, 10))])
@pytest.mark.parametrize("likeness", [0.0, 0.1, 0.4])
def test_speakers_with_other_numbers_of_clips_are_not_favoured(
    few: tuple[int, int], many: tuple[int, int], likeness: float
) -> None:
    sizes = np.repeat([few[1], many[1]], [few[0], many[0]])
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    member = cluster < few[0]
    low = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        score = np.sqrt(likeness) * rng.normal(size=len(sizes))[cluster]
        p = speaker_p(score + np.sqrt(1 - likeness) * rng.normal(size=len(cluster)), member, cluster)
        low.append((p[: few[0]] <= 0.05).mean())
    assert np.mean(low) < 0.05 + 2 * np.std(low) / np.sqrt(len(low)) + 0.005


@pytest.mark.parametrize(
    ("member", "cluster"),
    [(np.ones(30, bool), np.arange(30)), (np.arange(30) < 1, np.arange(30)), (np.arange(30) < 9, np.zeros(30, int))],
    ids=["members only", "one member", "one speaker"],
)
def test_what_cannot_be_tested_shows_nothing(member: np.ndarray, cluster: np.ndarray) -> None:
    evidence = of_sets(np.random.default_rng(0).normal(size=(30, 2)), member, cluster, 5, np.random.default_rng(0))
    assert (evidence.p, evidence.used, evidence.speakers) == (1.0, 0.0, 0)


def test_missing_scores_count_as_the_mean() -> None:
    scores, member, cluster = drawn(0, memory=3.0)
    scores[::9, 0] = np.nan
    assert of_sets(scores, member, cluster, 5, np.random.default_rng(0)).p == 0.001
