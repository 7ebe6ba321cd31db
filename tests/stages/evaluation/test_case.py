import numpy as np

from stages.evaluation.case import make_case


def test_what_is_only_described_changes_no_order() -> None:
    rng = np.random.default_rng(7)
    scores = {"loss": rng.normal(size=30)}
    others = (None, rng.normal(size=(30, 2)), np.arange(30) % 2 == 0, [None] * 30, "post_hoc")
    alone = make_case(scores, *others, deciding=["loss"])
    described = make_case(scores | {"noise": rng.normal(size=30)}, *others, deciding=["loss"])
    np.testing.assert_array_equal(alone.rows, described.rows)
    np.testing.assert_array_equal(alone.cluster, described.cluster)
    assert list(alone.rows) != sorted(alone.rows)
