"""Clips that are longer than the models hear.

Of such a clip the model hears the beginning, but its score covers the whole transcript. A score over words that were
never heard measures length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stages.core.inference.statistics import Bools, Floats
from stages.core.results.membership import AudioWindow, MembershipReason


@dataclass(frozen=True)
class ClipsInWindow:
    """Which clips the models hear whole.

    Attributes
    ----------
    result : AudioWindow
    left_out : bool[n]
        Clips that are left out of the evidence.
    """

    result: AudioWindow
    left_out: Bools

    def notes(self) -> list[MembershipReason]:
        """Return a note if clips are longer than the window, with what became of them."""
        if not self.result.clips_cut:
            return []
        code: Literal["clips_cut_left_out", "clips_cut"] = "clips_cut_left_out" if self.left_out.any() else "clips_cut"
        seconds = self.result.seconds
        return [MembershipReason.of(code, clips=self.result.clips_cut, all=len(self.left_out), seconds=seconds)]


def clips_in_window(
    seconds: Floats, windows: Sequence[float | None], cut_clips: Literal["exclude", "include"]
) -> ClipsInWindow:
    """Compare clips with the windows of target and reference.

    Parameters
    ----------
    seconds : float64[n]
        Of the clips.
    windows : sequence of float or None
        The longest audio, in seconds, that reaches the target and the reference; None where it is unknown. The
        shortest counts: a difference to the reference needs both scores.
    cut_clips : {"exclude", "include"}

    Returns
    -------
    ClipsInWindow
        Without a known window no clip counts as cut.
    """
    longest = min((window for window in windows if window is not None), default=None)
    cut = np.zeros(len(seconds), np.bool_) if longest is None else seconds > longest
    window = AudioWindow(seconds=longest, clips_cut=int(cut.sum()))
    return ClipsInWindow(window, cut if cut_clips == "exclude" else np.zeros(len(seconds), np.bool_))
