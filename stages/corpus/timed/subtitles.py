"""Transcripts with times in lines of text: SubRip and WebVTT, CTM, TextGrid of Praat."""

from __future__ import annotations

import re

from stages.corpus.timed.timedtext import TimedText, UntimedError

_ARROW = re.compile(r"^\s*((?:\d+:)?\d+:\d+[.,]\d+)\s*-->\s*((?:\d+:)?\d+:\d+[.,]\d+)")
_TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
_VOICE = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]+)>")
_TIER = re.compile(r'class\s*=\s*"(\w+)"\s*name\s*=\s*"((?:[^"]|"")*)"')
_INTERVAL = re.compile(r'xmin\s*=\s*([\d.eE+-]+)\s*xmax\s*=\s*([\d.eE+-]+)\s*text\s*=\s*"((?:[^"]|"")*)"')
_WORDS = ("words", "word", "utterance", "utterances", "sentence", "sentences", "text", "transcript")


def from_cues(content: str) -> list[TimedText]:
    """Read SubRip (``.srt``) or WebVTT (``.vtt``): cues of a line with times, and lines of text up to a blank one."""
    units = []
    for block in re.split(r"\n\s*\n", content.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.split("\n")
        found = next(((number, match) for number, line in enumerate(lines) if (match := _ARROW.match(line))), None)
        if found is None:
            continue
        number, match = found
        spoken = " ".join(lines[number + 1 :])
        voice = _VOICE.search(spoken)
        text = " ".join(_TAG.sub("", spoken).split())
        units.append(TimedText(_clock(match[1]), _clock(match[2]), text, voice[1].strip() if voice else ""))
    return units


def _clock(words: str) -> float:
    seconds = 0.0
    for part in words.replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def from_ctm(content: str) -> list[TimedText]:
    """Read CTM: recording, channel, start, duration, word and perhaps a confidence, separated by spaces."""
    units = []
    for number, line in enumerate(content.splitlines(), start=1):
        cells = line.split()
        if not cells or cells[0].startswith(";;"):
            continue
        try:
            start, duration = float(cells[2]), float(cells[3])
            units.append(TimedText(start, start + duration, cells[4]))
        except (IndexError, ValueError) as error:
            raise UntimedError(f"line {number} is no line of CTM") from error
    return units


def from_textgrid(content: str) -> list[TimedText]:
    """Read a TextGrid in its long form: the tier of words or sentences, or else the first tier of intervals."""
    tiers = list(_TIER.finditer(content))
    found: dict[str, list[TimedText]] = {}
    for number, tier in enumerate(tiers):
        if tier[1] == "IntervalTier":
            end = tiers[number + 1].start() if number + 1 < len(tiers) else len(content)
            found.setdefault(
                tier[2].lower(),
                [
                    TimedText(float(start), float(stop), text.replace('""', '"'))
                    for start, stop, text in _INTERVAL.findall(content[tier.end() : end])
                ],
            )
    if not found:
        raise UntimedError("it has no tier of intervals in the long form of Praat")
    named = next((found[name] for name in _WORDS if name in found), None)
    return next(iter(found.values())) if named is None else named
