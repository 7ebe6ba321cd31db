"""The one training loop: for the lab's base model, for fine-tuned copies and for poisoned copies.

It uses AdamW with a one-cycle schedule over batches that the caller has drawn. A hash of everything that a training
depends on is its key, and its state is kept under ``.cache/checkpoints/<key>/``. So a training that was stopped
continues from its last checkpoint and ends with the same weights as one that was never stopped. A finished training is
not repeated unless a fresh run is asked for.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from stages.core.errors import EarwitnessError
from stages.core.results.components import COMPONENTS
from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.rowcache import FRESH, row_key
from stages.models.adapter import Adapter, Query
from stages.models.placement import require_whole

CHECKPOINTS = Path(".cache/checkpoints")
SECONDS_PER_CHECKPOINT = 20.0
SHARE_FOR_CHECKPOINTS = 0.1
"""Largest share of the time that is spent on writing checkpoints; those of large models take long to write."""
WARM_UP = 0.15
"""Share of the steps in which the learning rate rises."""
LARGEST_GRADIENT = 1.0
WEIGHT_DECAY = 0.05
LORA_RANK = 16
POOL_BATCHES = 8
"""Batches in a pool whose rows are sorted by length. A larger pool needs less padding, a smaller one mixes better."""


@dataclass(frozen=True)
class Recipe:
    """The settings of a training, without the data.

    Attributes
    ----------
    learning_rate : float
        The highest learning rate of the cycle.
    method : str
        ``whole`` trains all weights. ``lora`` trains low-rank updates of every linear layer (arXiv 2106.09685) and
        merges them at the end.
    seed : int
        Seed of the new weights that ``lora`` draws, and of any dropout.
    components : tuple of str
        Which of the model's `COMPONENTS` are trained; the weights of the others do not change.
    """

    learning_rate: float
    method: str
    seed: int
    components: tuple[str, ...] = COMPONENTS


def shuffled_batches(
    epochs: Sequence[Sequence[int]], lengths: Sequence[int], batch_size: int, generator: torch.Generator
) -> list[list[int]]:
    """Shuffle each epoch's rows and cut them into batches of similar length, so that batches need little padding.

    Parameters
    ----------
    epochs : sequence of sequence of int
        The rows of each epoch.
    lengths : sequence of int
        The length of every row, in any unit.
    batch_size : int
        Rows in a batch; the last batch of an epoch's last pool may be smaller.
    generator : torch.Generator

    Returns
    -------
    list of list of int
        The epochs' batches, one epoch after the other. An epoch's rows are drawn into pools of `POOL_BATCHES` batches
        and sorted only within their pool, so that the rows that share a batch differ from epoch to epoch.
    """
    batches = []
    for rows in epochs:
        order = [rows[at] for at in torch.randperm(len(rows), generator=generator).tolist()]
        size = POOL_BATCHES * batch_size
        pools = [sorted(order[start : start + size], key=lengths.__getitem__) for start in range(0, len(order), size)]
        cut = [pool[start : start + batch_size] for pool in pools for start in range(0, len(pool), batch_size)]
        batches += [cut[at] for at in torch.randperm(len(cut), generator=generator).tolist()]
    return batches


def training_key(
    adapter: Adapter, base: str, queries: Sequence[Query], batches: Sequence[Sequence[int]], recipe: Recipe
) -> str:
    """Return the hash of everything that a training's result depends on.

    Parameters
    ----------
    adapter : Adapter
        The adapter of the model that is trained; its family's code is part of the key.
    base : str
        Hash of the weights that training starts from, or of what these are drawn from.
    queries : sequence of Query
    batches : sequence of sequence of int
        Indices of `queries`, one batch per step.
    recipe : Recipe
    """
    rows = [(query.audio_hash, query.instruction, query.text) for query in queries]
    code = [code_version(module) for module in (__name__, type(adapter).__module__)]
    libraries = library_versions("torch", "transformers", "tokenizers", "peft", "numpy")
    return row_key(base, rows, list(map(list, batches)), astuple(recipe), code, libraries)


def train(
    adapter: Adapter, queries: Sequence[Query], batches: Sequence[Sequence[int]], recipe: Recipe, key: str
) -> list[float]:
    """Train an adapter's model in place, from its last checkpoint if there is one.

    On a CPU, training uses one thread and the model's own precision, because sums depend on the number of threads, and
    a second training must give the same model. On a GPU this sets no limit.

    Parameters
    ----------
    adapter : Adapter
        Holds the base weights.
    queries : sequence of Query
        Their `text` is the answer to learn.
    batches : sequence of sequence of int
        Indices of `queries`, one batch per step.
    recipe : Recipe
    key : str
        From `training_key`.

    Returns
    -------
    list of float
        The loss of each step: cross-entropy in nats per token of the answer.
    """
    require_whole(adapter.model, "fine-tuning")
    with _one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        run = _TrainingRun(adapter, recipe, len(batches), CHECKPOINTS / key)
        run.resume()
        adapter.model.train()
        for step in tqdm(
            range(len(run.losses), len(batches)), initial=len(run.losses), total=len(batches), unit="step"
        ):
            run.step([queries[at] for at in batches[step]])
        run.finish()
    return run.losses


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _TrainingRun:
    """The state of a running training: the model, its optimiser and schedule, and their checkpoint."""

    def __init__(self, adapter: Adapter, recipe: Recipe, steps: int, folder: Path) -> None:
        self.losses: list[float] = []
        self._adapter = adapter
        self._lora = recipe.method == "lora"
        if self._lora:
            adapter.model = _with_lora(adapter.model)
        self._frozen = _others(adapter, recipe.components)
        for weight in self._frozen:
            weight.requires_grad_(False)
        self._trained = {name: weight for name, weight in adapter.model.named_parameters() if weight.requires_grad}
        if not self._trained:
            raise EarwitnessError(
                f"nothing to train: {', '.join(recipe.components)} holds no weight that {recipe.method} trains: "
                "choose other components, or train them whole"
            )
        self._optimizer = torch.optim.AdamW(
            self._trained.values(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=WEIGHT_DECAY
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, recipe.learning_rate, total_steps=max(steps, 1), pct_start=WARM_UP
        )
        self._file = folder / "state.pt"
        self._saved = time.monotonic()
        self._pause = SECONDS_PER_CHECKPOINT

    def step(self, queries: Sequence[Query]) -> None:
        """Take one training step on a batch, and save a checkpoint from time to time."""
        loss = self._adapter.loss(queries)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._trained.values(), LARGEST_GRADIENT)
        self._optimizer.step()
        self._schedule.step()
        self.losses.append(loss.item())
        if time.monotonic() - self._saved > self._pause:
            self.save()

    def finish(self) -> None:
        """Save the final state, merge any low-rank updates and put the model into inference mode."""
        self.save()
        if self._lora:
            self._adapter.model = self._adapter.model.merge_and_unload()  # type: ignore[operator]
        for weight in self._frozen:
            weight.requires_grad_(True)
        self._adapter.model.eval()

    def save(self) -> None:
        """Write the state under a temporary name, then rename it: an interruption leaves the last checkpoint intact."""
        started = time.monotonic()
        state = {
            "weights": self._trained,
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "losses": self.losses,
            "generator": torch.get_rng_state(),
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._file.with_suffix(".writing")
        torch.save(state, temporary)
        temporary.replace(self._file)
        self._saved = time.monotonic()
        self._pause = max(SECONDS_PER_CHECKPOINT, (self._saved - started) / SHARE_FOR_CHECKPOINTS)

    def resume(self) -> None:
        """Load the last checkpoint, if there is one and no fresh run is asked for."""
        if os.environ.get(FRESH) or not self._file.exists():
            return
        state: dict[str, Any] = torch.load(self._file, weights_only=True)
        with torch.no_grad():
            for name, weight in self._trained.items():
                weight.copy_(state["weights"][name])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self.losses = state["losses"]
        torch.set_rng_state(state["generator"])


def _others(adapter: Adapter, components: tuple[str, ...]) -> list[torch.nn.Parameter]:
    """Return the weights to freeze: all that can be trained but belong to no chosen component."""
    if set(components) == set(COMPONENTS):
        return []
    parts = adapter.components()
    chosen = {id(weight) for name in components for module in parts[name] for weight in module.parameters()}
    return [weight for weight in adapter.model.parameters() if weight.requires_grad and id(weight) not in chosen]


def _with_lora(model: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(r=LORA_RANK, lora_alpha=2 * LORA_RANK, target_modules="all-linear"))
