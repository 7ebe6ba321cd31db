"""An audit of a closed model, stage by stage: every row has its place; what is not told leaves out what needs it."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import soundfile
import torch
import yaml

from stages.attacks.__main__ import work as attacks
from stages.blind_baseline.__main__ import work as blind_baseline
from stages.core.errors import EarwitnessError
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.failures import NO_LOGPROBS, OWN_ONLY
from stages.core.schemas.features import features_schema
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.sound.audio import RATE, audio_hash, decode_flac, encode_flac
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.core.store.tables import read_table, write_table
from stages.evaluation.__main__ import work as evaluation
from stages.fidelity_detector.__main__ import work as fidelity_detector
from stages.logits.__main__ import work as logits
from stages.models.families.qwen2_audio import Qwen2AudioAdapter
from stages.models.loading import load_checkpoint
from stages.models.options import LoadOptions
from stages.target.__main__ import work as target
from tests.params import Whole, load_whole, own_params
from tests.stages.models.serving import Entry, Serving
from tests.summaries import summary_of

CORPUS, AUDIT, TARGET = "calls", "closed", "served"
CLIPS = 16


@dataclass
class Project:
    """What a test works on."""

    params: Whole
    serving: Serving


@pytest.fixture(params=[True, False], ids=["scores prompts", "own answers"])
def project(
    request: pytest.FixtureRequest, repository: Path, tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """A folder with a corpus, and an endpoint that serves a small target."""
    adapter = load_checkpoint(checkpoint.as_posix(), LoadOptions())
    serving = Serving(adapter, scores_prompts=request.param)
    condition = "given" if request.param else "generated"
    monkeypatch.chdir(tmp_path)
    primary = [f"{name}/transcript/{condition}/0" for name in ("loss", "min_k@20", "min_k_pp@20")]
    content = own_params(
        {CORPUS: "column"},
        targets={TARGET: {"model": f"{serving.address}#small", "revision": "first", "dtype": "float32"}},
        audits={AUDIT: {"corpus": CORPUS, "target": TARGET, "reference": "none"}},
        logits={"conditions": ["given", "generated"], "generated_tokens": 6, "batch_size": 4},
        evaluation={"primary_attacks": primary},
    )
    Path("params.yaml").write_text(yaml.safe_dump(content))
    write_corpus()
    threads = torch.get_num_threads()
    yield Project(load_whole(), serving)
    torch.set_num_threads(threads)
    serving.close()


def write_corpus() -> None:
    """Write what the stages before would have written: clips of noise, each with one neighbour of each kind."""
    rng = np.random.default_rng(7)
    clips, neighbours = [], []
    for number in range(CLIPS):
        samples = (0.1 * rng.standard_normal(RATE // 2)).astype(np.float32)
        ids = {"clip_id": f"clip_{number:02d}", "text": f"clip {number}"}
        labels = {"member": number % 2 == 0, "speaker": f"s{number % 8}", "seconds": 0.5}
        clips.append({**ids, **labels, "audio": encode_flac(samples)})
        quiet = {"audio": encode_flac(0.5 * samples), "audio_hash": audio_hash(0.5 * samples)}
        common = {**ids, "seconds": 0.5, "recipe": "{}", "audio": None, "audio_hash": audio_hash(samples)}
        for kind, name, change in (
            ("audio", "gain", quiet),
            ("original", "original", {}),
            ("text", "swap_words", {"text": f"{number} clip"}),
        ):
            made = {"neighbour_id": f"clip_{number:02d}/{name}/0", "kind": kind, "perturbation": name}
            neighbours.append({**common, **made, **change})
    _write(artifact("corpus", CORPUS, "clips.parquet"), clips, CLIPS_SCHEMA)
    write_json(artifact("corpus", CORPUS, "summary.json"), summary_of(corpus=CORPUS).plain())
    _write(artifact("perturbation", CORPUS, "neighbours.parquet"), neighbours, NEIGHBOURS_SCHEMA)
    features = [{"clip_id": clip["clip_id"], "spectral.x": float(rng.normal())} for clip in clips]
    _write(artifact("features", CORPUS, "features.parquet"), features, features_schema(["spectral.x"]))
    schema = features_schema(["spectral.x"], ["neighbour_id", "clip_id", "perturbation"])
    _write(artifact("features", CORPUS, "pairings.parquet"), [], schema)


def _write(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    write_table(path, pa.Table.from_pylist(rows, schema), schema)


def primary_only(attack: str, params: Whole) -> Whole:
    return params.model_copy(update={"evaluation": params.evaluation.model_copy(update={"primary_attacks": [attack]})})


def tokens() -> list[dict[str, Any]]:
    return list(read_table(artifact("logits", AUDIT, "tokens.parquet")).to_pylist())


def test_a_closed_model_is_audited(project: Project) -> None:
    params = project.params
    target(TARGET, params)
    logits(AUDIT, params)
    rows = tokens()
    assert len(rows) == CLIPS * (3 + 2) * len(params.logits.slices)  # text neighbours have no generated row
    refused = [row for row in rows if row["failure"] is not None]
    if project.serving.scores_prompts:
        assert not refused
    else:
        assert {row["failure"] for row in refused} == {OWN_ONLY}
        assert {row["neighbour_id"] for row in refused if row["condition"] == "given"} == {
            row["neighbour_id"] for row in rows
        }
        assert {row["condition"] for row in refused} == {"given"}
    assert all(row["mean_logprob"] is None for row in rows)
    attacks(AUDIT, params)
    fidelity_detector(AUDIT, params)
    blind_baseline(CORPUS, params)
    evaluation(AUDIT, params)
    found = read_json(artifact("evaluation", AUDIT, "details.json"))
    *told, untold = params.evaluation.primary_attacks
    assert {name for name, attack in found["attacks"].items() if attack["primary"]} == set(told)
    assert all(found["attacks"][name]["auc"] is not None for name in told)
    assert f"{untold} could not be scored: the target lacks the statistics that it needs" in found["verdict"]["reasons"]
    assert found["verdict"]["finding"] in {"not_detected", "underpowered", "confounded"}
    assert not [name for name in found["attacks"] if name.startswith(("min_k_pp", "max_renyi", "modified"))]
    with pytest.raises(EarwitnessError, match=r"lacks the statistics that they need: add some of .*loss/"):
        evaluation(AUDIT, primary_only(untold, params))


def test_what_was_answered_before_a_failure_is_not_asked_again(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    target(TARGET, project.params)
    project.serving.faults.extend([""] * 30 + ["500/0"] * 1000)
    with pytest.raises(EarwitnessError, match="answers status 500, 6 times: run again when it is back"):
        logits(AUDIT, project.params)
    assert not artifact("logits", AUDIT, "tokens.parquet").exists()
    project.serving.faults.clear()
    capsys.readouterr()
    logits(AUDIT, project.params)
    counted = re.search(r"logits/tokens: (\d+) rows computed, (\d+) reused", capsys.readouterr().out)
    assert counted is not None
    assert int(counted[2]) >= 4
    assert int(counted[1]) + int(counted[2]) == CLIPS * (3 + 2)
    assert len(tokens()) == CLIPS * (3 + 2)


def test_rows_without_an_answer_are_asked_again_and_only_they(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    target(TARGET, project.params)
    taken_up = [""] if project.serving.scores_prompts else ["", ""]  # questions that find out what it scores
    project.serving.faults.extend([*taken_up, *["400"] * 3])
    logits(AUDIT, project.params)
    before = tokens()
    failed = [row for row in before if row["failure"] == "answers status 400"]
    assert 1 <= len(failed) <= 3
    assert all(row["token_ids"] == [] for row in failed)
    capsys.readouterr()
    logits(AUDIT, project.params)
    assert f"logits/tokens: {len(failed)} rows computed, {len(before) - len(failed)} reused" in capsys.readouterr().out
    after = tokens()
    assert {row["failure"] for row in after} <= {None, OWN_ONLY}
    kept = [[repr(row) for row in rows if names(row) not in map(names, failed)] for rows in (before, after)]
    assert kept[0] == kept[1]  # by what they print: a rank that is not told is NaN, which equals nothing
    logits(AUDIT, project.params)
    assert f"logits/tokens: 0 rows computed, {len(before)} reused" in capsys.readouterr().out


def names(row: dict[str, Any]) -> tuple[str, str]:
    return row["neighbour_id"], row["condition"]


def test_a_deaf_endpoint_is_not_audible_and_asked_no_further(project: Project) -> None:
    project.serving.deaf = True
    target(TARGET, project.params)
    assert read_json(artifact("target", TARGET, "target.json"))["audible"] is False
    asked = len(project.serving.keys)
    logits(AUDIT, project.params)
    attacks(AUDIT, project.params)
    fidelity_detector(AUDIT, project.params)
    blind_baseline(CORPUS, project.params)
    evaluation(AUDIT, project.params)
    assert len(project.serving.keys) == asked
    assert tokens() == []
    assert read_json(artifact("evaluation", AUDIT, "verdict.json"))["finding"] == "not_audible"


class Remembering(Serving):
    """An endpoint that gives texts alone: the transcripts of members, one wrong word for others, and some it refuses.

    Parameters
    ----------
    known : dict of str to str
        Its answers by the hash of the sound; another sound is named.
    """

    def __init__(self, adapter: Qwen2AudioAdapter, known: dict[str, str]) -> None:
        super().__init__(adapter, scores_prompts=False)
        self.known = known

    def answer(self, question: Entry) -> Entry:
        """Answer as a service does that ignores what it is asked about log-probabilities."""
        sound = question["messages"][0]["content"][0]["input_audio"]["data"]
        heard = audio_hash(soundfile.read(io.BytesIO(base64.b64decode(sound)), dtype="float32")[0])
        text = self.known.get(heard, f"A sound like {heard}.")
        message = {"role": "assistant", "content": text or None} | ({} if text else {"refusal": "No."})
        return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def test_a_model_that_gives_only_texts_is_audited_by_its_answers(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_corpus()
    clips = read_table(artifact("corpus", CORPUS, "clips.parquet")).to_pylist()
    known = {}
    for clip in clips:
        text = clip["text"] if clip["member"] else f"clap {clip['text'].split()[1]}"
        for level in (1.0, 0.5):
            samples = decode_flac(encode_flac(np.float32(level) * decode_flac(clip["audio"])))
            known[audio_hash(samples)] = text
    refused = audio_hash(decode_flac(clips[3]["audio"]))
    adapter = load_checkpoint(checkpoint.as_posix(), LoadOptions())
    assert isinstance(adapter, Qwen2AudioAdapter)
    serving = Remembering(adapter, known | {refused: ""})
    primary = ["sampling/transcript/given/0", "word_error/transcript/given/0"]
    content = own_params(
        {CORPUS: "column"},
        targets={TARGET: {"model": f"{serving.address}#small", "revision": "first", "dtype": "float32"}},
        audits={AUDIT: {"corpus": CORPUS, "target": TARGET, "reference": "none"}},
        logits={"conditions": ["given"], "probes": ["sampling", "word_error"], "batch_size": 4},
        evaluation={"primary_attacks": primary},
    )
    Path("params.yaml").write_text(yaml.safe_dump(content))
    params = load_whole()
    target(TARGET, params)
    record = read_json(artifact("target", TARGET, "target.json"))
    assert record["audible"] is True
    assert set(record["audio_effect"]) == {"swapped", "silent"}
    logits(AUDIT, params)
    assert {row["failure"] for row in tokens()} == {NO_LOGPROBS}
    probes = read_table(artifact("logits", AUDIT, "probes.parquet")).to_pylist()
    assert len(probes) == 2 * (CLIPS - 1)
    capsys.readouterr()
    serving.known[refused] = known[refused]
    logits(AUDIT, params)
    told = capsys.readouterr().out
    assert "logits/probes/word_error: 1 rows computed, 15 reused" in told
    assert f"logits/tokens: 0 rows computed, {CLIPS * 3} reused" in told
    serving.close()
    attacks(AUDIT, params)
    fidelity_detector(AUDIT, params)
    blind_baseline(CORPUS, params)
    evaluation(AUDIT, params)
    found = read_json(artifact("evaluation", AUDIT, "details.json"))
    assert {name for name, attack in found["attacks"].items() if attack["primary"]} == set(primary)
    assert [found["attacks"][name]["auc"] for name in primary] == [1.0, 1.0]
    assert found["verdict"]["finding"] in {"memorised", "not_detected", "underpowered", "confounded", "unresolved"}
