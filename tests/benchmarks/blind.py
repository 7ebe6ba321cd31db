"""How strong the blind baseline is on real recordings: ``python -m tests.benchmarks.blind FOLDER [PART ...]``.

FOLDER holds folders of recordings, each with a manifest (``tests/conftest.py`` names the usual place). Without
recordings only the part halves runs, on features drawn at random. Parts: pairs; plain (the plain vectors of the papers
beside ours; takes minutes); null (200 relabellings of four kinds; takes minutes); planted; halves; files. By default,
all parts run but plain and null.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.signal import fftconvolve, firwin

from stages.blind_baseline.matching import blind_scores
from stages.core.inference.blind import BlindInterval, PopulationSettings, blind_auc
from stages.core.inference.folds import grouped_folds, permuted_labels
from stages.core.inference.population import find_population
from stages.core.inference.statistics import Bools, Floats, Ints, auc
from stages.core.sound.audio import Samples
from tests.benchmarks.plain_vectors import VECTORS, pipeline
from tests.benchmarks.recordings import ACOUSTIC, NAMES, Recordings, manifest, measured, pair, plain, vector
from tests.benchmarks.tiny import tiny_recordings

TRAIN, OTHER, VOICES = "librispeech_tc100_multi", "librispeech_testother", "commonvoice_en"
DIGITS, ACTORS, MORE_VOICES = "fsdd", "emodb", "commonvoice_multi"
PAIRS = [
    (TRAIN, VOICES, 0.95),
    (OTHER, VOICES, 0.85),
    (TRAIN, OTHER, 0.75),
    (DIGITS, VOICES, 0.99),
    (DIGITS, TRAIN, 0.99),
    (DIGITS, OTHER, 0.99),
]
RATE = 44_100


@dataclass(frozen=True)
class Extent:
    """How much is measured.

    Attributes
    ----------
    settings : PopulationSettings
    deals : int
        Of speakers to folds, which an AUC is averaged over.
    draws : int
        Random splits, and random halves of each size.
    relabellings : int
    pairs : tuple of int
        Sizes of a clean half.
    clips : int
        Of 44.1 kHz.
    noises : tuple of float or None
        Levels over 8 kHz, in dB; None for nothing.
    compared : int
        Pairs of corpora.
    """

    settings: PopulationSettings = field(default_factory=PopulationSettings)
    deals: int = 8
    draws: int = 20
    relabellings: int = 200
    pairs: tuple[int, ...] = (75, 100, 150, 200)
    clips: int = 60
    noises: tuple[float | None, ...] = (None, -85, -70, -50)
    compared: int = len(PAIRS)


FULL = Extent()
TINY = Extent(PopulationSettings(folds=2, permutations=2, bootstraps=20, min_matched=4), 1, 1, 1, (8,), 8, (None,), 1)


class Folder:
    """Recordings, each folder measured once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ours = cache(lambda name: measured(root / name))
        self.plain = cache(lambda name, kind: plain(root / name, VECTORS[kind]))


def acoustic_pair(folder: Folder, one: str, other: str) -> tuple[Floats, Bools, Ints]:
    """Return acoustic features, labels and speakers."""
    features, labels, cluster = pair(folder.ours(one), folder.ours(other))
    return features[:, ACOUSTIC], labels, cluster


def pairs(folder: Folder, extent: Extent) -> None:
    """Acoustic AUC between corpora, and of random clip splits inside one."""
    for one, other, wanted in PAIRS[: extent.compared]:
        features, labels, cluster = acoustic_pair(folder, one, other)
        found = [_auc(features, labels, cluster, deal) for deal in range(extent.deals)]
        _, interval = blind_auc(features, labels, cluster, extent.settings, np.random.default_rng(0), blind_scores)
        span = f"[{interval.low:.2f}, {interval.high:.2f}], permuted {interval.mean:.2f} ± {interval.deviation:.2f}"
        print(f"{one} against {other}, acoustic: {np.mean(found):.3f} {span}, wanted {wanted}", flush=True)
    features = folder.ours(VOICES).features[:, ACOUSTIC]
    covering = 0
    for draw in range(extent.draws):
        rng = np.random.default_rng(draw)
        labels = rng.permutation(np.arange(len(features)) % 2 == 0)
        _, interval = blind_auc(features, labels, np.arange(len(features)), extent.settings, rng, blind_scores)
        covering += interval.low <= 0.5 <= interval.high
    print(
        f"random splits of {VOICES} whose interval covers 0.5: {covering} of {extent.draws}, wanted 17 of 20",
        flush=True,
    )


def _auc(features: Floats, labels: Bools, cluster: Ints, deal: int) -> float:
    folds, _ = grouped_folds(labels, cluster, FULL.settings.folds, np.random.default_rng(deal))
    return auc(blind_scores(features, labels[:, None], folds, cluster)[:, 0], labels)


def plain_vectors(folder: Folder, extent: Extent) -> None:
    """Ours beside the plain vectors, with folds that keep speakers together and with folds that split them."""
    for one, other, _ in PAIRS[: extent.compared]:
        ours = acoustic_pair(folder, one, other)
        rows = {"earwitness, acoustic": (ours[0], _auc)}
        for kind in VECTORS:
            rows[kind] = (pair(folder.plain(one, kind), folder.plain(other, kind))[0], _pipeline_auc)
        for name, (features, judged) in rows.items():
            _, labels, cluster = ours
            kinds = {"new speakers": cluster, "same speakers": np.arange(len(labels))}
            found = {
                kind: np.mean([judged(features, labels, units, deal) for deal in range(extent.deals)])
                for kind, units in kinds.items()
            }
            print(f"{one} against {other}, {name}: " + ", ".join(f"{k} {v:.3f}" for k, v in found.items()), flush=True)


def _pipeline_auc(features: Floats, labels: Bools, cluster: Ints, deal: int) -> float:
    folds, _ = grouped_folds(labels, cluster, FULL.settings.folds, np.random.default_rng(deal))
    scores = np.zeros(len(labels))
    for fold in np.unique(folds):
        train = folds != fold
        fitted = pipeline(int(train.sum()), features.shape[1]).fit(features[train], labels[train])
        scores[~train] = fitted.decision_function(features[~train])
    return auc(scores, labels)


def null(folder: Folder, extent: Extent) -> None:
    """Coverage of 0.5 over random relabellings, by clip and by speaker, and whether a planted shift is found."""
    for name, by_speaker in ((VOICES, False), (OTHER, False), (OTHER, True), (ACTORS, True)):
        recordings = folder.ours(name)
        for family, columns in (("acoustic", ACOUSTIC), ("fused", np.ones(len(NAMES), bool))):
            intervals = list(_relabelled(recordings, columns, by_speaker, extent))
            covering = np.mean([found.low <= 0.5 <= found.high for found in intervals])
            mean = np.mean([found.auc for found in intervals])
            how = "speakers" if by_speaker else "clips"
            print(f"{extent.relabellings} relabelled {how} of {name}, {family}: {covering:.1%} cover 0.5, "
                  f"mean AUC {mean:.3f}, wanted 90 to 98 %", flush=True)  # fmt: skip


def _relabelled(recordings: Recordings, columns: Bools, by_speaker: bool, extent: Extent) -> Iterator[BlindInterval]:
    features = recordings.features[:, columns]
    for draw in range(extent.relabellings):
        rng = np.random.default_rng([draw, 1])
        units = np.unique(recordings.speaker, return_inverse=True)[1]
        labels = permuted_labels(units % 2 == 0, units, 1, rng)[:, 0] if by_speaker else None
        if labels is None:
            labels = rng.permutation(np.arange(len(features)) % 2 == 0)
        yield blind_auc(features, labels, units, extent.settings, rng, blind_scores)[1]


def planted(folder: Folder, extent: Extent) -> None:
    """One feature of the members' moved by 0.8 deviations in a random split of all recordings of speech."""
    everyone = [folder.ours(name) for name in (VOICES, TRAIN, OTHER)]
    features = np.vstack([recordings.features for recordings in everyone])[:, ACOUSTIC]
    varying = np.flatnonzero(features.std(axis=0) > 0)
    found = []
    for draw in range(extent.draws):
        rng = np.random.default_rng([draw, 2])
        labels = rng.permutation(np.arange(len(features)) % 2 == 0)
        moved, column = features.copy(), rng.choice(varying)
        moved[labels, column] += 0.8 * moved[:, column].std()
        found.append(blind_auc(moved, labels, np.arange(len(labels)), extent.settings, rng, blind_scores)[1])
    above, small = sum(one.low > 0.5 for one in found), sum(one.p < 0.05 for one in found)
    mean = np.mean([one.auc for one in found])
    print(f"a shift of 0.8 deviations in one feature of {len(features)} clips: interval above 0.5 in {above} of "
          f"{extent.draws}, p < .05 in {small}, mean AUC {mean:.2f}", flush=True)  # fmt: skip


def halves(folder: Folder | None, extent: Extent) -> None:
    """A clean half, which chance divided, beside a leaky half; in real recordings and in features drawn at random."""
    for pairs_wanted in extent.pairs:
        _print_halves("features drawn at random", pairs_wanted, extent, _random_halves)
    if folder is None:
        return
    voices, readers, digits = (
        np.vstack([folder.ours(name).features for name in names])[:, ACOUSTIC]
        for names in ((VOICES, MORE_VOICES), (TRAIN, OTHER), (DIGITS,))
    )

    def recorded(count: int, rng: np.random.Generator) -> tuple[Floats, Bools]:
        leaky = min(count, len(readers))
        rows = [rng.permutation(len(source)) for source in (voices, readers, digits)]
        parts = [voices[rows[0][: 2 * count]], readers[rows[1][:leaky]], digits[rows[2][:leaky]]]
        clean = rng.permutation(np.arange(2 * count) % 2 == 0)
        return np.vstack(parts), np.append(clean, np.arange(2 * leaky) < leaky)

    for pairs_wanted in (min(75, len(voices) // 2), min(95, len(voices) // 2)):
        _print_halves("Common Voice, and LibriSpeech against FSDD", pairs_wanted, extent, recorded)


def _random_halves(count: int, rng: np.random.Generator, width: int = 100) -> tuple[Floats, Bools]:
    labels = np.append(*(rng.permutation(np.arange(2 * count) % 2 == 0) for _ in range(2)))
    features = rng.normal(size=(4 * count, width))
    features[2 * count :, :10] += np.where(labels[2 * count :], 1.5, -1.5)[:, None]
    return features, labels


def _print_halves(
    what: str, count: int, extent: Extent, draw: Callable[[int, np.random.Generator], tuple[Floats, Bools]]
) -> None:
    kept = []
    for number in range(extent.draws):
        rng = np.random.default_rng([number, 9])
        features, labels = draw(count, rng)
        found = find_population(features, labels, np.arange(len(labels)), extent.settings, rng, blind_scores)
        clean = labels[found.indices] & (found.indices < 2 * count)
        kept.append(clean.sum() / count if found.kind == "matched" else np.nan)
    matched, enough = int(np.isfinite(kept).sum()), int((np.array(kept) >= 0.8).sum())
    median = np.median([share for share in kept if np.isfinite(share)] or [0.0])
    print(f"clean half of {count} pairs ({what}): matched in {matched} of {extent.draws}, 80 % of the clean pairs kept"
          f" in {enough}, median {median:.0%}", flush=True)  # fmt: skip


def files(folder: Folder, extent: Extent) -> None:
    """What resampling to 16 kHz would hide: cut at 12 kHz, coded as MP3, 8-bit, each in half of 44.1 kHz clips."""
    columns = np.array([name.startswith("recording.") for name in NAMES])
    for noise in extent.noises:
        clips = list(_wide_clips(folder.root, noise, extent.clips))
        labels = np.arange(len(clips)) % 2 == 0
        untouched = [vector(_wav(clip), "") for clip in clips]
        for how, treat in TREATMENTS.items():
            features = np.array(
                [vector(treat(c), "") if m else u for c, u, m in zip(clips, untouched, labels, strict=True)]
            )[:, columns]
            found = np.mean([_auc(features, labels, np.arange(len(clips)), deal) for deal in range(extent.deals)])
            over = "nothing above 8 kHz" if noise is None else f"noise at {noise} dB"
            print(f"{how}, {over}, recording: {found:.3f}, wanted 0.99", flush=True)


def _wide_clips(root: Path, noise: float | None, count: int) -> Iterator[Floats]:
    """Yield 4 s of speech at 44.1 kHz over a microphone's noise, which fills the band that 16 kHz leaves empty."""
    rng = np.random.default_rng(0)
    for name in (OTHER, VOICES):
        for path, _, _ in list(manifest(root / name))[: count // 2]:
            samples, rate, _ = vector_source(path)
            wide = soxr.resample(samples[: 4 * rate], rate, RATE, quality="VHQ")
            level = 0.0 if noise is None else 10 ** (noise / 20)
            yield np.clip(wide + level * rng.standard_normal(len(wide)), -1, 1)


def vector_source(path: Path) -> tuple[Floats, int, str]:
    """Return a file's first channel, its rate and its container."""
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return samples[:, 0], rate, path.suffix


def _wav(samples: Floats | Samples, subtype: str = "PCM_16", rate: int = RATE) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype=subtype)
    return buffer.getvalue()


def _cut(samples: Floats) -> bytes:
    return _wav(fftconvolve(samples, firwin(501, 12_000, fs=RATE), mode="same"))


def _mp3(samples: Floats, **coding: object) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format="MP3", **coding)
    buffer.seek(0)
    return _wav(soundfile.read(buffer)[0])


TREATMENTS: dict[str, Callable[[Floats], bytes]] = {
    "cut at 12 kHz": _cut,
    "coded as MP3": _mp3,
    "coded as MP3 at a high rate": lambda samples: _mp3(samples, compression_level=0.0, bitrate_mode="CONSTANT"),
    "coded as MP3 at a high variable rate": lambda samples: _mp3(
        samples, compression_level=0.0, bitrate_mode="VARIABLE"
    ),
    "8-bit": lambda samples: _wav(np.round(samples * 127) / 128),
    "8-bit file": lambda samples: _wav(samples, "PCM_U8"),
}


PARTS: dict[str, Callable[[Folder, Extent], None]] = {
    "pairs": pairs,
    "plain": plain_vectors,
    "null": null,
    "planted": planted,
    "halves": halves,
    "files": files,
}
LONG = ("plain", "null")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.blind")
    usual = os.environ.get("EARWITNESS_SPEECH", str(Path(__file__).resolve().parents[3] / "shared" / "speech"))
    parser.add_argument("folder", nargs="?", type=Path, default=Path(usual))
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    asked = parser.parse_args(arguments)
    if not asked.folder.is_dir():
        print(f"no real recordings in {asked.folder}: only the halves are measured, on features drawn at random")
        halves(None, FULL)
        return
    folder = Folder(asked.folder)
    for name in asked.parts or [part for part in PARTS if part not in LONG]:
        start = time.process_time()
        PARTS[name](folder, FULL)
        print(f"{name}: {time.process_time() - start:.0f} s of CPU", flush=True)


def tiny() -> None:
    """Run every part on recordings of noise, to see that it runs."""
    with tiny_recordings([TRAIN, OTHER, VOICES, DIGITS, ACTORS, MORE_VOICES]) as folder:
        for part in PARTS.values():
            part(Folder(folder), TINY)


if __name__ == "__main__":
    main()
