"""Speech recognisers with an encoder and a decoder that attends to it, such as Whisper: their shared code.

The decoder receives the sound only through cross-attention, so a row has no audio positions. It takes no instruction.
Both slices are therefore empty. The pooled hidden state is the mean over the prefix before the answer, which depends on
the sound and not on the text.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch.nn.functional import cross_entropy

from stages.core.errors import EarwitnessError
from stages.models.adapter import Adapter, Forced, Query, Reduce, Reduced
from stages.models.forward.components import components_of
from stages.models.forward.layers import pooled, recorded
from stages.models.forward.parts import Parts, Transcripts, load_parts
from stages.models.forward.rows import TokenRow, padded, reduced, scored
from stages.models.options import LoadOptions


@dataclass(frozen=True)
class Input:
    """The encoder's input for one sound.

    Attributes
    ----------
    values : float32[...]
        Without a batch dimension.
    seconds_cut : float
        Seconds of audio beyond the window, which were cut.
    share : float
        Share of the encoder's positions that hold sound; the rest is silence that fills the window.
    """

    values: torch.Tensor
    seconds_cut: float
    share: float = 1.0


@dataclass(frozen=True)
class EncodedSound:
    """A sound after the encoder, float[n, d], and the prefix of its answers."""

    states: torch.Tensor
    prefix: list[int]
    sound: Input


@dataclass(frozen=True)
class _DecoderRun:
    """A row after its forward."""

    row: TokenRow
    hidden: torch.Tensor
    heard: EncodedSound

    def pooled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the means over the positions that hold sound and over the prefix, float32[d] each."""
        positions = max(round(self.heard.sound.share * len(self.heard.states)), 1)
        return (
            self.heard.states[:positions].float().mean(0).cpu(),
            self.hidden[: self.row.answer.start].float().mean(0).cpu(),
        )


class EncoderDecoderAdapter(Adapter):
    """An encoder-decoder.

    Rows run together only if their encoded sounds are equally long. So only the ends of answers are padded. The padding
    follows all scored tokens, so no row depends on another.

    Parameters
    ----------
    parts : Parts
    """

    model_class: ClassVar[Any]

    def __init__(self, parts: Parts) -> None:
        self.model: Any = parts.model
        self._core = parts.model  # training may wrap low-rank updates around the model, which change it in place
        self.parts = parts
        self._transcripts = Transcripts(parts.tokenizer)
        self._end = int(parts.model.config.eos_token_id)

    @classmethod
    def load(cls, source: Path | str, options: LoadOptions) -> EncoderDecoderAdapter:
        """Load a checkpoint from a folder or the hub; see `Adapter.load`."""
        return cls(load_parts(cls.model_class, source, options))

    @abstractmethod
    def input(self, query: Query) -> Input:
        """Return the encoder's input for one query's sound, cut at the window."""

    def prefix(self, states: torch.Tensor) -> list[int]:
        """Return the decoder's tokens before the answer, given the encoded sound float[n, d]."""
        del states
        return [int(self._core.config.decoder_start_token_id)]

    @torch.inference_mode()
    def forced(self, queries: Sequence[Query], slices: Sequence[str]) -> list[Forced]:
        """Run one teacher-forced forward; see `Adapter.forced`."""
        return [self._read(run, slices) for run in self._run(queries)]

    @torch.inference_mode()
    def reduced(self, queries: Sequence[Query], slices: Sequence[str], reduce: Reduce) -> list[Reduced]:
        """Run one teacher-forced forward and reduce its logits; see `Adapter.reduced`."""
        runs, head = self._run(queries), self._core.get_output_embeddings()
        found = {
            name: reduced(head, [scored(run.row, run.hidden, name) for run in runs], head.out_features, reduce)
            for name in slices
        }
        return [
            Reduced(
                {name: found[name][at][0] for name in slices},
                {name: found[name][at][1] for name in slices},
                *run.pooled(),
                run.heard.sound.seconds_cut,
            )
            for at, run in enumerate(runs)
        ]

    @torch.inference_mode()
    def layers(self, queries: Sequence[Query]) -> list[dict[str, torch.Tensor]]:
        """Run one sound at a time and record the outputs of the layers; see `Adapter.layers`."""
        return [self._layers(query) for query in queries]

    def loss(self, queries: Sequence[Query]) -> torch.Tensor:
        """Run the head only at the answers' positions; see `Adapter.loss`."""
        return self._loss(queries, self._hear(queries))

    def loss_by_sound(self, query: Query) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and the encoder's output float[n, d]; see `Adapter.loss_by_sound`."""
        with torch.no_grad():
            heard = self._hear([query])[query.audio_hash]
        states = heard.states.detach().clone().requires_grad_()
        return self._loss([query], {query.audio_hash: replace(heard, states=states)}), states

    @torch.inference_mode()
    def generate(self, queries: Sequence[Query], max_tokens: int) -> list[str]:
        """Return greedy answers, without the tokens that the checkpoint suppresses; see `Adapter.generate`."""
        heard = self._hear(queries)
        made: dict[str, list[int]] = {}
        for names in _alike((name, (len(one.states), len(one.prefix))) for name, one in heard.items()):
            made |= zip(names, self._greedy([heard[name] for name in names], max_tokens), strict=True)
        return [self.parts.tokenizer.decode(made[query.audio_hash], skip_special_tokens=True) for query in queries]

    def components(self) -> dict[str, list[torch.nn.Module]]:
        """Return the encoder, an empty connector, and the decoder with its head; see `Adapter.components`."""
        return components_of(self._core, [], [self._core.get_decoder(), self._core.get_output_embeddings()])

    def save(self, folder: Path) -> None:
        """Save the checkpoint; see `Adapter.save`."""
        self.parts.save(folder)

    @property
    def _pad(self) -> int:
        pad = self._core.config.pad_token_id
        return self._end if pad is None else int(pad)

    def _hear(self, queries: Sequence[Query]) -> dict[str, EncodedSound]:
        """Encode each distinct sound; sounds of the same shape run together."""
        sounds = {query.audio_hash: query for query in queries}
        inputs = {name: self.input(query) for name, query in sounds.items()}
        encoder, heard = self._core.get_encoder(), {}
        for names in _alike((name, tuple(made.values.shape)) for name, made in inputs.items()):
            values = torch.stack([inputs[name].values for name in names]).to(self._core.device, self._core.dtype)
            for name, states in zip(names, encoder(values).last_hidden_state, strict=True):
                heard[name] = EncodedSound(states, self.prefix(states), inputs[name])
        return heard

    def _layers(self, query: Query) -> dict[str, torch.Tensor]:
        with recorded("encoder", self._core.get_encoder(), entering=True) as encoded:
            heard = self._hear([query])[query.audio_hash]
        decoder = self._core.get_decoder()
        with recorded("decoder", decoder) as decoded:
            prefix = torch.tensor([heard.prefix], device=heard.states.device)
            decoder(input_ids=prefix, encoder_hidden_states=heard.states[None], use_cache=False)
        positions = len(next(iter(encoded.values())))
        sounding = max(round(heard.sound.share * positions), 1)
        return {**pooled(encoded, slice(sounding)), **pooled(decoded, slice(None))}

    def _row(self, query: Query, heard: EncodedSound) -> TokenRow:
        answer = [*self._transcripts.ids(query.text), self._end]
        ids, start = [*heard.prefix, *answer], len(heard.prefix)
        most = getattr(self._core.config, "max_target_positions", None)
        if most is not None and len(ids) - 1 > most:
            raise EarwitnessError(
                f"a transcript of {len(answer)} tokens does not fit the decoder's {most} positions: "
                f"cut the clip that says {query.text[:40]!r}"
            )
        return TokenRow(ids, range(0), range(0), range(start, len(ids)))

    def _loss(self, queries: Sequence[Query], heard: Mapping[str, EncodedSound]) -> torch.Tensor:
        runs = self._decode(queries, heard)
        before = torch.cat([scored(run.row, run.hidden, "transcript")[1] for run in runs])
        answers = [token for run in runs for token in run.row.token_ids[run.row.answer.start :]]
        head = self._core.get_output_embeddings()
        return cross_entropy(head(before).float(), torch.tensor(answers, device=before.device))

    def _run(self, queries: Sequence[Query]) -> list[_DecoderRun]:
        return self._decode(queries, self._hear(queries))

    def _decode(self, queries: Sequence[Query], heard: Mapping[str, EncodedSound]) -> list[_DecoderRun]:
        """Run the decoder, given the encoded sounds."""
        rows = [self._row(query, heard[query.audio_hash]) for query in queries]
        runs: dict[int, _DecoderRun] = {}
        for places in _alike((at, len(heard[query.audio_hash].states)) for at, query in enumerate(queries)):
            ids, _ = padded([rows[at] for at in places], self._pad)
            states = torch.stack([heard[queries[at].audio_hash].states for at in places])
            hidden = self._core.get_decoder()(
                input_ids=ids[:, :-1].to(states.device), encoder_hidden_states=states, use_cache=False
            ).last_hidden_state
            for at, vectors in zip(places, hidden, strict=True):
                runs[at] = _DecoderRun(rows[at], vectors[: len(rows[at].token_ids) - 1], heard[queries[at].audio_hash])
        return [runs[at] for at in range(len(queries))]

    def _read(self, run: _DecoderRun, slices: Sequence[str]) -> Forced:
        head = self._core.get_output_embeddings()
        found = {name: scored(run.row, run.hidden, name) for name in slices}
        return Forced(
            {name: ids for name, (ids, _) in found.items()},
            {name: head(vectors).float() for name, (_, vectors) in found.items()},
            *run.pooled(),
            run.heard.sound.seconds_cut,
        )

    def _greedy(self, sounds: Sequence[EncodedSound], max_tokens: int) -> list[list[int]]:
        """Decode sounds of equal length whose prefixes have equal length."""
        decoder, head = self._core.get_decoder(), self._core.get_output_embeddings()
        states = torch.stack([sound.states for sound in sounds])
        ids = torch.tensor([sound.prefix for sound in sounds], device=states.device)
        answers: list[list[int]] = [[] for _ in sounds]
        running, cache = set(range(len(sounds))), None
        most = getattr(self._core.config, "max_target_positions", None) or max_tokens + ids.shape[1]
        for step in range(min(max_tokens, most - ids.shape[1] + 1)):
            made = decoder(input_ids=ids, encoder_hidden_states=states, past_key_values=cache, use_cache=True)
            logits = head(made.last_hidden_state[:, -1])
            logits[:, self._suppressed(step)] = -torch.inf
            best = logits.argmax(-1)
            running = {at for at in running if best[at] != self._end}
            for at in running:
                answers[at].append(int(best[at]))
            if not running:
                break
            ids, cache = best[:, None], made.past_key_values
        return answers

    def _suppressed(self, step: int) -> list[int]:
        settings = self._core.generation_config
        always = getattr(settings, "suppress_tokens", None) or []
        return [*always, *((getattr(settings, "begin_suppress_tokens", None) or []) if step == 0 else [])]


def _alike(keyed: Iterable[tuple[Any, Hashable]]) -> list[list[Any]]:
    """Group items by their keys, in the order of each group's first item."""
    groups: dict[Hashable, list[Any]] = {}
    for item, key in keyed:
        groups.setdefault(key, []).append(item)
    return list(groups.values())
