"""The interface through which every stage uses a target, whatever its architecture.

An adapter wraps a loaded checkpoint. `stages.models.families` holds one file per family; the checkpoint's
``config.model_type`` chooses the family.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import EarwitnessError
from stages.core.run.registry import Registry
from stages.core.schemas.failures import INFINITE, NOT_NUMBERS
from stages.core.sound.audio import Samples
from stages.models.options import LoadOptions

if TYPE_CHECKING:
    import torch

TRANSCRIBE = "Transcribe the speech."
"""The instruction that the lab's base model and every copy are trained with; the audibility check uses it too."""


@dataclass(frozen=True)
class Query:
    """One clip with an instruction, as a target is given it.

    Attributes
    ----------
    samples : float32[n]
        16 kHz mono.
    audio_hash : str
        Identifies the sound: queries of one batch with the same hash are encoded once.
    instruction : str
        The prompt, such as "Transcribe the speech."
    text : str
        The answer that is scored or trained, without special tokens; may be empty.
    system : str
        The system text before the user's turn; may be empty.
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
        The scored tokens of each requested slice. `transcript` ends with the token that ends the answer.
        For `audio` they are the model's own most probable tokens (VL-MIA's pseudo-targets, arXiv 2411.02902).
    logits : dict of slice to float32[T, V]
        Row i predicts ``token_ids[i]``.
    encoder, hidden : float32[d]
        Means over the audio positions: of the encoder's output, and of the language model's last hidden layer.
    seconds_cut : float
        Seconds of audio beyond the model's window, which never reached it; 0.0 if all audio did.
    """

    token_ids: dict[str, torch.Tensor]
    logits: dict[str, torch.Tensor]
    encoder: torch.Tensor
    hidden: torch.Tensor
    seconds_cut: float


Reduce = Callable[["torch.Tensor", "torch.Tensor"], dict[str, "torch.Tensor"]]
"""Reduces logits float32[T, V] and the token ids int64[T] that they predict to named statistics float32[T].

Each row is reduced by itself.
"""


@dataclass
class Reduced:
    """One query's teacher-forced forward, reduced part by part, so that not all logits are in memory; see `Forced`.

    Attributes
    ----------
    token_ids : dict of slice to int64[T]
    statistics : dict of slice to dict of str to float32[T]
        The result of `Reduce` for the slice's logits.
        A closed model gives only those of `Adapter.statistics`, NaN where it does not report a value.
    encoder, hidden : float32[d]
        Of length 0 for a closed model.
    seconds_cut : float
    failure : str or None
        The reason why the row has no tokens, if a closed model gives nothing usable for it.
    """

    token_ids: dict[str, torch.Tensor]
    statistics: dict[str, dict[str, torch.Tensor]]
    encoder: torch.Tensor
    hidden: torch.Tensor
    seconds_cut: float
    failure: str | None = None

    def why_unscored(self, slice_: str) -> str | None:
        """Return the reason why a slice has no usable log-probabilities; None if it has, or if it was not reduced."""
        logprob = self.statistics[slice_].get("logprob")
        if self.failure is not None or logprob is None or bool(logprob.isfinite().all()):
            return self.failure
        return NOT_NUMBERS if bool(logprob.isnan().any()) else INFINITE


class Adapter(ABC):
    """A loaded target. A row's values depend on the other rows of its batch by at most 1e-4."""

    model: torch.nn.Module
    window_seconds: float
    """Longest audio that reaches the model. Longer audio is cut, and the cut is recorded."""
    statistics: frozenset[str] | None = None
    """The statistics that `reduced` gives; None if it gives all that `Reduce` computes from full logits."""
    system_turn: bool = False
    """Whether a query's `system` text is a turn of its own. If not, it stands before the instruction. A model
    without instructions ignores it."""
    forces: bool = True
    """Whether any given text can be scored. If not, only the answer that `generate` gave to the same query can."""
    scores: bool = True
    """Whether the model gives log-probabilities. If not, only the texts of its answers can be audited."""
    takes_language: bool = False
    """Whether the family is told a language and a task; see `stages.models.options.LoadOptions`."""

    @classmethod
    @abstractmethod
    def load(cls, source: Path | str, options: LoadOptions) -> Adapter:
        """Load a checkpoint from a folder, or from the hub at a revision, into inference mode."""

    @abstractmethod
    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Run one teacher-forced forward over a batch of queries, in their order."""

    def prepare(self, queries: Sequence[Query]) -> object:
        """Compute a forward's inputs ahead, on another thread. Keep the returned object until the forward has run."""
        return None

    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """Run one teacher-forced forward and keep only what `reduce` computes from the logits.

        A family may override this: it can share the common beginnings of queries, and run its head part by part.
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

    def answered(
        self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce, max_tokens: int
    ) -> tuple[list[str], list[Reduced]]:
        """Generate greedy answers and reduce the forward that scores them; see `generate` and `reduced`.

        A family may override this, so that it encodes each sound once.
        """
        texts = self.generate(queries, max_tokens)
        scored = [replace(query, text=text) for query, text in zip(queries, texts, strict=True)]
        return texts, self.reduced(scored, slices, reduce)

    def compile(self) -> bool:
        """Compile the layers and return whether there are any: it takes a while, and pays for many rows on a GPU."""
        return False

    def layers(self, queries: Sequence[Query]) -> list[dict[str, torch.Tensor]]:
        """Return the mean output of every layer for each query's sound; empty for a closed model.

        Returns
        -------
        list of dict of str to float32[d]
            Means over the audio positions that hold sound: ``encoder.input`` (the input of the first layer),
            ``encoder.<i>`` (after each layer), ``connector`` (the input of the language model) and
            ``language_model.<i>``. An encoder-decoder gives those of the encoder, and ``decoder.<i>`` as means over
            the prefix before the answer. The query's text does not change them.
        """
        return [{} for _ in queries]

    @abstractmethod
    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Return the training loss, a scalar: the mean cross-entropy of the answers' tokens, in nats."""

    def loss_by_sound(self, query: Query) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of one query as a differentiable function of its sound.

        Returns
        -------
        loss : float[]
            The same value as `loss` gives.
        embedded : float[n, D]
            The sound as the text decoder receives it, a leaf of the graph. For a placeholder-merge decoder, these are
            the vectors at its audio tokens; for an encoder-decoder, the encoder's output.

        Raises
        ------
        EarwitnessError
            If the model gives no access to the embeddings of a sound.
        """
        raise EarwitnessError(f"{type(self).__name__}: shows neither its embeddings of a sound nor gradients")

    @abstractmethod
    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return the model's own greedy answers. The queries' `text` is ignored."""

    def answers(self, queries: Sequence[Query], max_tokens: int) -> list[str | None]:
        """Return what `generate` does, but None where a closed model refused the question or gave no text."""
        return list(self.generate(queries, max_tokens))

    def ahead(self, run: Callable[[], object]) -> None:
        """Find out ahead what a computation will ask a served model, if it is asked by batches.

        `run` may be run several times, or not at all; its results do not count.
        """
        del run  # a local model is asked nothing

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Return the modules of each of `COMPONENTS`; together they hold every weight of the model once.

        The language model includes its head. The encoder includes parts that no sound reaches, such as those for
        images. The connector is empty in a family that has no module of its own for the projection.

        Raises
        ------
        EarwitnessError
            If the model gives no access to its weights.
        """
        raise EarwitnessError(f"{type(self).__name__}: shows no weights, and so no components: name a model on disk")

    def verify(self) -> None:
        """Check once a target that the adapter scores it as the model's own forward does, where that can be asked.

        Raises
        ------
        EarwitnessError
            If it does not.
        """
        return None

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Save the checkpoint with its processor, in the form that `load` reads."""


ADAPTERS: Registry[type[Adapter]] = Registry("target architecture")
"""Adapters by the checkpoint's ``model_type``."""


def family(architecture: str) -> Callable[[type[Adapter]], type[Adapter]]:
    """Register an adapter's class under the ``model_type`` of the checkpoints that it loads."""
    return ADAPTERS.register(architecture)
