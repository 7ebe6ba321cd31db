"""Sound that libsndfile does not read, by way of ffmpeg where it is installed."""

from __future__ import annotations

import math
import shutil
import subprocess
import tempfile
from pathlib import Path

from stages.core.sound.containers.kinds import FileKind
from stages.core.sound.containers.stream import Undecodable

PATIENCE = 600
"""Seconds after which ffmpeg is stopped."""


def require_ffmpeg(kind: FileKind) -> str:
    """Return the path of the program.

    Raises
    ------
    Undecodable
        If it is not installed.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise Undecodable(f"{kind.words}, which libsndfile does not read: install ffmpeg, or convert it to FLAC")
    return program


def through_ffmpeg(source: Path | bytes, kind: FileKind, most_seconds: float) -> bytes:
    """Return the first stream of sound of a file as a WAV of 32-bit floats, with its rate and channels.

    Parameters
    ----------
    source : Path or bytes
    kind : FileKind
        For messages.
    most_seconds : float
        At most a second more than this is decoded.

    Raises
    ------
    Undecodable
        If ffmpeg is not installed, or finds the file damaged or without sound.
    """
    program = require_ffmpeg(kind)
    if isinstance(source, bytes):
        with tempfile.NamedTemporaryFile() as file:
            file.write(source)
            file.flush()
            return through_ffmpeg(Path(file.name), kind, most_seconds)
    command = [program, "-v", "error", "-nostdin", "-xerror", "-err_detect", "explode"]
    command += ["-i", f"file:{source.absolute()}", "-map", "0:a:0", "-vn", "-sn", "-dn"]
    command += ["-t", str(most_seconds + 1)] if math.isfinite(most_seconds) else []
    command += ["-f", "wav", "-c:a", "pcm_f32le", "-bitexact", "pipe:1"]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise Undecodable(f"{kind.words}, which ffmpeg does not decode within {PATIENCE} s") from error
    if answer.returncode or answer.stderr.strip():
        why = answer.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise Undecodable(f"{kind.words}, which ffmpeg cannot decode ({why[0][:200].replace(str(source), '')})")
    return answer.stdout
