"""What a file is, from its first bytes: sound that libsndfile reads, other sound, video, or something else."""

from __future__ import annotations

from typing import Literal, NamedTuple

from stages.core.sound.containers.mpeg import begins_frame

HEAD = 4096
"""Bytes that tell what a file is."""

Family = Literal["sound", "ffmpeg", "archive", "other", "unknown"]


class FileKind(NamedTuple):
    """What a file is.

    Attributes
    ----------
    family : str
        `sound`: libsndfile should read it. `ffmpeg`: sound or video that ffmpeg reads and libsndfile does not.
        `archive`; `other`: text, images and the like. `unknown`: nothing that is known here.
    words : str
        For people.
    """

    family: Family
    words: str


_STARTS: list[tuple[bytes, Family, str]] = [
    (b"fLaC", "sound", "FLAC"),
    (b"OggS", "sound", "Ogg"),
    (b".snd", "sound", "AU"),
    (b"dns.", "sound", "AU"),
    (b"caff", "sound", "CAF"),
    (b"riff\x2e\x91\xcf\x11", "sound", "Wave64"),
    (b"NIST_1A", "sound", "NIST SPHERE"),
    (b"Creative Voice File", "sound", "VOC"),
    (b"2BIT", "sound", "AVR"),
    (b"PVF1", "sound", "PVF"),
    (b" paf", "sound", "PAF"),
    (b"fap ", "sound", "PAF"),
    (b"ALawSoundFile", "sound", "WVE"),
    (b"Extended Instrument: ", "sound", "XI"),
    (b"\xf0\x7e", "sound", "SDS"),
    (b"\x64\xa3", "sound", "IRCAM"),
    (b"\xff\xf1", "ffmpeg", "AAC"),
    (b"\xff\xf9", "ffmpeg", "AAC"),
    (b"ADIF", "ffmpeg", "AAC"),
    (b"#!AMR", "ffmpeg", "AMR"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ffmpeg", "WMA or other Windows Media"),
    (b"\x1a\x45\xdf\xa3", "ffmpeg", "a video (Matroska or WebM)"),
    (b"\x00\x00\x01\xba", "ffmpeg", "a video (MPEG)"),
    (b"\x00\x00\x01\xb3", "ffmpeg", "a video (MPEG)"),
    (b"FLV", "ffmpeg", "a video (Flash)"),
    (b".RMF", "ffmpeg", "RealMedia"),
    (b"MAC ", "ffmpeg", "Monkey's Audio"),
    (b"wvpk", "ffmpeg", "WavPack"),
    (b"TTA1", "ffmpeg", "True Audio"),
    (b"MPCK", "ffmpeg", "Musepack"),
    (b"MP+", "ffmpeg", "Musepack"),
    (b"DSD ", "ffmpeg", "DSD"),
    (b"FRM8", "ffmpeg", "DSD"),
    (b"ajkg", "ffmpeg", "Shorten"),
    (b"PK\x03\x04", "archive", "a ZIP archive"),
    (b"PK\x05\x06", "archive", "a ZIP archive"),
    (b"\x1f\x8b", "archive", "a gzip archive"),
    (b"BZh", "archive", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "archive", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive", "a 7z archive"),
    (b"Rar!", "archive", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "archive", "a Zstandard archive"),
    (b"\x89PNG", "other", "an image"),
    (b"\xff\xd8\xff", "other", "an image"),
    (b"GIF8", "other", "an image"),
    (b"%PDF", "other", "a PDF"),
    (b"PAR1", "other", "a Parquet table"),
    (b"ARROW1", "other", "an Arrow table"),
    (b"\x7fELF", "other", "a program"),
    (b"SQLite format 3", "other", "a database"),
    (b"\x00\x05\x16\x07", "other", "a resource fork of macOS"),
    (b"\x00\x05\x16\x00", "other", "a resource fork of macOS"),
    (b"\x00\x00\x00\x01Bud1", "other", "a folder's view settings"),
    (b"\x93NUMPY", "other", "a NumPy array"),
]
_FORMS = {b"WAVE": "WAV", b"AIFF": "AIFF", b"AIFC": "AIFF-C", b"8SVX": "SVX", b"16SV": "SVX"}


def kind_of(head: bytes) -> FileKind:
    """Return what a file is whose first bytes, up to `HEAD`, are given."""
    if _is_text(head) and not head.startswith(b"NIST_1A"):  # text may begin as sound does: 'FORMERLY', 'caffeine'
        page = head.decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")[:15].lower()
        return FileKind("other", "a web page" if page.startswith(("<!doctype html", "<html")) else "text")
    if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"FORM"):
        return _form(head)
    for start, family, words in _STARTS:
        if head.startswith(start):
            return FileKind(family, words)
    if head[4:8] == b"ftyp":
        sound = head[8:11] in (b"M4A", b"M4B", b"M4P")
        return FileKind("ffmpeg", "M4A (AAC or Apple Lossless)" if sound else "a video or sound in MP4")
    if head[257:262] == b"ustar":
        return FileKind("archive", "a tar archive")
    if head[:3] == b"ID3" or (head[:2] != b"\xff\xfe" and begins_frame(head, 0)):  # FF FE begins text in UTF-16
        return FileKind("sound", "MP3")
    return _plain(head)


def _form(head: bytes) -> FileKind:
    form = head[8:12]
    if form in _FORMS:
        return FileKind("sound", _FORMS[form])
    if form == b"AVI ":
        return FileKind("ffmpeg", "a video (AVI)")
    return FileKind("other", "an image or another RIFF file")


def _plain(head: bytes) -> FileKind:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return FileKind("other", "text in UTF-16")
    if not any(head):
        return FileKind("unknown", "zeros and nothing else" if head else "empty: 0 bytes")
    return FileKind("unknown", "nothing that is known as sound")


def _is_text(head: bytes) -> bool:
    """Return whether bytes are UTF-8 without control characters; a last character may be cut."""
    if not head or b"\0" in head:
        return False
    text = head.decode("utf-8", "ignore")
    return len(text.encode()) >= len(head) - 3 and not any(ord(char) < 9 for char in text)
