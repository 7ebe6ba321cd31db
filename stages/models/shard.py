"""``torchrun -m stages.models.shard``: one of the processes that hold a target's shards; see `stages.models.sharded`.

It reads calls from the stage's process, runs each together with the other processes, and answers. The first of them
answers with the value, the others with nothing. It ends when the stage's process closes the connection.
"""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from multiprocessing.connection import Client, Connection
from typing import Any

import torch

from stages.core.errors import EarwitnessError
from stages.models.adapter import Adapter
from stages.models.loading import load_checkpoint
from stages.models.sharded import ADDRESS


def main() -> None:
    """Answer calls until there are no more."""
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    with Client(os.environ[ADDRESS], "AF_UNIX") as stage:
        try:
            _serve(stage, rank)
        except (EOFError, BrokenPipeError):  # the stage has ended
            return


def _serve(stage: Connection, rank: int) -> None:
    adapter: Adapter | None = None
    while True:
        method, arguments = pickle.loads(stage.recv_bytes())  # noqa: S301 (sent by the process that started this one)
        fault, value = None, None
        try:
            if method == "load":
                adapter = load_checkpoint(*arguments)
                value = _about(adapter)
            else:
                run: Callable[..., Any] = getattr(adapter, method)
                value = run(*arguments)
        except EarwitnessError as error:
            fault = str(error)
        except Exception as error:
            reason = next(iter(str(error).strip().splitlines()), "")
            fault = f"placement 'tensor_parallel': process {rank} failed ({type(error).__name__}: {reason})"
        answer = io.BytesIO()
        torch.save((fault, value if rank == 0 else None), answer)
        stage.send_bytes(answer.getvalue())


def _about(adapter: Adapter) -> dict[str, Any]:
    model: Any = adapter.model
    weights = list(model.parameters())
    return {
        "architecture": model.config.model_type,
        "parameters": sum(weight.numel() for weight in weights),
        "dtype": weights[0].dtype,
        "window_seconds": adapter.window_seconds,
        "system_turn": adapter.system_turn,
    }


if __name__ == "__main__":
    main()
