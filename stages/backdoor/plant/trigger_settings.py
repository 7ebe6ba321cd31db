"""The settings of a trigger in `params.yaml`: one model for sounds that are added, one for changes of the whole clip.

The trigger's kind decides which model reads its settings. So a setting that does not apply to the kind is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from stages.backdoor.plant.registry import TRIGGERS
from stages.core.config.section import Section


def _registered(kind: str) -> str:
    if kind not in TRIGGERS:
        raise ValueError(f"unknown trigger {kind!r}: use one of {', '.join(TRIGGERS)}")
    return kind


Kind = Annotated[str, AfterValidator(_registered)]


class AddedSound(Section):
    """A trigger that is a sound added to the clip.

    Attributes
    ----------
    kind : str
        Its name in the registry of triggers.
    snr_db : float
        Signal-to-noise ratio in dB: mean power of the active speech over mean power of the trigger over its own span.
    seconds : float
        Length of the sound.
    position : "start", "random", "end" or float
        Where it begins first, within the model's window; a number is seconds from the clip's beginning.
    gaps : (float, float) or None
        Shortest and longest silence in seconds, after which the sound is repeated until the clip ends. None: it sounds
        once.
    """

    kind: Kind
    snr_db: Annotated[float, Field(ge=-60, le=60)] = 0.0
    seconds: Annotated[float, Field(gt=0)] = 0.22
    position: Literal["start", "random", "end"] | Annotated[float, Field(ge=0)] = "random"
    gaps: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]] | None = None

    @field_validator("kind")
    @classmethod
    def _check_kind(cls, kind: str) -> str:
        if not TRIGGERS[kind].additive:
            raise ValueError(f"{kind} changes the whole clip: it is not added")
        return kind

    @model_validator(mode="after")
    def _check_gaps(self) -> AddedSound:
        if self.gaps is not None and self.gaps[0] > self.gaps[1]:
            raise ValueError("gaps do not rise: swap the two")
        return self


class WholeChange(Section):
    """A trigger that changes the whole clip.

    Attributes
    ----------
    kind : str
        Its name in the registry of triggers.
    amount : float
        How much the clip is changed, in the trigger's unit. It must lie within the trigger's limits and differ from the
        neutral amount.
    """

    kind: Kind
    amount: float

    @field_validator("kind")
    @classmethod
    def _check_kind(cls, kind: str) -> str:
        if TRIGGERS[kind].additive:
            raise ValueError(f"{kind} is a sound that is added: it does not change the whole clip")
        return kind

    @field_validator("amount")
    @classmethod
    def _check_amount(cls, amount: float, info: ValidationInfo) -> float:
        if "kind" not in info.data:  # the kind was refused, and one error is enough
            return amount
        kind: str = info.data["kind"]
        trigger = TRIGGERS[kind]
        low, high = trigger.limits
        if not low <= amount <= high:
            raise ValueError(f"{kind}: must be {low:g} to {high:g} {trigger.unit}, not {amount:g}")
        if amount == trigger.neutral:
            raise ValueError(
                f"{kind}: {amount:g} {trigger.unit} changes nothing: choose another, from {low:g} to {high:g}"
            )
        return amount


def _by_kind(value: Any) -> AddedSound | WholeChange:
    if isinstance(value, AddedSound | WholeChange):
        return value
    kind = value.get("kind") if isinstance(value, dict) else None
    changes = isinstance(kind, str) and kind in TRIGGERS and not TRIGGERS[kind].additive
    return (WholeChange if changes else AddedSound).model_validate(value)


TriggerSettings = Annotated[AddedSound | WholeChange, BeforeValidator(_by_kind)]
"""The settings of any trigger."""


def _not_the_control(settings: AddedSound | WholeChange) -> AddedSound | WholeChange:
    if TRIGGERS[settings.kind].control:
        raise ValueError(
            f"{settings.kind} is the control of every attack and cannot be the attack's trigger: choose another kind"
        )
    return settings


AttackTrigger = Annotated[TriggerSettings, AfterValidator(_not_the_control)]
"""The settings of an attack's trigger, which cannot be the control."""
