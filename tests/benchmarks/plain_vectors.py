"""The plain acoustic vectors of the papers, to compare with our features: librosa measures them, a pipeline classifies.

FiMMIA (arXiv 2512.02786) averages librosa's descriptors over a clip. The audit of audio language models (arXiv
2603.28378) aggregates frame descriptors. Neither measures the deviation over time of all descriptors, silence, the
background, bandwidth or codec traces.
"""

from __future__ import annotations

import librosa
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from stages.core.inference.statistics import Floats
from stages.core.sound.audio import RATE, Samples

FIMMIA_RATE = 22_050
FIMMIA_AXES = 250


def fimmia(samples: Samples) -> Floats:
    """Return FiMMIA's vector: float64[427].

    Averages over time of zero crossings, level, centroid, bandwidth, rolloff, 12 chroma of the harmonic part, 20
    cepstra, 6 tonal centroids and the 384 lags of the tempogram, at 22.05 kHz.
    """
    sound = librosa.resample(samples, orig_sr=RATE, target_sr=FIMMIA_RATE)
    sound = np.pad(sound, (0, max(0, 2048 - len(sound))))
    harmonic = librosa.effects.harmonic(sound)
    of, rate = librosa.feature, FIMMIA_RATE
    tracks = [
        of.zero_crossing_rate(sound),
        of.rms(y=sound),
        of.spectral_centroid(y=sound, sr=rate),
        of.spectral_bandwidth(y=sound, sr=rate),
        of.spectral_rolloff(y=sound, sr=rate),
        of.chroma_stft(y=harmonic, sr=rate),
        of.mfcc(y=sound, sr=rate, n_mfcc=20),
        of.tonnetz(y=harmonic, sr=rate),
        of.tempogram(y=sound, sr=rate),
    ]
    return np.concatenate([track.mean(axis=1) for track in tracks]).astype(np.float64)


def frame_descriptors(samples: Samples) -> Floats:
    """Return means and deviations of cepstra, centroid, bandwidth, rolloff, pitch, level, zero crossings: float64[38].

    The descriptors are those that arXiv 2603.28378 names; how it aggregates them is not told.
    """
    sound = np.pad(samples, (0, max(0, 2048 - len(samples))))
    of = librosa.feature
    pitch = librosa.yin(sound, fmin=65, fmax=500, sr=RATE)[None, :]
    tracks = [
        of.mfcc(y=sound, sr=RATE, n_mfcc=13),
        *(track(y=sound, sr=RATE) for track in (of.spectral_centroid, of.spectral_bandwidth, of.spectral_rolloff)),
        pitch,
        of.rms(y=sound),
        of.zero_crossing_rate(sound),
    ]
    stacked = [statistic(track, axis=1) for track in tracks for statistic in (np.mean, np.std)]
    return np.concatenate(stacked).astype(np.float64)


VECTORS = {"FiMMIA, 427 averages": fimmia, "frame descriptors": frame_descriptors}


def pipeline(clips: int, width: int) -> Pipeline:
    """Return standardisation, principal axes and logistic regression, all fitted in the fold.

    The axes are not whitened: with as many axes as clips, whitening blows up the noise of the last ones, and the rival
    would be weaker than it need be (.75 instead of .81 for test-other against Common Voice).
    """
    axes = PCA(min(FIMMIA_AXES, clips - 1, width), random_state=0)
    return make_pipeline(StandardScaler(), axes, LogisticRegression(max_iter=5000))
