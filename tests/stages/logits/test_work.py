"""The stage on a small, untrained Qwen2-Audio: what it writes, and which rows it computes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
import yaml

from stages.core.errors import EarwitnessError
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.audio import RATE, audio_hash, encode_flac
from stages.core.store.jsonfile import artifact
from stages.core.store.rowcache import RowCache
from stages.core.store.tables import read_table, write_table
from stages.lab_target.build import build_adapter
from stages.logits.__main__ import work
from stages.models.adapter import Query, Reduced
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.loading import load_adapter
from stages.models.record import TargetRecord, read_record, write_record
from tests.params import Whole

CORPUS, AUDIT = "small", "small_audit"
SECONDS = {"a": 0.5, "b": 1.1, "c": 6.0, "d": 0.8}


def sound(clip_id: str, seconds: float) -> np.ndarray:
    rng = np.random.default_rng(ord(clip_id[0]))
    return (0.1 * rng.standard_normal(int(seconds * RATE))).astype(np.float32)


def write_corpus(clip_ids: str) -> None:
    clips, neighbours = [], []
    for clip_id in clip_ids:
        samples = sound(clip_id, SECONDS.get(clip_id, 0.6))
        quieter = 0.5 * samples
        clips.append({"clip_id": clip_id, "audio": encode_flac(samples), "text": f"clip {clip_id}"})
        common = {"clip_id": clip_id, "recipe": "{}", "audio": None, "audio_hash": audio_hash(samples)}
        common["seconds"] = len(samples) / RATE
        made = {"audio": encode_flac(quieter), "audio_hash": audio_hash(quieter)}
        for kind, name, change in (
            ("audio", "gain", made),
            ("original", "original", {}),
            ("text", "swap_words", {"text": f"{clip_id} clip"}),
        ):
            ids = {"neighbour_id": f"{clip_id}/{name}/0", "kind": kind, "perturbation": name}
            neighbours.append({**common, "text": f"clip {clip_id}", **ids, **change})
    write_table(artifact("corpus", CORPUS, "clips.parquet"), pa.Table.from_pylist(clips, CLIPS_SCHEMA), CLIPS_SCHEMA)
    write_table(
        artifact("perturbation", CORPUS, "neighbours.parquet"),
        pa.Table.from_pylist(neighbours, NEIGHBOURS_SCHEMA),
        NEIGHBOURS_SCHEMA,
    )


@pytest.fixture
def project(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Whole]:
    """A folder with two small targets, four clips and their neighbours."""
    content = yaml.safe_load((repository / "params.yaml").read_text())
    content["corpora"] = {CORPUS: {"split": "matched", "member": "column"}}
    content["copies"] = {}
    content["attribute_leakage"]["audits"] = {}
    content["audits"] = {AUDIT: {"corpus": CORPUS, "target": "lab_base", "reference": "other"}}
    content["targets"] = {"other": {"model": "other", "revision": "none", "dtype": "float32"}}
    content["logits"]["slices"] = ["audio", "instruction", "transcript"]
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("lab_base", "other")):
        build_adapter(number).save(tmp_path / name)
        write_record(record(name))
    write_corpus("abcd")
    threads = torch.get_num_threads()
    yield Whole.model_validate(content)
    torch.set_num_threads(threads)


def record(name: str, **changes: Any) -> TargetRecord:
    return TargetRecord(
        **{
            "name": name,
            "model": name,
            "revision": "",
            "weight_hash": f"of {name}",
            "architecture": "qwen2_audio",
            "parameters": 1,
            "dtype": "float32",
            "attention": "sdpa",
            "window_seconds": 4.0,
            "audible": True,
            "audio_effect": {},
            **changes,
        }
    )


def rows() -> list[dict[str, Any]]:
    return list(read_table(artifact("logits", AUDIT, "tokens.parquet")).to_pylist())


def computed(caplog_text: str) -> list[int]:
    """Return the counts of computed rows that the stage printed: of statistics, then of embeddings."""
    return [int(line.split(": ")[1].split()[0]) for line in caplog_text.splitlines() if "rows computed" in line]


def test_every_row_is_there_once_in_order_and_as_the_target_says(project: Whole) -> None:
    work(AUDIT, project)
    found = rows()
    ids = [(row["neighbour_id"], row["instruction"], row["role"], row["slice"]) for row in found]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids) == 4 * 3 * 2 * 3
    row = next(row for row in found if ids[found.index(row)] == ("b/swap_words/0", 0, "target", "transcript"))
    samples = sound("b", SECONDS["b"])
    query = Query(samples, audio_hash(samples), project.logits.instructions[0], "b clip")
    alone = load_adapter(read_record("lab_base")).forced([query], ["transcript"])[0]
    logprob = torch.log_softmax(alone.logits["transcript"], -1).gather(1, alone.token_ids["transcript"][:, None])[:, 0]
    np.testing.assert_allclose(row["logprob"], logprob.numpy(), atol=1e-4)
    assert row["token_ids"] == alone.token_ids["transcript"].tolist()
    embeddings = read_table(artifact("logits", AUDIT, "embeddings.parquet"))
    assert embeddings.num_rows == 4 * 3 * 2
    assert read_table(artifact("logits", AUDIT, "probes.parquet")).num_rows == 0


def test_what_the_window_cut_is_recorded(project: Whole) -> None:
    work(AUDIT, project)
    cut = {row["neighbour_id"].split("/")[0]: row["seconds_cut"] for row in rows()}
    assert cut == {"a": 0.0, "b": 0.0, "c": pytest.approx(2.0), "d": 0.0}


def rewrite_text(clip_id: str, text: str) -> None:
    path = artifact("perturbation", CORPUS, "neighbours.parquet")
    changed = [{**row, "text": text} if row["clip_id"] == clip_id else row for row in read_table(path).to_pylist()]
    write_table(path, pa.Table.from_pylist(changed, NEIGHBOURS_SCHEMA), NEIGHBOURS_SCHEMA)


def test_an_empty_transcript_is_scored_by_the_token_that_ends_it(project: Whole) -> None:
    rewrite_text("b", "")
    work(AUDIT, project)
    found = [row for row in rows() if row["neighbour_id"].startswith("b/") and row["slice"] == "transcript"]
    assert len(found) == 3 * 2
    assert all(len(row["token_ids"]) == 1 and np.isfinite(row["logprob"]).all() for row in found)


def test_a_transcript_without_tokens_for_it_stops_the_stage(project: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite_text("b", "Berta")
    tokenizer = load_adapter(read_record("lab_base")).parts.tokenizer
    monkeypatch.setattr(type(tokenizer), "unk_token_id", tokenizer.convert_tokens_to_ids("B"), raising=False)
    with pytest.raises(EarwitnessError, match="no token for a part of the transcript 'Berta'"):
        work(AUDIT, project)
    assert not artifact("logits", AUDIT).exists()


def test_only_new_clips_are_computed(project: Whole, capsys: pytest.CaptureFixture[str]) -> None:
    work(AUDIT, project)
    before = rows()
    assert computed(capsys.readouterr().out) == [72, 24]
    work(AUDIT, project)
    assert computed(capsys.readouterr().out) == [0, 0]
    assert rows() == before
    write_corpus("abcdef")
    work(AUDIT, project)
    assert computed(capsys.readouterr().out) == [36, 12]
    assert [row for row in rows() if row["neighbour_id"][0] in "abcd"] == before


def test_other_weights_and_another_instruction_are_other_rows(
    project: Whole, capsys: pytest.CaptureFixture[str]
) -> None:
    work(AUDIT, project)
    write_record(record("other", weight_hash="of others"))
    work(AUDIT, project)
    logits = project.logits.model_copy(update={"instructions": [*project.logits.instructions, "Repeat."]})
    work(AUDIT, project.model_copy(update={"logits": logits}))
    assert computed(capsys.readouterr().out) == [72, 24, 36, 12, 72, 24]


def test_the_targets_own_transcript_is_scored_where_asked(project: Whole, capsys: pytest.CaptureFixture[str]) -> None:
    logits = project.logits.model_copy(update={"conditions": ["given", "generated"], "generated_tokens": 5})
    both = project.model_copy(update={"logits": logits})
    work(AUDIT, both)
    generated = [row for row in rows() if row["condition"] == "generated"]
    # Neighbours by other text have no row of their own: their text is not asked for.
    assert {row["neighbour_id"].split("/")[1] for row in generated} == {"gain", "original"}
    assert len(generated) == 4 * 2 * 2 * 3
    row = next(row for row in generated if (row["neighbour_id"], row["role"]) == ("b/original/0", "target"))
    adapter, samples = load_adapter(read_record("lab_base")), sound("b", SECONDS["b"])
    query = Query(samples, audio_hash(samples), project.logits.instructions[0], "ignored")
    assert row["text"] == adapter.generate([query], 5)[0]
    alone = adapter.forced([replace(query, text=row["text"])], ["transcript"])[0]
    of_tokens = torch.log_softmax(alone.logits["transcript"], -1)
    transcript = next(
        other for other in generated if other["slice"] == "transcript" and identity(other) == identity(row)
    )
    np.testing.assert_allclose(
        transcript["logprob"], of_tokens.gather(1, alone.token_ids["transcript"][:, None])[:, 0].numpy(), atol=1e-4
    )
    capsys.readouterr()
    work(AUDIT, both)
    longer = project.logits.model_copy(update={"conditions": ["given", "generated"], "generated_tokens": 6})
    work(AUDIT, project.model_copy(update={"logits": longer}))
    assert computed(capsys.readouterr().out) == [0, 0, 48, 16]  # another bound, other generated rows


def identity(row: dict[str, Any]) -> tuple[str, str]:
    return row["neighbour_id"], row["role"]


def test_instructions_are_audited_each(project: Whole) -> None:
    instructions = [*project.logits.instructions, "Repeat."]
    work(AUDIT, project.model_copy(update={"logits": project.logits.model_copy(update={"instructions": instructions})}))
    found = [row for row in rows() if row["slice"] == "instruction" and row["role"] == "target"]
    assert {row["instruction"]: len(row["token_ids"]) for row in found} == {0: len(instructions[0]), 1: len("Repeat.")}
    assert len(found) == 4 * 3 * 2


def test_what_runs_out_of_memory_is_run_in_halves(project: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    work(AUDIT, project)
    before = rows()
    whole = Qwen2AudioAdapter.reduced

    def reduced(adapter: Qwen2AudioAdapter, queries: Sequence[Query], *others: Any) -> list[Reduced]:
        if len(queries) > 3:
            raise MemoryError
        return whole(adapter, queries, *others)

    monkeypatch.setattr(Qwen2AudioAdapter, "reduced", reduced)
    monkeypatch.setenv("EARWITNESS_FRESH", "1")
    work(AUDIT, project)
    for row, other in zip(rows(), before, strict=True):
        assert [row[name] for name in ("neighbour_id", "role", "slice")] == [
            other[name] for name in ("neighbour_id", "role", "slice")
        ]
        np.testing.assert_allclose(row["logprob"], other["logprob"], atol=1e-4)


def test_a_deaf_target_is_audited_no_further(project: Whole) -> None:
    write_record(record("lab_base", audible=False))
    work(AUDIT, project)
    assert rows() == []


def test_a_killed_run_resumes_at_its_last_part(
    project: Whole, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Stands for a signal: nothing catches it."""

    appended = RowCache.append

    def append_then_die(cache: RowCache, keys: list[str], table: pa.Table) -> None:
        appended(cache, keys, table)
        cache.flush()
        if cache.name == "logits/embeddings":
            raise Killed

    small = project.logits.model_copy(update={"batch_size": 5})
    params = project.model_copy(update={"logits": small})
    with monkeypatch.context() as patch:
        patch.setattr(RowCache, "append", append_then_die)
        with pytest.raises(Killed):
            work(AUDIT, params)
    assert not artifact("logits", AUDIT, "tokens.parquet").exists()
    work(AUDIT, params)
    assert computed(capsys.readouterr().out) == [72 - 5 * 3, 24 - 5]
    assert len(os.listdir(".cache/rows/logits/tokens")) > 1
