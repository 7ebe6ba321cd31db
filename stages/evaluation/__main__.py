"""``python -m stages.evaluation --audit NAME``: reads scores and populations, writes figures and the verdict."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict

import numpy as np
import pyarrow as pa

from stages.core.config.section import NONE
from stages.core.inference.statistics import Ints, roc
from stages.core.results.corpus import CorpusSummary
from stages.core.results.described import CanaryResult, ModalityResult, SensitivityResult
from stages.core.results.membership import MembershipReason, MembershipResult
from stages.core.results.population import PopulationResult
from stages.core.run.randomness import generator
from stages.core.run.stage import require_declared, run_stage
from stages.core.store.jsonfile import artifact, read_json, write_json, write_text
from stages.core.store.measured import read_features
from stages.core.store.tables import read_groups, read_table
from stages.evaluation.assess import assess
from stages.evaluation.canaries import of_canaries
from stages.evaluation.case import AuditCase, make_case
from stages.evaluation.corpus_notes import corpus_notes, unlabelled_notes
from stages.evaluation.headlines import headlines
from stages.evaluation.inputs import (
    DETECTOR,
    Columns,
    attack_columns,
    blind_of,
    detector_columns,
    learned_p,
    paired,
    primary_of,
)
from stages.evaluation.likeness import run_otherwise
from stages.evaluation.modality import ORIGINAL, PairingScores, matrix, mean_features
from stages.evaluation.params import EvaluationParams
from stages.evaluation.sensitivity import (
    corrupted_only,
    over_instructions,
    over_lengths,
    over_member_ratios,
    over_orders,
    query_scores,
)
from stages.evaluation.settings import settings_of
from stages.evaluation.unscored import require_scores, unscored_notes
from stages.evaluation.window import clips_in_window

STAGE = "evaluation"
ROC_POINTS = 50
CLIP_COLUMNS = ["clip_id", "member", "speaker", "seconds", "attributes"]
CANARY = "canary"
"""The attribute that names a clip's set of candidates."""


def work(name: str, params: EvaluationParams) -> None:
    """Draw an audit's verdict."""
    require_declared(dict(params.audits), "audits", name)
    audit, named = params.audits[name], params.evaluation.primary_attacks
    clips = read_table(artifact("corpus", audit.corpus, "clips.parquet"), CLIP_COLUMNS)
    clip_ids = clips["clip_id"].to_pylist()
    record = read_json(artifact("target", audit.target, "target.json"))
    kinds = read_json(artifact("attacks", name, "attacks.json"))
    unscored = read_json(artifact("attacks", name, "unscored.json"))
    audible = bool(record.get("audible", False))
    target, reference = _scores(name, clip_ids)
    if audible:
        require_scores(name, target, unscored, len(clip_ids))
        primary = primary_of(named, target, kinds)
    else:  # no scores: audio does not reach the target
        primary = named
        target = {attack: np.full(len(clip_ids), np.nan) for attack in named}
    window = clips_in_window(
        clips["seconds"].to_numpy().astype(np.float64), _windows(record, audit.reference), params.evaluation.cut_clips
    )
    case = make_case(
        target,
        None if audit.reference == NONE else paired(target, reference),
        read_features(audit.corpus, clip_ids)[1],
        clips["member"].to_pylist(),
        clips["speaker"].to_pylist(),
        params.corpora[audit.corpus].split,
        primary,
        window.left_out,
    )
    summary = CorpusSummary.model_validate(read_json(artifact("corpus", audit.corpus, "summary.json")))
    notes = [
        *unlabelled_notes(case.notes, summary),
        *corpus_notes(summary),
        *(MembershipReason.of("attack_not_scored", attack=attack) for attack in named if attack not in primary),
        *_quantised(record),
        *window.notes(),
        *unscored_notes(primary, unscored, len(clip_ids)),
    ]
    case = replace(case, notes=notes, run_otherwise=_run_otherwise(record, audit.reference))
    baseline = read_json(artifact("blind_baseline", audit.corpus, "details.json"))
    scores, matched = (
        read_table(artifact("blind_baseline", audit.corpus, f"{table}.parquet")) for table in ("scores", "matched")
    )
    blind = blind_of(
        PopulationResult.model_validate(baseline["population"]),
        scores,
        matched,
        clip_ids,
        case,
        params.blind_baseline.min_matched,
    )
    rng = generator(params.seed, STAGE, name)
    judgement = assess(case, primary, blind, settings_of(params), rng, audible, learned_p(target, kinds))
    result = MembershipResult(
        **dict(judgement),
        **_described(name, case, primary, clips, params),
        audit=name,
        corpus=audit.corpus,
        target=audit.target,
        reference=audit.reference,
        split=case.split,
        window=window.result,
        blind=baseline["blind"],
    )
    everywhere = np.arange(len(case.member))
    rows = {"whole": everywhere, "matched": blind.population.indices, None: everywhere[:0]}[result.population.kind]
    _write(result, _curves(case, primary, rows))


class Described(TypedDict):
    """What an audit describes in addition to the verdict."""

    sensitivity: SensitivityResult
    modality: ModalityResult
    canaries: CanaryResult | None


def _described(name: str, case: AuditCase, primary: list[str], clips: pa.Table, params: EvaluationParams) -> Described:
    """Return what is described in addition to the verdict, on the corpus as given."""
    rng = generator(params.seed, STAGE, name, "described")
    columns = dict(zip(case.names, case.scores.T, strict=True))
    judged = {attack: columns[attack] for attack in primary}
    clip_ids = clips["clip_id"].to_pylist()
    seconds = clips["seconds"].to_numpy()[case.rows].astype(np.float64)
    attributes = clips["attributes"].to_pylist()
    canary = [dict(attributes[row] or ()).get(CANARY) for row in case.rows]
    neighbours = read_table(artifact("attacks", name, "neighbour_scores.parquet"))
    row_of = {clip_ids[row]: at for at, row in enumerate(case.rows)}
    sensitivity = SensitivityResult(
        instructions=over_instructions(columns, case.member),
        orders=over_orders(columns, case.member),
        member_ratio={attack: over_member_ratios(score, case.member, rng) for attack, score in judged.items()},
        length={attack: over_lengths(score, case.member, seconds) for attack, score in judged.items()},
        corrupted_only=corrupted_only(neighbours, judged, row_of, case.member),
    )
    return {
        "sensitivity": sensitivity,
        "modality": _modality(name, case, judged, neighbours, clip_ids, params),
        "canaries": of_canaries(judged, case.member, canary, rng),
    }


def _modality(
    name: str, case: AuditCase, judged: Columns, neighbours: pa.Table, clip_ids: list[str], params: EvaluationParams
) -> ModalityResult:
    corpus, settings = params.audits[name].corpus, settings_of(params)
    row_of = {clip_ids[row]: at for at, row in enumerate(case.rows)}
    asked = query_scores(neighbours, "pairing", list(judged), row_of, len(case.member))
    measured = read_table(artifact("features", corpus, "pairings.parquet"))
    columns, of_clips = read_features(corpus, clip_ids)
    of_sound = [columns.index(column) for column in measured.column_names if "." in column]
    heard = PairingScores(
        {attack: {ORIGINAL: judged[attack], **of_attack} for attack, of_attack in asked.items()},
        {ORIGINAL: of_clips[case.rows][:, of_sound], **mean_features(measured, row_of, len(case.member))},
        case.member,
        case.cluster,
    )
    return matrix(
        heard,
        settings.population,
        settings.bootstraps,
        lambda part: generator(params.seed, STAGE, name, "modality", part),
    )


def _scores(name: str, clip_ids: list[str]) -> tuple[Columns, Columns]:
    """Return the scores on the target and on the reference."""
    attacks = attack_columns(read_groups(artifact("attacks", name, "scores.parquet")), clip_ids)
    detector = read_table(artifact(DETECTOR, name, "scores.parquet"))
    target, reference = (
        attacks.get(role, {}) | detector_columns(detector, role, clip_ids) for role in ("target", "reference")
    )
    return target, reference


def _run_otherwise(record: Mapping[str, Any], reference: str) -> MembershipReason | None:
    """Return why the reference is of no use because it is run otherwise than the target; None if it is not."""
    if reference == NONE:
        return None
    return run_otherwise(record, read_json(artifact("target", reference, "target.json")))


def _quantised(record: Mapping[str, Any]) -> list[MembershipReason]:
    weights = record.get("quantization", "none")
    return [] if weights == "none" else [MembershipReason.of("quantised", weights=weights)]


def _windows(record: Mapping[str, Any], reference: str) -> list[float | None]:
    """Return the seconds that target and reference hear at most; None where that is unknown."""
    other = [] if reference == NONE else [read_json(artifact("target", reference, "target.json"))]
    return [of.get("window_seconds") for of in (record, *other)]


def _curves(case: AuditCase, primary: list[str], population: Ints) -> str:
    """Return `roc.csv`: the primary attacks on the corpus as given and in the population."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["attack", "clips", "false_positive_rate", "true_positive_rate"])
    places = {"whole": np.arange(len(case.member)), "population": population}
    for name in primary:
        column = case.scores[:, case.names.index(name)]
        for place, rows in places.items():
            known = rows[np.isfinite(column[rows])]
            member = case.member[known]
            if member.any() and not member.all():
                for false, true in zip(*roc(column[known], member, ROC_POINTS), strict=True):
                    writer.writerow([name, place, f"{false:.6g}", f"{true:.6g}"])
    return text.getvalue()


def _write(result: MembershipResult, curves: str) -> None:
    folder, plain = artifact(STAGE, result.audit), result.plain()
    head = {key: plain[key] for key in ("audit", "corpus", "target", "reference", "split")}
    write_text(folder / "roc.csv", curves)
    write_json(folder / "details.json", plain)
    write_json(folder / "metrics.json", headlines(result))
    write_json(folder / "verdict.json", head | plain["verdict"])


if __name__ == "__main__":
    run_stage(STAGE, work, EvaluationParams, "audit")
