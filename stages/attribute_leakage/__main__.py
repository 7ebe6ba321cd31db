"""Run the stage: ``python -m stages.attribute_leakage --audit NAME``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from stages.attribute_leakage.ask.interview import Interview
from stages.attribute_leakage.ask.judge import JUDGE_TOKENS
from stages.attribute_leakage.ask.plan import plan
from stages.attribute_leakage.ask.subjects import COLUMNS, SpeakerClip, options_of, subjects
from stages.attribute_leakage.headlines import headlines
from stages.attribute_leakage.identify.identity import Identity, identify
from stages.attribute_leakage.params import AttributeLeakage, AttributeLeakageParams
from stages.attribute_leakage.probe.layers import Pooled
from stages.attribute_leakage.probe.probing import Probed, probe_rows
from stages.attribute_leakage.weigh.gap import learnt_layers
from stages.attribute_leakage.weigh.summary import summary
from stages.attribute_leakage.weigh.table import answer_rows
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.inference.statistics import Floats
from stages.core.run.stage import require_declared, run_stage
from stages.core.schemas.attribute_leakage import ANSWERS_SCHEMA, LEAKAGE_PROBES_SCHEMA
from stages.core.sound.clips import ClipSounds
from stages.core.store.jsonfile import artifact, write_json
from stages.core.store.tables import read_table, write_table
from stages.models.record import read_record


def work(audit: str, params: AttributeLeakageParams) -> None:
    """Ask a target about the speakers of a corpus, probe its layers, and write what was found."""
    asked = params.attribute_leakage
    require_declared(asked.audits, "attribute_leakage.audits", audit)
    named = asked.audits[audit]
    record = read_record(named.target)
    clips = artifact("corpus", named.corpus, "clips.parquet")
    whom = subjects(read_table(clips, COLUMNS))
    options = options_of(named.corpus, whom, asked.attributes)
    unlabelled = [name for name in asked.attributes if name not in options]
    if unlabelled:
        print(f"attribute_leakage@{audit}: no clip of {named.corpus!r} has {', '.join(unlabelled)}: not asked")
    about: dict[str, Any] = {"audit": audit, "corpus": named.corpus, "target": named.target, "clips": len(whom)}
    about["unlabelled"] = unlabelled
    folder = artifact("attribute_leakage", audit)
    if not record.audible:  # audio does not reach the target, so its answers cannot come from the voice
        _write(folder, [], {}, about | {"finding": "not_audible", "audio_effect": record.audio_effect})
        return
    sounds = ClipSounds(named.corpus)
    with ExitStack() as stack:

        def opened(name: str, tokens: int) -> Interview:
            return stack.enter_context(Interview(read_record(name), sounds.__getitem__, tokens, asked.batch_size))

        interview = opened(named.target, asked.generated_tokens)
        judge = None if asked.judge == NONE else opened(asked.judge, JUDGE_TOKENS)
        lengths = {subject.clip_id: len(sounds[subject.clip_id]) for subject in whom}
        asks = plan(whom, options, lengths, asked, params.seed)
        system = "turn" if interview.adapter.system_turn else "instruction"
        synonyms = {name: attribute.synonyms for name, attribute in asked.attributes.items()}
        rows = answer_rows(interview, asks, system, interview.adapter.forces, synonyms, judge)
        _check_answered(named.target, rows)
        pooled = interview.layers(whom)
        print(interview.summary())
    present = [whom[at] for at in pooled.present]
    probed = _probed(present, pooled.layers, options, params) if pooled.layers else {}
    found = summary(whom, options, rows, probed, params.seed, pooled.without)
    found["layers"] = {
        "clips": len(present),
        "failed": len(pooled.failures),
        "failure": next(iter(pooled.failures), None),
    }
    found["identity"] = _identity(named.corpus, present, pooled, asked, params.seed)
    _write(folder, rows, probed, about | found | {"system": system, **_how(asked, options)})


def _check_answered(target: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise an error if every question about a clip failed: then the target is broken, and nothing is found."""
    failures = [row["failure"] for row in rows if row["label"] is not None]
    if failures and all(failures):
        raise EarwitnessError(
            f"target {target!r}: all {len(failures)} questions about clips failed, the first with {failures[0]!r}: "
            "correct the target, or batch_size and dtype, and run again"
        )


def _probed(
    present: Sequence[SpeakerClip],
    layers: Mapping[str, Floats],
    options: Mapping[str, Any],
    params: AttributeLeakageParams,
) -> dict[str, Probed]:
    """Probe every layer for every attribute, on the clips that have its label."""
    found = {}
    for attribute in options:
        places = [at for at, subject in enumerate(present) if attribute in subject.labels]
        chosen = [present[at] for at in places]
        found[attribute] = probe_rows(
            attribute,
            {name: values[places] for name, values in layers.items()},
            [subject.clip_id for subject in chosen],
            [subject.labels[attribute] for subject in chosen],
            [subject.speaker for subject in chosen],
            [subject.text for subject in chosen],
            params.seed,
            params.compute,
        )
    return found


def _identity(
    corpus: str, present: Sequence[SpeakerClip], pooled: Pooled, asked: AttributeLeakage, seed: int
) -> dict[str, Any]:
    if corpus in asked.identity.exclude:
        return asdict(Identity(reason="the corpus's terms forbid telling its speakers apart"))
    if pooled.without:
        return asdict(Identity(reason=pooled.without))
    found = identify(
        pooled.layers,
        [subject.clip_id for subject in present],
        [subject.speaker for subject in present],
        seed,
        genders=[subject.labels.get("gender") for subject in present],
        sessions=[subject.session for subject in present],
        texts=[subject.text for subject in present],
    )
    clearest = min(learnt_layers(found.layers), key=lambda name: found.layers[name]["all"]["eer"], default=None)
    # A DET curve has hundreds of points. Only the curve of the layer with the lowest equal error rate is kept.
    for name, kinds in found.layers.items():
        for figures in kinds.values() if name != clearest else ():
            figures.pop("det", None)
    return asdict(found)


def _how(asked: AttributeLeakage, options: Collection[str]) -> dict[str, Any]:
    """Return the settings that the answers depend on: decoding, questions and judge."""
    return {
        "decoding": {"free": "greedy", "generated_tokens": asked.generated_tokens, "constrained": "sum"},
        "questions": {name: asked.attributes[name].question for name in options},
        "judge": None if asked.judge == NONE else asked.judge,
    }


def _write(folder: Any, rows: Sequence[Any], probed: Mapping[str, Probed], details: Mapping[str, Any]) -> None:
    probes = [row for of_attribute in probed.values() for row in of_attribute.rows]
    for name, schema, content in (("answers", ANSWERS_SCHEMA, rows), ("probes", LEAKAGE_PROBES_SCHEMA, probes)):
        write_table(folder / f"{name}.parquet", pa.Table.from_pylist(list(content), schema), schema)
    write_json(folder / "details.json", details)
    write_json(folder / "metrics.json", headlines(details))


if __name__ == "__main__":
    run_stage("attribute_leakage", work, AttributeLeakageParams, "audit")
