"""Artifacts of an audit, written where the stage reads them."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from stages.core.schemas.corpus import CLIPS_SCHEMA
from stages.core.schemas.logits import EMBEDDINGS_SCHEMA, tokens_schema
from stages.core.schemas.perturbation import NEIGHBOURS_SCHEMA
from stages.core.store.jsonfile import artifact
from stages.core.store.tables import write_table
from stages.logits.statistics import statistic_names

WriteAudit = Callable[..., None]
NEIGHBOURS = (("audio", "gain"), ("audio", "noise"), ("text", "swap_words"), ("pairing", "silence"))
STATISTICS = statistic_names()


@pytest.fixture
def write_audit() -> WriteAudit:
    """Write an audit of a corpus named alike; members' tokens change less under noise, as the target sees them."""

    def write(name: str, clips: int = 80, effect: float = 0.0, unlabelled: int = 0, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        member = [None if place < unlabelled else bool(place % 2) for place in range(clips)]
        ids = [f"{name}_{place:03d}" for place in range(clips)]
        speakers = [f"s{code}" for code in rng.integers(0, 16, clips)]
        made = [
            {**dict.fromkeys(CLIPS_SCHEMA.names), "clip_id": clip, "member": label, "speaker": speaker}
            for clip, label, speaker in zip(ids, member, speakers, strict=True)
        ]
        put("corpus", name, "clips", pa.Table.from_pylist(made, CLIPS_SCHEMA))
        rows = [neighbour(clip, *made) for clip in ids for made in (("original", "original"), *NEIGHBOURS)]
        put("perturbation", name, "neighbours", pa.Table.from_pylist(rows, NEIGHBOURS_SCHEMA))
        tokens, embeddings = [], []
        for clip, label in zip(ids, member, strict=True):
            for role in ("reference", "target"):
                level = rng.normal(-1, 0.3, 12)
                for kind, perturbation in (("original", "original"), *NEIGHBOURS):
                    view = {"neighbour_id": f"{clip}/{perturbation}/0", "role": role, "instruction": 0}
                    view["condition"] = "given"
                    size = 0.5 - effect * (bool(label) and role == "target" and perturbation == "noise")
                    logprob = level if kind == "original" else level + rng.normal(0, max(size, 0.05), 12)
                    lists = {key: (logprob + place).tolist() for place, key in enumerate(STATISTICS)}
                    ids_ = [int(kind == "text"), *range(11)]
                    tokens.append({**view, "slice": "transcript", "text": "x", "token_ids": ids_, **lists})
                    vectors = rng.standard_normal((2, 6))
                    embeddings.append({**view, "encoder": vectors[0].tolist(), "hidden": vectors[1].tolist()})
        put("logits", name, "tokens", pa.Table.from_pylist(tokens, tokens_schema(STATISTICS)))
        put("logits", name, "embeddings", pa.Table.from_pylist(embeddings, EMBEDDINGS_SCHEMA))

    return write


def put(stage: str, name: str, table: str, rows: pa.Table) -> None:
    write_table(artifact(stage, name, f"{table}.parquet"), rows, rows.schema)


def neighbour(clip: str, kind: str, perturbation: str) -> dict[str, str | None]:
    named = {"neighbour_id": f"{clip}/{perturbation}/0", "clip_id": clip, "kind": kind, "perturbation": perturbation}
    return {**dict.fromkeys(NEIGHBOURS_SCHEMA.names), **named}
