"""Mask-filling: a masked language model's predictions replace some words (FiMMIA, arXiv 2512.02786)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from stages.neighbours.recipe import Recipe, perturbation, words_at
from stages.neighbours.settings import ModelPlace, Number, PerturbationSettings, Text, within

LATEST = "none"
"""The revision of a folder, which has no commit hash."""
WORD_STARTS = ("Ġ", "▁")  # byte-level BPE and SentencePiece mark the tokens that begin a word
WORD_GOES_ON = "##"
"""WordPiece marks the tokens that continue a word."""


def content(settings: Mapping[str, Any]) -> str:
    """Return a hash of a folder's files, which can change without a new name; a hub model's revision is enough."""
    return _folder_hash(settings["model"])


@cache
def _folder_hash(model: str) -> str:
    folder, digest = Path(model), blake2b(digest_size=16)
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if path.suffix in {".safetensors", ".json", ".txt", ".model"}:
            digest.update(path.name.encode() + b"\0" + blake2b(path.read_bytes()).digest())
    return digest.hexdigest()


class MaskFillSettings(PerturbationSettings):
    """The masked language model, the share of words to replace, and the number of candidates."""

    model: ModelPlace
    revision: Text
    share: Annotated[Number, within(0.001, 1)]
    candidates: Annotated[int, within(1, 1000)]


@perturbation(
    "mask_fill",
    kind="text",
    settings=MaskFillSettings,
    libraries=("torch", "transformers", "tokenizers"),
    content=content,
)
def mask_fill(
    text: str, rng: np.random.Generator, *, model: str, revision: str, share: float, candidates: int
) -> tuple[str, Recipe]:
    """Replace a share of the words, at least one, each by one token that begins a word.

    All of them are masked at the same time. With WordPiece the token is nearly always a whole word. Byte-level BPE does
    not mark where a word ends.

    Parameters
    ----------
    text : str
        White space separates words. Words beyond the model's longest input stay unchanged.
    rng : Generator
    model, revision : str
        A masked language model's hub id and commit hash, or its folder and ``none``.
    share : float
        Share of the words, in (0, 1].
    candidates : int
        Number of most probable words, of which one is drawn by its probability. The old word is not among them.

    Returns
    -------
    text : str
    recipe : dict
        `positions`, the old `words` at these positions, and their `replacements`.
    """
    words = text.split()
    if not words:
        return text, {"positions": [], "words": [], "replacements": []}
    count = max(1, round(share * len(words)))
    positions = sorted(int(place) for place in rng.choice(len(words), count, replace=False))
    filler = _filler(model, revision)
    chances = filler.chances([None if place in positions else word for place, word in enumerate(words)])
    positions = positions[: len(chances)]
    new = [
        filler.drawn(chance, words[place], candidates, rng) for place, chance in zip(positions, chances, strict=True)
    ]
    old = words_at(words, positions)
    for place, word in zip(positions, new, strict=True):
        words[place] = word
    return " ".join(words), {"positions": positions, "words": old, "replacements": new}


class _Filler:
    """A masked language model with its tokenizer, on one thread of the processor."""

    def __init__(self, model: str, revision: str) -> None:
        import torch
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        torch.set_num_threads(1)  # so that sums do not depend on the number of threads
        pinned = {} if revision == LATEST else {"revision": revision}
        self.tokenizer: Any = AutoTokenizer.from_pretrained(model, trust_remote_code=False, **pinned)
        self.model: Any = AutoModelForMaskedLM.from_pretrained(
            model, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, **pinned
        ).eval()
        self.words = self._whole_words()

    def _whole_words(self) -> dict[int, str]:
        """Return the tokens that can be a whole word, as text without the mark of a word's beginning."""
        names = {
            token: name
            for name, token in self.tokenizer.get_vocab().items()
            if token not in self.tokenizer.all_special_ids
        }
        marked = any(name.startswith(WORD_STARTS) for name in names.values())
        begins = {token: name for token, name in names.items() if name.startswith(WORD_STARTS if marked else "")}
        whole = {
            token: self.tokenizer.decode([token]).strip()
            for token, name in begins.items()
            if not name.startswith(WORD_GOES_ON)
        }
        return {token: word for token, word in sorted(whole.items()) if word.isalpha()}

    def chances(self, words: list[str | None]) -> list[NDArray[np.float64]]:
        """Return every token's logit at each None that is within the model's longest input."""
        import torch

        masked = " ".join(self.tokenizer.mask_token if word is None else word for word in words)
        longest = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings - 2)
        inputs = self.tokenizer(masked, return_tensors="pt", truncation=True, max_length=longest)
        with torch.inference_mode():
            logits = self.model(**inputs).logits[0]
        places = (inputs["input_ids"][0] == self.tokenizer.mask_token_id).nonzero()[:, 0]
        return [np.asarray(logits[place].double().numpy()) for place in places]

    def drawn(self, logits: NDArray[np.float64], old: str, candidates: int, rng: np.random.Generator) -> str:
        """Draw a word; return the old one if the vocabulary has no other."""
        tokens = np.array([token for token, word in self.words.items() if word.lower() != old.lower()], np.intp)
        if not len(tokens):
            return old
        best = tokens[np.argsort(-logits[tokens], kind="stable")[:candidates]]
        weight = np.exp(logits[best] - logits[best].max())
        return self.words[int(rng.choice(best, p=weight / weight.sum()))]


@cache
def _filler(model: str, revision: str) -> _Filler:
    return _Filler(model, revision)
