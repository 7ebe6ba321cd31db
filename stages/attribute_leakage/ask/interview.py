"""Put the planned questions to one target. It is loaded only when a row is missing, and every row has its cache key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property

import numpy as np
import torch

from stages.attribute_leakage.ask.answering import (
    FORCED_ROW,
    FREE_ROW,
    Reply,
    Request,
    forced_run,
    free_run,
    replies,
)
from stages.attribute_leakage.ask.condition import ANSWER, CONDITIONS
from stages.attribute_leakage.ask.heard import NamedSound
from stages.attribute_leakage.ask.plan import Ask
from stages.attribute_leakage.ask.subjects import SpeakerClip
from stages.attribute_leakage.probe.layers import LAYERS_ROW, Pooled, pooled_layers
from stages.attribute_leakage.read.parsing import at_answer
from stages.core.sound.audio import Samples
from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.rowcache import RowCache, row_key
from stages.models.adapter import Adapter
from stages.models.loading import load_adapter, model_code
from stages.models.record import TargetRecord

SoundOf = Callable[[str], Samples]
"""From a clip_id to the samples of the clip."""


class Interview:
    """A target that is asked questions. Use it as a context manager: the rows are saved on exit.

    Parameters
    ----------
    record : TargetRecord
    sound_of_clip : callable
    max_tokens : int
        A free answer is cut off after this many tokens.
    batch_size : int
    load : callable, optional
        Loads the target.
    """

    def __init__(
        self,
        record: TargetRecord,
        sound_of_clip: SoundOf,
        max_tokens: int,
        batch_size: int,
        load: Callable[[TargetRecord], Adapter] = load_adapter,
    ) -> None:
        self._record = record
        self._sound_of_clip = sound_of_clip
        self._max_tokens = max_tokens
        self._batch_size = batch_size
        self._load = load
        self._stack = ExitStack()

    def __enter__(self) -> Interview:
        enter = self._stack.enter_context
        self._free_rows = enter(RowCache("attribute_leakage/free", FREE_ROW))
        self._forced_rows = enter(RowCache("attribute_leakage/constrained", FORCED_ROW))
        self._layer_rows = enter(RowCache("attribute_leakage/layers", LAYERS_ROW))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    @cached_property
    def adapter(self) -> Adapter:
        """The target, loaded on first use."""
        torch.set_num_threads(1)
        return self._load(self._record)

    def summary(self) -> str:
        """Return one line for each row cache, for the log."""
        return "\n".join(cache.summary() for cache in (self._free_rows, self._forced_rows, self._layer_rows))

    def free(self, requests: Sequence[Request]) -> list[Reply]:
        """Return the target's own greedy answers."""
        keyed = {self._key("free", request, self._max_tokens): request for request in requests}
        found = replies(
            self._free_rows,
            keyed,
            lambda: free_run(self.adapter, self._sound, self._max_tokens),
            self._batch_size,
        )
        return [found[self._key("free", request, self._max_tokens)] for request in requests]

    def constrained(self, asks: Sequence[Ask], said: Sequence[Reply]) -> list[list[Reply]]:
        """Return the reply to each forced option, in the order of ``ask.options``.

        Parameters
        ----------
        asks : sequence of Ask
        said : sequence of Reply
            The free answer to each question. Where the target reasons first, each option is forced after this
            reasoning. If the reasoning failed, its failure is returned for every option.
        """
        of_asks = [self._forced_requests(ask, reply) for ask, reply in zip(asks, said, strict=True)]
        keyed = {self._key("constrained", request): request for group in of_asks for request in group}
        found = replies(self._forced_rows, keyed, lambda: forced_run(self.adapter, self._sound), self._batch_size)
        return [
            [found[self._key("constrained", request)] for request in group] or [reply] * len(ask.options)
            for ask, group, reply in zip(asks, of_asks, said, strict=True)
        ]

    def layers(self, subjects: Sequence[SpeakerClip]) -> Pooled:
        """Return the pooled layers of all clips that have them; see `pooled_layers`."""
        keys = [row_key("layers", self._common, subject.audio_hash) for subject in subjects]
        return pooled_layers(self._layer_rows, keys, subjects, lambda: self.adapter, self._sound, self._batch_size)

    def _forced_requests(self, ask: Ask, reply: Reply) -> list[Request]:
        before = ""
        if CONDITIONS[ask.condition].reasons:
            if reply.failure is not None:
                return []
            before = f"{at_answer(reply.text or '')[0].rstrip()}\n{ANSWER} "
        return [asked(ask, before + option) for option in ask.options]

    def _key(self, way: str, request: Request, *decoding: int) -> str:
        return row_key(way, self._common, request.parts(), list(decoding))

    @cached_property
    def _common(self) -> str:
        """What every row of the target depends on."""
        own = [code_version(function.__module__) for function in (replies, pooled_layers)]
        libraries = library_versions("torch", "transformers", "tokenizers", "numpy")
        return row_key(self._record.fingerprint(), [*own, *model_code(self._record.architecture)], libraries)

    def _sound(self, heard: NamedSound) -> Samples:
        return self._sound_of_clip(heard.clip_id) if heard.clip_id else np.zeros(heard.samples, np.float32)


def asked(ask: Ask, text: str = "") -> Request:
    """Return the request that puts a question to the target; `text` is the forced answer, blank for a free one."""
    return Request(ask.heard, ask.prompt.instruction, ask.prompt.system, text)
