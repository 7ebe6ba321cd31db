"""An outside embedder: the vectors that another model, independent of the target, gives to each neighbour.

FiMMIA (arXiv 2512.02786, section 3) uses such vectors for every modality. Here params name one model, by hub id or
folder. It embeds sounds if it has a feature extractor, otherwise texts. The vector is the mean of its last layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.sound.audio import RATE
from stages.core.store.codeversion import code_version, library_versions
from stages.core.store.jsonfile import artifact
from stages.core.store.rowcache import RowCache, row_key
from stages.core.store.tables import read_groups
from stages.fidelity_detector.differences import OUTSIDE, Vectors
from stages.fidelity_detector.sets import Floats
from stages.neighbours.sounds import NeighbourSounds

SCHEMA = pa.schema([("vector", pa.list_(pa.float32()))])
ROWS_AT_ONCE = 256

Row = dict[str, Any]
Embed = Callable[[Row], Floats]


def outside_vectors(model: str, revision: str, corpus: str) -> dict[str, Vectors]:
    """Return the vectors of all neighbours of a corpus, by neighbour_id; compute those that the row cache lacks.

    Parameters
    ----------
    model, revision : str
        Hub id and commit hash, or a folder and ``none``.
    corpus : str

    Raises
    ------
    EarwitnessError
        If the model cannot be loaded.
    """
    path = artifact("perturbation", corpus, "neighbours.parquet")
    hears, embed = _loaded(model, revision, corpus)
    code = [code_version(__name__), library_versions("numpy", "soundfile", "torch", "transformers")]
    fixed = [code, model, revision, _content(Path(model))]
    found: dict[str, Vectors] = {}
    with RowCache("fidelity_detector/outside", SCHEMA) as cache:
        for rows in _batches(path):
            keys = [row_key(fixed, row["audio_hash"] if hears else row["text"]) for row in rows]
            missing = set(cache.missing(keys))
            for key, row in {key: row for key, row in zip(keys, rows, strict=True) if key in missing}.items():
                cache.append([key], pa.Table.from_pylist([{"vector": embed(row).tolist()}], SCHEMA))
            vectors = cache.rows(keys)["vector"].to_pylist()
            for row, vector in zip(rows, vectors, strict=True):
                found[row["neighbour_id"]] = {OUTSIDE: np.asarray(vector, np.float64)}
        print(cache.summary())
    return found


def _batches(path: Path) -> Iterator[list[Row]]:
    columns = ["neighbour_id", "clip_id", "audio_hash", "text"]
    rows = (row for group in read_groups(path, columns) for row in group.to_pylist())
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        yield batch


def _loaded(model: str, revision: str, corpus: str) -> tuple[bool, Embed]:
    """Return whether a model embeds sounds, and the function that embeds a neighbour."""
    from transformers import AutoFeatureExtractor, AutoModel, AutoTokenizer

    pinned = {"trust_remote_code": False} | ({} if revision == NONE else {"revision": revision})
    try:
        network: Any = AutoModel.from_pretrained(model, use_safetensors=True, dtype="float32", **pinned).eval()
    except (OSError, ValueError) as error:
        raise EarwitnessError(
            f"params.yaml: fidelity_detector.embedder: no model with safetensors at {model!r}: correct it"
        ) from error
    try:
        extractor: Any = AutoFeatureExtractor.from_pretrained(model, **pinned)
    except (OSError, ValueError):
        return False, partial(_of_text, network, AutoTokenizer.from_pretrained(model, **pinned))
    return True, partial(_of_sound, network, extractor, NeighbourSounds(corpus))


def _of_sound(network: Any, extractor: Any, sounds: NeighbourSounds, row: Row) -> Floats:
    return _mean(network, extractor(sounds[row["neighbour_id"]], sampling_rate=RATE, return_tensors="pt"))


def _of_text(network: Any, tokenizer: Any, row: Row) -> Floats:
    longest = min(tokenizer.model_max_length, getattr(network.config, "max_position_embeddings", 10**9))
    return _mean(network, tokenizer(row["text"] or " ", return_tensors="pt", truncation=True, max_length=longest))


def _mean(network: Any, inputs: Any) -> Floats:
    """Return the mean of the last layer over its positions; one row at a time, so that rows are independent."""
    import torch

    # A model with a decoder embeds by its encoder.
    part = network.get_encoder() if network.config.is_encoder_decoder else network
    with torch.inference_mode():
        return np.asarray(part(**inputs).last_hidden_state[0].double().mean(dim=0).numpy())


def _content(folder: Path) -> str:
    """Return a hash of a folder's files. For a hub model it covers no file, because the revision identifies it."""
    digest = blake2b(digest_size=16)
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if path.suffix in {".safetensors", ".json", ".txt", ".model"}:
            digest.update(path.name.encode() + b"\0" + blake2b(path.read_bytes()).digest())
    return digest.hexdigest()
