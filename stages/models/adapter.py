"""What every stage may ask of a target, whatever its architecture.

An adapter wraps a loaded checkpoint. One file a family in `stages.models.families`, chosen by the checkpoint's
``config.model_type``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import EarwitnessError
from stages.core.run.registry import Registry
from stages.core.sound.audio import Samples

if TYPE_CHECKING:
    import torch

SLICES = ("audio", "instruction", "transcript")

TRANSCRIBE = "Transcribe the speech."
"""The instruction that the lab's base and every copy are trained with, and the audibility check asks."""


@dataclass(frozen=True)
class Query:
    """One clip put to a target.

    Attributes
    ----------
    samples : float32[n]
        16 kHz mono.
    audio_hash : str
        Names the sound: queries of one batch with the same hash are encoded once.
    instruction : str
        The prompt, such as "Transcribe the speech."
    text : str
        The answer that is scored or trained, without special tokens; may be empty.
    system : str
        What the model is told before the user's turn; empty where nothing is.
    """

    samples: Samples
    audio_hash: str
    instruction: str
    text: str
    system: str = ""


@dataclass
class Forced:
    """One query's teacher-forced forward.

    Attributes
    ----------
    token_ids : dict of slice to int64[T]
        The tokens scored in each slice asked for. `transcript` ends with the token that ends the answer.
        For `audio` they are the model's own best guesses (VL-MIA's pseudo-targets, arXiv 2411.02902).
    logits : dict of slice to float32[T, V]
        Row i predicts ``token_ids[i]``.
    encoder, hidden : float32[d]
        Mean over the audio positions of the encoder's output, and of the language model's last hidden layer.
    seconds_cut : float
        Seconds of audio beyond the model's window, which it never heard; 0.0 where it heard all.
    """

    token_ids: dict[str, torch.Tensor]
    logits: dict[str, torch.Tensor]
    encoder: torch.Tensor
    hidden: torch.Tensor
    seconds_cut: float


Reduce = Callable[["torch.Tensor", "torch.Tensor"], dict[str, "torch.Tensor"]]
"""From logits float32[T, V] and the token ids int64[T] that they predict to float32[T] each, row by row."""


COMPONENTS = ("encoder", "connector", "language_model")
"""The parts of a speech language model that are trained, frozen and exchanged apart (arXiv 2510.01157)."""

OWN_ONLY = "scores no text but its own answer"
"""Why a given text has no tokens where `Adapter.forces` is False."""


@dataclass
class Reduced:
    """One query's teacher-forced forward, reduced before all its logits are in memory; otherwise as `Forced`.

    Attributes
    ----------
    token_ids : dict of slice to int64[T]
    statistics : dict of slice to dict of str to float32[T]
        What `Reduce` made of the slice's logits.
        A closed model gives only those of `Adapter.statistics`, NaN where it does not tell one of them.
    encoder, hidden : float32[d]
        Of length 0 where a closed model gives none.
    seconds_cut : float
    failure : str or None
        Why a row has no tokens, where a closed model gives nothing usable for it.
    """

    token_ids: dict[str, torch.Tensor]
    statistics: dict[str, dict[str, torch.Tensor]]
    encoder: torch.Tensor
    hidden: torch.Tensor
    seconds_cut: float
    failure: str | None = None


class Adapter(ABC):
    """A loaded target. Rows do not depend on the batch they are in, beyond 1e-4."""

    model: torch.nn.Module
    window_seconds: float
    """Longest audio that reaches the model; what is beyond is cut and recorded."""
    statistics: frozenset[str] | None = None
    """Which statistics `reduced` gives; None where it gives all that `Reduce` makes of whole logits."""
    system_turn: bool = False
    """Whether a query's `system` text is a turn of its own; if not, it stands before the instruction, or, where the
    model takes no instruction either, nowhere."""
    forces: bool = True
    """Whether it scores any text; if not, only what `generate` has answered to the same sound and instruction."""

    @classmethod
    @abstractmethod
    def load(cls, source: Path | str, revision: str | None, dtype: torch.dtype, attention: str) -> Adapter:
        """Load a checkpoint from a folder, or from the hub at a revision; the model is ready for inference."""

    @abstractmethod
    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Run one teacher-forced forward over a batch of queries, in their order."""

    def prepare(self, queries: Sequence[Query]) -> object:
        """Do ahead, on another thread, what a forward needs beside the model; it is there as long as this is held."""
        return None

    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """Run one teacher-forced forward and keep of the logits only what `reduce` makes of them.

        A family may do better than this: share what queries begin with, and run its head on a part at a time.
        """
        return [
            Reduced(
                row.token_ids,
                {name: reduce(row.logits[name], row.token_ids[name]) for name in slices},
                row.encoder,
                row.hidden,
                row.seconds_cut,
            )
            for row in self.forced(queries, slices)
        ]

    def layers(self, queries: Sequence[Query]) -> list[dict[str, torch.Tensor]]:
        """Return what every layer makes of each query's sound; nothing of a closed model, which shows no layers.

        Returns
        -------
        list of dict of str to float32[d]
            The mean over the audio positions that hold sound: ``encoder.input`` (what enters the first layer), after
            each layer ``encoder.<i>``, ``connector`` (what the language model is given) and ``language_model.<i>``;
            of an encoder-decoder, those of the encoder and ``decoder.<i>``, over the prefix before the answer. The
            query's text has no say in it.
        """
        return [{} for _ in queries]

    @abstractmethod
    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Return the mean cross-entropy of the answers' tokens, in nats: a scalar to train by."""

    def loss_by_sound(self, query: Query) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of one query as a function of its sound, to differentiate.

        Returns
        -------
        loss : float[]
            As `loss` gives it.
        embedded : float[n, D]
            What the part that writes text is given of the sound, a leaf of the graph: of a decoder, the vectors at its
            audio tokens; of an encoder-decoder, the encoder's output.

        Raises
        ------
        EarwitnessError
            If the model does not show what it makes of a sound.
        """
        raise EarwitnessError(f"{type(self).__name__}: shows neither its embeddings of a sound nor gradients")

    @abstractmethod
    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return the model's own greedy answers; the queries' `text` is ignored."""

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Return the modules of each of `COMPONENTS`, which together hold every weight of the model once.

        The language model has its head with it. Parts that no sound reaches, such as those for images, are the
        encoder's. A family whose encoder projects by no module of its own has an empty connector.

        Raises
        ------
        EarwitnessError
            If it shows no weights.
        """
        raise EarwitnessError(f"{type(self).__name__}: shows no weights, and so no components: name a model on disk")

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Save the checkpoint with its processor, as `load` reads it."""


ADAPTERS: Registry[type[Adapter]] = Registry("target architecture")
"""Adapters by the checkpoint's ``model_type``."""


def family(architecture: str) -> Callable[[type[Adapter]], type[Adapter]]:
    """Register an adapter's class under the ``model_type`` of the checkpoints that it loads."""
    return ADAPTERS.register(architecture)
