"""The section `lab_speech` of `params.yaml`, and what else the stage reads of the file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stages.core.config.nouns import Params
from stages.core.config.section import Name, Positive, Section

LAB_SHARES = 16
"""Number of shares into which pairs of sentence and voice are divided. Each lab corpus draws from its own share, so no
two have a pair in common. Another number gives other sentences."""


class LabCorpus(Section):
    """One synthesised corpus: its share of the pairs of sentence and voice, its size, its recording conditions.

    `other_voices` is the share of the clips whose sentence is spoken once more, in another voice and of unknown
    membership: the counterfactual that the perturbation `other_voice` takes.

    `voices_each` voices say each sentence. `member_by` is the unit that is drawn to be a member: a `clip`; a `text`, in
    all its voices; or a `binding`, where every text and every voice is equally often on both sides.

    The voices start at number `first_voice`. With `manners` every voice is calm and excited equally often, which
    the manifest states in a column. Nobody is a member: such a corpus is for questions about speakers.
    """

    share: Annotated[int, Field(ge=0, lt=LAB_SHARES)]
    clips: Positive
    fragments: Annotated[float, Field(ge=0, le=1)]
    other_voices: Annotated[float, Field(ge=0, le=1)] = 0.0
    voices_each: Positive = 1
    member_by: Literal["clip", "text", "binding"] = "clip"
    first_voice: Annotated[int, Field(ge=0)] = 0
    manners: bool = False
    member: str
    non_member: str

    @model_validator(mode="after")
    def _check_design(self) -> LabCorpus:
        if self.member_by == "binding" and self.voices_each % 2:
            raise ValueError("member_by: binding needs an even number of voices_each, half of them on each side")
        if (self.voices_each > 1) != (self.member_by != "clip"):
            raise ValueError("member_by: text or binding goes with more than one of voices_each, clip with one")
        if self.manners and self.member_by != "clip":
            raise ValueError("manners: goes with member_by: clip, since nobody is a member")
        return self


class RecordingCondition(Section):
    """A recording condition: how often there is noise, how loud it is, and whether only the telephone band remains."""

    noisy_share: Annotated[float, Field(ge=0, le=1)]
    snr_db: tuple[float, float]
    telephone: bool


class LabSpeech(Section):
    """The lab's synthesised speech."""

    voices: Annotated[int, Field(ge=24)]
    conditions: dict[Name, RecordingCondition]
    corpora: dict[Name, LabCorpus]


class LabSpeechParams(Params):
    """What the stage reads."""

    lab_speech: LabSpeech
