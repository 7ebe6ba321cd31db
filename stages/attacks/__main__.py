"""Run the stage: ``python -m stages.attacks --audit NAME``."""

from __future__ import annotations

from stages.attacks import Settings
from stages.attacks.scoring import score_clips
from stages.core.artifacts import SCHEMAS, artifact, read_groups, read_table, write_table
from stages.core.params import Params
from stages.core.stage import require_declared, run_stage


def work(audit: str, params: Params) -> None:
    """Score the audit's clips from the cached statistics."""
    require_declared(params.audits, "audits", audit)
    neighbours = read_table(
        artifact("perturbation", params.audits[audit].corpus, "neighbours.parquet"),
        ["neighbour_id", "clip_id", "kind"],
    )
    clip_of = {
        neighbour_id: (clip_id, kind == "original")
        for neighbour_id, clip_id, kind in zip(*(column.to_pylist() for column in neighbours.columns), strict=True)
    }
    settings = Settings(params.attacks.shares, params.attacks.orders)
    table = score_clips(read_groups(artifact("logits", audit, "tokens.parquet")), clip_of, settings)
    write_table(artifact("attacks", audit, "scores.parquet"), table, SCHEMAS["attack_scores"])


if __name__ == "__main__":
    run_stage("attacks", work, "audit")
