"""Parts of data sets by the names of files as public data sets have them."""

import pytest

from stages.core.errors import EarwitnessError
from stages.corpus.sources.parts import part_of_table, paths_of_part


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("train-00000-of-00002.parquet", "train"),
        ("data/train-00001-of-00002-0123456789abcdef.parquet", "train"),
        ("data/train-00000-of-00001.parquet", "train"),
        ("default/train/0000.parquet", "train"),
        ("clean/train.100/0003.parquet", "clean/train.100"),
        ("all/train.clean.100-00000-of-00014.parquet", "all/train.clean.100"),
        ("en/validation-00000-of-00001.parquet", "en/validation"),
        ("train-clean-100.tar", "train-clean-100"),
        ("train-000123.tar", "train"),
        ("shards/train_000123.tar", "shards/train"),
        ("train/train-00000-of-00001.parquet", "train"),
        ("test/data-00000-of-00001.arrow", "test"),
        ("data-00000-of-00001.arrow", ""),
        ("000000.tar", ""),
        ("speech-test.arrow", "speech-test"),
        ("dev.parquet", "dev"),
    ],
)
def test_names(path: str, part: str) -> None:
    assert part_of_table(path) == part


@pytest.mark.parametrize(
    ("paths", "wanted", "chosen"),
    [
        (["000.tar", "001.tar"], "none", {"000.tar": "", "001.tar": ""}),
        (["first.parquet", "second.parquet"], "none", {"first.parquet": "", "second.parquet": ""}),
        (["first.parquet", "second.parquet"], "second", {"second.parquet": "second"}),
        (["train-0000.tar", "train-0001.tar"], "none", {"train-0000.tar": "train", "train-0001.tar": "train"}),
        (["en/train.parquet", "en/test.parquet"], "test", {"en/test.parquet": "en/test"}),
        (["en/test.parquet", "test.parquet"], "test", {"test.parquet": "test"}),
        (["a/dev.parquet", "a/test.parquet"], "a/*", {"a/dev.parquet": "a/dev", "a/test.parquet": "a/test"}),
        ([], "none", {}),
    ],
)
def test_chosen(paths: list[str], wanted: str, chosen: dict[str, str]) -> None:
    assert paths_of_part(paths, wanted, "here") == chosen


def test_lists_of_lhotse_are_never_shards_of_each_other() -> None:
    with pytest.raises(EarwitnessError, match=r"^here: has the parts m, s: name one as the corpus's key 'part'$"):
        paths_of_part(["s", "m"], "none", "here", str, may_be_shards=False)


def test_many_parts_are_named_in_short() -> None:
    with pytest.raises(EarwitnessError, match=r"train00, train01, .*train19 and 10 more: name one"):
        paths_of_part([f"train{number:02d}.parquet" for number in range(30)], "none", "here")
