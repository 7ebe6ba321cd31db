"""Both stages as they are run: artifacts in, artifacts out."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stages.blind_baseline.__main__ import work as blind_baseline
from stages.core.errors import EarwitnessError
from stages.core.results.membership import MembershipResult
from stages.core.schemas.attacks import ATTACK_SCORES_SCHEMA, NEIGHBOUR_SCORES_SCHEMA
from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.features import features_schema
from stages.core.schemas.fidelity_detector import DETECTOR_SCORES_SCHEMA
from stages.core.store.jsonfile import artifact, read_json, write_json
from stages.core.store.tables import read_table, write_table
from stages.evaluation.__main__ import work as evaluation
from stages.evaluation.headlines import headlines
from stages.evaluation.scenario import Scenario, draw
from tests.params import Whole, load_whole
from tests.summaries import both, summary_of

CORPUS, AUDIT = "lab_trained", "trained"


@pytest.fixture
def params(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Whole:
    loaded = load_whole(repository / "params.yaml")
    monkeypatch.chdir(tmp_path)
    return loaded


def write_audit(params: Whole, audible: bool = True, unlabelled: int = 0, long: int = 0, **factors: Any) -> None:
    """Write what the stages before would have written: 300 clips, the primary attacks and an exploratory one."""
    drawn = draw(Scenario(side=150, speakers=30, **factors), np.random.default_rng(0))
    order = np.random.default_rng(1).permutation(300)
    ids = [f"clip_{index:03d}" for index in range(300)]
    member: list[bool | None] = [bool(drawn["member"][row]) for row in order]
    member[:unlabelled] = [None] * unlabelled
    clips: dict[str, Any] = {
        "clip_id": ids,
        "member": member,
        "speaker": [f"s{drawn['speaker'][row]}" for row in order],
        "seconds": [5.0 if at < long else 2.0 for at in range(300)],
    }
    columns = [pa.array(clips.get(field.name, [None] * 300), field.type) for field in CLIPS_SCHEMA]
    write_table(artifact("corpus", CORPUS, "clips.parquet"), pa.table(columns, CLIPS_SCHEMA), CLIPS_SCHEMA)
    summary = summary_of(corpus=CORPUS, unknown_membership=unlabelled)
    write_json(artifact("corpus", CORPUS, "summary.json"), summary.plain())
    features = {f"{family}.x": drawn["features"][order, index] for index, family in enumerate(params.features.families)}
    schema = features_schema(list(features))
    write_table(
        artifact("features", CORPUS, "features.parquet"), pa.table({"clip_id": ids, **features}).cast(schema), schema
    )
    pairings = features_schema(["spectral.x"], ["neighbour_id", "clip_id", "perturbation"])
    write_table(artifact("features", CORPUS, "pairings.parquet"), pairings.empty_table(), pairings)
    rows = []
    names = [*params.evaluation.primary_attacks, "zlib/transcript/given/0"]
    for role, scores in (("target", drawn["scores"]), ("reference", drawn["reference_scores"])):
        for name, column in zip(names, scores.values(), strict=True):
            attack, part, condition, instruction = name.split("/")
            key = {
                "role": role,
                "attack": attack,
                "slice": part,
                "condition": condition,
                "instruction": int(instruction),
            }
            rows += [{"clip_id": ids[at], **key, "score": column[row]} for at, row in enumerate(order)]
    attack_scores = pa.Table.from_pylist(rows, ATTACK_SCORES_SCHEMA)
    write_table(artifact("attacks", AUDIT, "scores.parquet"), attack_scores, ATTACK_SCORES_SCHEMA)
    kinds = {name.split("/")[0]: {"uses_reference": False, "uses_labels": False} for name in names}
    kinds["recall"] = {"uses_reference": False, "uses_labels": True}
    write_json(artifact("attacks", AUDIT, "attacks.json"), kinds)
    write_json(artifact("attacks", AUDIT, "unscored.json"), {})
    noisy = [
        {"neighbour_id": f"{id_}/noise/0", "clip_id": id_, "perturbation": "noise", "role": "target", "score": 0.0}
        | {"kind": "audio", "attack": "loss", "slice": "transcript", "condition": "given", "instruction": 0}
        for id_ in ids
    ]
    schema = NEIGHBOUR_SCORES_SCHEMA
    write_table(artifact("attacks", AUDIT, "neighbour_scores.parquet"), pa.Table.from_pylist(noisy, schema), schema)
    detector = attack_scores.slice(0, 300).select(["clip_id", "role", "score"])
    write_table(artifact("fidelity_detector", AUDIT, "scores.parquet"), detector, DETECTOR_SCORES_SCHEMA)
    write_record(params.audits[AUDIT].target, audible=audible)
    write_record(params.audits[AUDIT].reference)


def write_record(name: str, audible: bool = True, **fields: Any) -> None:
    plain = {"audible": audible, "architecture": "qwen2_audio", "dtype": "float32", "quantization": "none"}
    write_json(artifact("target", name, "target.json"), plain | fields)


def audited(params: Whole) -> dict[str, Any]:
    blind_baseline(CORPUS, params)
    evaluation(AUDIT, params)
    return dict(read_json(artifact("evaluation", AUDIT, "details.json")))


def test_an_audit_of_memory(params: Whole) -> None:
    write_audit(params, memory=1.0)
    found = audited(params)
    assert found["verdict"]["finding"] == "memorised"
    assert found["clips"] == {"member": 150, "non_member": 150, "speakers": 30}
    assert set(found["blind"]) == {"recording", "spectral", "prosodic", "textual", "acoustic", "fused"}
    primary = {name for name, attack in found["attacks"].items() if attack["primary"]}
    assert primary == set(params.evaluation.primary_attacks)
    assert set(found["attacks"]) - primary == {"zlib/transcript/given/0", "fidelity_detector"}
    assert found["attacks"]["fidelity_detector"]["reference_auc"] is None
    loss = "loss/transcript/given/0"
    only = found["sensitivity"]["corrupted_only"][loss]
    assert only["original"]["auc"] == pytest.approx(found["attacks"][loss]["auc"])
    assert only["noise"]["auc"] == 0.5
    assert found["canaries"] is None
    assert found["sets"]["p"] == 0.001
    verdict = read_json(artifact("evaluation", AUDIT, "verdict.json"))
    assert verdict == verdict | found["verdict"]
    assert len(verdict["because"]) == len(verdict["reasons"])
    result = MembershipResult.model_validate(found)
    assert result.plain() == found
    assert read_json(artifact("evaluation", AUDIT, "metrics.json")) == headlines(result)
    assert (verdict["audit"], verdict["corpus"], verdict["split"]) == (AUDIT, CORPUS, "randomised")
    curve = artifact("evaluation", AUDIT, "roc.csv").read_text().splitlines()
    assert curve[0] == "attack,clips,false_positive_rate,true_positive_rate"
    assert 100 < len(curve) < 500


def test_a_matched_subset_is_read_as_it_was_written(params: Whole) -> None:
    write_audit(params, memory=1.0, shift=0.8)
    found = audited(params)
    matched = read_table(artifact("blind_baseline", CORPUS, "matched.parquet"))
    assert found["population"]["kind"] == "matched"
    assert found["population"]["member"] == found["population"]["non_member"] == matched.num_rows // 2
    assert matched["pair"].to_numpy().max() == matched.num_rows // 2 - 1


def test_the_same_input_gives_the_same_bytes(params: Whole) -> None:
    write_audit(params, shift=0.5)
    audited(params)
    files = sorted(Path("data/evaluation").rglob("*.*")) + sorted(Path("data/blind_baseline").rglob("*.*"))
    before = [file.read_bytes() for file in files]
    audited(params)
    assert [file.read_bytes() for file in files] == before
    assert len(files) == 8


@pytest.mark.parametrize(("shift", "kind"), [(0.0, "whole"), (0.8, "matched")])
def test_clips_that_the_models_do_not_hear_whole_are_no_evidence(params: Whole, shift: float, kind: str) -> None:
    write_audit(params, memory=1.0, shift=shift, long=50)
    write_record(params.audits[AUDIT].target, window_seconds=30.0)
    write_record(params.audits[AUDIT].reference, window_seconds=4.0)
    found = audited(params)
    assert found["window"] == {"seconds": 4.0, "clips_cut": 50}
    assert found["clips"]["member"] + found["clips"]["non_member"] == 250
    assert found["population"]["kind"] == kind
    assert found["population"]["member"] == found["population"]["non_member"] or kind == "whole"
    assert "50 of 300 clips are longer than the 4 s that the models hear" in "".join(found["verdict"]["reasons"])
    included = params.evaluation.model_copy(update={"cut_clips": "include"})
    found = audited(params.model_copy(update={"evaluation": included}))
    assert found["clips"]["member"] + found["clips"]["non_member"] == 300
    assert found["verdict"]["because"][-1]["code"] == "clips_cut"


def test_clips_all_of_which_are_too_long_show_nothing(params: Whole) -> None:
    write_audit(params, memory=1.0, long=300)
    write_record(params.audits[AUDIT].target, window_seconds=4.0)
    found = audited(params)
    assert found["verdict"]["finding"] == "underpowered"
    assert found["clips"]["member"] == 0


def test_a_reference_that_is_run_otherwise_controls_nothing(params: Whole) -> None:
    posthoc = {CORPUS: params.corpora[CORPUS].model_copy(update={"split": "post_hoc"})}
    params = params.model_copy(update={"corpora": {**params.corpora, **posthoc}})
    write_audit(params, memory=1.0)
    assert audited(params)["verdict"]["finding"] == "suspected"
    write_record(params.audits[AUDIT].reference, dtype="bfloat16")
    found = audited(params)
    assert found["verdict"]["finding"] == "unresolved"
    assert all(found["attacks"][name]["calibrated_difference"] is None for name in params.evaluation.primary_attacks)
    codes = [reason["code"] for reason in found["verdict"]["because"]]
    assert codes.count("reference_run_otherwise") == 1
    sentence = found["verdict"]["reasons"][codes.index("reference_run_otherwise")]
    assert "the target is run here in float32, and the reference is run here in bfloat16" in sentence


def test_a_reference_that_is_run_otherwise_is_named_whatever_is_found(params: Whole) -> None:
    write_audit(params, memory=1.0)
    write_record(params.audits[AUDIT].reference, quantization="int8")
    found = audited(params)["verdict"]
    assert found["finding"] == "memorised"  # a random split needs no reference
    assert "quantised to int8" in found["reasons"][-1]


def test_a_deaf_target_is_not_audible(params: Whole) -> None:
    write_audit(params, audible=False, memory=1.0)
    write_table(artifact("attacks", AUDIT, "scores.parquet"), ATTACK_SCORES_SCHEMA.empty_table(), ATTACK_SCORES_SCHEMA)
    empty = DETECTOR_SCORES_SCHEMA.empty_table()
    write_table(artifact("fidelity_detector", AUDIT, "scores.parquet"), empty, DETECTOR_SCORES_SCHEMA)
    found = audited(params)
    assert found["verdict"]["finding"] == "not_audible"
    assert set(found["attacks"]) == set(params.evaluation.primary_attacks)


NO_PRIMARY = ["fidelity_detector", "ratio/transcript/given/0", "recall/transcript/given/0", "los/transcript/given/0"]


@pytest.mark.parametrize("attack", NO_PRIMARY)
def test_what_is_learned_or_reads_the_reference_or_is_misspelt_cannot_be_primary(params: Whole, attack: str) -> None:
    write_audit(params)
    path = artifact("attacks", AUDIT, "scores.parquet")
    ratio = {"clip_id": "clip_000", "role": "target", "attack": "ratio", "slice": "transcript", "condition": "given"}
    more = pa.Table.from_pylist([{**ratio, "instruction": 0, "score": 1.0}], ATTACK_SCORES_SCHEMA)
    write_table(path, pa.concat_tables([read_table(path), more]), ATTACK_SCORES_SCHEMA)
    settings = params.evaluation.model_copy(update={"primary_attacks": [attack]})
    with pytest.raises(EarwitnessError, match=r"evaluation\.primary_attacks"):
        audited(params.model_copy(update={"evaluation": settings}))


def test_clips_without_a_label_are_scored(params: Whole) -> None:
    write_audit(params, memory=1.0, unlabelled=20)
    found = audited(params)
    assert sum(found["clips"][side] for side in ("member", "non_member")) == 280
    assert "20 clips of unknown membership were left out" in found["verdict"]["reasons"]
    assert read_table(artifact("blind_baseline", CORPUS, "scores.parquet")).num_rows == 300 * 6


def test_a_verdict_says_blank_transcripts_and_what_contradicts_itself(params: Whole) -> None:
    write_audit(params, memory=1.0, unlabelled=20)
    shared = summary_of(corpus=CORPUS, blank_members=30, both_sides=both(sounds=7, clips=20))
    write_json(artifact("corpus", CORPUS, "summary.json"), shared.plain())
    verdict = audited(params)["verdict"]
    said = {reason["code"]: reason["figures"] for reason in verdict["because"]}
    assert verdict["finding"] == "memorised"
    assert said["sounds_on_both_sides"] == {"sounds": 7, "clips": 20}
    assert (said["transcripts_blank"]["clips"], said["transcripts_blank"]["percent"]) == (30, 10.0)
    assert "labels_unknown" not in said


@pytest.mark.parametrize(
    ("column", "values", "finding"),
    [
        ("member", [True] * 300, "underpowered"),
        ("member", [True] * 299 + [False], "underpowered"),
        ("speaker", ["s0"] * 300, "memorised"),
        ("speaker", [None] * 300, "memorised"),
    ],
    ids=["all members", "one non-member", "one speaker", "no speaker known"],
)
def test_odd_corpora_end_in_a_clear_finding(
    params: Whole, column: str, values: list[bool | str | None], finding: str
) -> None:
    write_audit(params, memory=1.0)
    path = artifact("corpus", CORPUS, "clips.parquet")
    clips = read_table(path)
    place = clips.column_names.index(column)
    changed = clips.set_column(place, column, pa.array(values, CLIPS_SCHEMA.field(column).type))
    write_table(path, changed, CLIPS_SCHEMA)
    found = audited(params)["verdict"]
    assert found["finding"] == finding
    assert all(found["reasons"])


def test_no_label_at_all_is_underpowered(params: Whole) -> None:
    write_audit(params, unlabelled=300)
    assert audited(params)["verdict"]["finding"] == "underpowered"


def test_an_unknown_primary_attack_is_named(params: Whole) -> None:
    write_audit(params)
    blind_baseline(CORPUS, params)
    wrong = params.evaluation.model_copy(update={"primary_attacks": ["los/transcript/given/0"]})
    with pytest.raises(EarwitnessError, match=r"evaluation\.primary_attacks: 'los/.* was not tried.*loss/transcript"):
        evaluation(AUDIT, params.model_copy(update={"evaluation": wrong}))


def test_features_of_other_clips_are_refused(params: Whole) -> None:
    write_audit(params)
    path = artifact("features", CORPUS, "features.parquet")
    table = read_table(path)
    write_table(path, table.slice(1), table.schema)
    with pytest.raises(EarwitnessError, match="other clips than in the corpus"):
        blind_baseline(CORPUS, params)
