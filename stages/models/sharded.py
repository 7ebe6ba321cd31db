"""A target whose layers are sharded over several processes, by the tensor parallel plan of `transformers`.

The stage's own process holds no weights. It starts ``torchrun``, whose processes (`stages.models.shard`) each load
their shard, and sends every call to all of them. They answer together; the answer of the first is returned. If one of
them fails or dies, the others are stopped and the stage ends in one line.
"""

from __future__ import annotations

import io
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import torch

from stages.core.errors import EarwitnessError
from stages.models.adapter import Adapter, Forced, Query, Reduce, Reduced
from stages.models.options import LoadOptions
from stages.models.sources import sources_of

ADDRESS = "EARWITNESS_SHARDS"
"""Environment variable of the started processes: the socket of the stage's process."""
ON_CPU = 2
"""Number of processes where there is no card, which is for trying it out."""
PATIENCE = 30.0
"""Seconds that stopped processes have to end by themselves."""
LOG = "shards.log"


class ShardedAdapter(Adapter):
    """Sends each call to the processes that hold a target's shards.

    Parameters
    ----------
    source : str
        A folder or a hub id.
    options : LoadOptions
    heads : int
        Number of the language model's key and value heads, which the number of processes must divide.

    Raises
    ------
    EarwitnessError
        If the target cannot be loaded so.
    """

    def __init__(self, source: str, options: LoadOptions, heads: int) -> None:
        most = torch.cuda.device_count() or ON_CPU
        self._size = max(size for size in range(1, most + 1) if heads % size == 0)
        if self._size == 1:
            raise EarwitnessError(
                f"{source}: placement 'tensor_parallel' needs a number of cards, from 2 to the {most} here, that "
                f"divides the model's {heads} key and value heads: choose placement 'auto'"
            )
        self._lock = Lock()
        self._start()
        about = self._call("load", source, options)
        self.model = _Elsewhere(about["architecture"], about["parameters"], about["dtype"])
        self.window_seconds = about["window_seconds"]
        self.system_turn = about["system_turn"]

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> ShardedAdapter:
        """Load a checkpoint; see `Adapter.load`."""
        used = sources_of(source, options).model
        return cls(str(source), options, key_value_heads(used.name, used.revision))

    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """See `Adapter.forced`."""
        found: list[Forced] = self._call("forced", queries, slices)
        return found

    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """See `Adapter.reduced`."""
        found: list[Reduced] = self._call("reduced", queries, slices, reduce)
        return found

    def layers(self, queries: Sequence[Query]) -> list[dict[str, torch.Tensor]]:
        """See `Adapter.layers`."""
        found: list[dict[str, torch.Tensor]] = self._call("layers", queries)
        return found

    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """See `Adapter.generate`."""
        found: list[str] = self._call("generate", queries, max_tokens)
        return found

    def verify(self) -> None:
        """See `Adapter.verify`."""
        self._call("verify")

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Refuse: no gradients come back from other processes."""
        raise EarwitnessError(
            "a sharded target gives no training loss: set params.yaml: targets: placement: one_device"
        )

    def save(self, folder: Path) -> None:
        """Refuse: the weights lie in other processes."""
        raise EarwitnessError("a sharded target is not saved: set params.yaml: targets: placement: one_device")

    def _start(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="earwitness-"))  # a socket's path must be short
        address = (folder / "socket").as_posix()
        line = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(self._size)]
        self._log = folder / LOG
        with socket.socket(socket.AF_UNIX) as listening, self._log.open("wb") as log:
            listening.bind(address)
            listening.listen()
            listening.settimeout(1.0)
            process = subprocess.Popen(  # noqa: S603 (this program's own module)
                [*line, "-m", "stages.models.shard"],
                env={**os.environ, ADDRESS: address},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            self._shards: list[Connection] = []
            self._stop = weakref.finalize(self, _stop, process, self._shards, folder)
            while len(self._shards) < self._size:
                try:
                    connected, _ = listening.accept()
                except TimeoutError:
                    if process.poll() is not None:
                        raise self._failed("a process of torchrun did not start") from None
                    continue
                connected.setblocking(True)
                self._shards.append(Connection(connected.detach()))

    def _call(self, method: str, *arguments: Any) -> Any:
        """Run a method in all processes and return what the first gives; stop them all if one fails."""
        with self._lock:
            if not self._stop.alive:
                raise EarwitnessError("the processes that hold this target's shards have ended: run the stage again")
            told = pickle.dumps((method, arguments))
            answers: dict[Connection, Any] = {}
            try:
                for shard in self._shards:
                    shard.send_bytes(told)
                while len(answers) < self._size:
                    waiting = [shard for shard in self._shards if shard not in answers]
                    ready = wait(waiting)
                    answers |= {shard: _read(shard) for shard in waiting if shard in ready}
            except (EOFError, OSError):
                raise self._failed("a process that holds a shard died") from None
            except EarwitnessError:
                self._stop()
                raise
            return next((answer for answer in answers.values() if answer is not None), None)

    def _failed(self, what: str) -> EarwitnessError:
        said = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        self._stop()
        reason = next(
            (line.strip() for line in reversed(said) if "Error" in line or "exitcode" in line), "no reason given"
        )
        return EarwitnessError(f"placement 'tensor_parallel': {what} ({reason}): run the stage again")


class _Elsewhere(torch.nn.Module):
    """Stands for a model whose weights lie in other processes: their number and dtype, but no values."""

    def __init__(self, architecture: str, parameters: int, dtype: torch.dtype) -> None:
        super().__init__()
        self.config = SimpleNamespace(model_type=architecture)
        self.hf_device_map = {"one shard": 0, "another": 1}
        self.weights = torch.nn.Parameter(torch.empty(parameters, dtype=dtype, device="meta"))


def key_value_heads(source: Path | str, revision: str | None) -> int:
    """Return the number of key and value heads of a checkpoint's language model."""
    from transformers import AutoConfig

    of_composed = Path(source, "language_model")
    found = of_composed if (of_composed / "config.json").is_file() else source
    config = AutoConfig.from_pretrained(found, revision=revision, trust_remote_code=False)
    text = getattr(config, "thinker_config", config).get_text_config(decoder=True)
    return int(getattr(text, "num_key_value_heads", None) or text.num_attention_heads)


def _read(shard: Connection) -> Any:
    """Return what a process answers: a value from the first, None from the others."""
    fault, value = torch.load(io.BytesIO(shard.recv_bytes()), map_location="cpu", weights_only=False)
    if fault is not None:
        raise EarwitnessError(fault)
    return value


def _stop(process: subprocess.Popen[bytes], shards: list[Connection], folder: Path) -> None:
    """Close the connections, at which the processes end; end those that do not."""
    for shard in shards:
        shard.close()
    for end in (None, process.terminate, process.kill):
        if end is not None:
            end()
        try:
            process.wait(PATIENCE / 3)
            break
        except subprocess.TimeoutExpired:
            continue
    shutil.rmtree(folder, ignore_errors=True)
