"""Parts of a section that other stages read too. The owner's model extends a part; readers use it as it is."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, ConfigDict, Field

from stages.core.config.section import Name, Order, Positive, Section, distinct

Slice = Literal["audio", "instruction", "transcript"]
"""The parts of a prompt with its answer that are scored."""

SLICES: tuple[Slice, ...] = get_args(Slice)


class SharedSection(Section):
    """A part of a section. Other keys of the section belong to the owner and are ignored."""

    model_config = ConfigDict(extra="ignore")


class PopulationParams(SharedSection):
    """Part of `blind_baseline`: how the population is searched. `evaluation` repeats the search."""

    folds: Annotated[int, Field(ge=2)]
    permutations: Annotated[int, Field(ge=60)]
    bootstraps: Annotated[int, Field(ge=200)]
    tolerance: Annotated[float, Field(gt=0.5, lt=1)]
    caliper: Annotated[float, Field(gt=0)]
    min_matched: Positive
    odds_trim: Annotated[float, Field(ge=0, lt=0.5)]


class ComputedViews(SharedSection):
    """Part of `logits`: in which views a clip is scored, and which Rényi orders are computed."""

    instructions: Annotated[list[str], Field(min_length=1)]
    slices: Annotated[list[Slice], Field(min_length=1)]
    conditions: Annotated[list[Literal["given", "generated"]], Field(min_length=1)]
    orders: list[Order]


class PrimaryAttacks(SharedSection):
    """Part of `evaluation`: the attacks that may support a finding. They are named before the audit."""

    primary_attacks: Annotated[list[str], Field(min_length=1, max_length=8), AfterValidator(distinct)]


class LeakageAudits(SharedSection):
    """Of `attribute_leakage`: the names of its audits."""

    audits: dict[Name, object]


class BackdoorExperiments(SharedSection):
    """Of `backdoor`: the names of its experiments."""

    experiments: dict[Name, object]
