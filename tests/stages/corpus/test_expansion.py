"""Channels and long recordings become several clips, and nothing of their transcripts is lost."""

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from stages.core.errors import EarwitnessError
from stages.core.store.tables import read_table
from stages.corpus.__main__ import main
from stages.corpus.splitting import grouped, shared_out
from stages.corpus.timed.timedtext import TimedText
from tests.stages.conftest import voice

RATE = 16_000
WORDS = [f"word{number}" for number in range(60)]


def clips(name: str = "mine") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(Path("data/corpus", name, "clips.parquet")).to_pylist()
    return found


def corpus(make_params: Any, **changes: str) -> Any:
    params = make_params({"mine": "none"})
    section = params.corpora["mine"].model_copy(update=changes)
    return params.model_copy(update={"corpora": {"mine": section}})


@pytest.fixture
def call(workplace: Path) -> Path:
    """A minute in which a word is spoken each second, for half a second; very quiet at a quarter before each second."""
    folder = workplace / "data/raw/mine"
    folder.mkdir(parents=True)
    time = np.arange(60 * RATE) / RATE
    noise = 0.01 * np.random.default_rng(1).standard_normal(len(time))
    sound = np.where(time % 1 < 0.5, voice(1, 60.0), noise)
    sound[(time % 1 > 0.74) & (time % 1 < 0.76)] = 1e-4
    soundfile.write(folder / "call.wav", sound, RATE)
    (folder / "manifest.csv").write_text(f"clip_id,path,text\ncall,call.wav,{' '.join(WORDS)}\n")
    return folder


def srt(step: float = 1.0) -> str:
    def clock(seconds: float) -> str:
        return f"00:{int(seconds // 60):02d}:{seconds % 60:06.3f}".replace(".", ",")

    cues = [f"{n + 1}\n{clock(n * step)} --> {clock(n * step + 0.5)}\n{word}\n" for n, word in enumerate(WORDS)]
    return "\n".join(cues)


def test_a_long_recording_is_cut_in_quiet_places(call: Path, make_params: Any) -> None:
    (call / "call.srt").write_text(srt())
    main("mine", corpus(make_params, split_at="silence"))
    found = clips()
    assert [clip["clip_id"] for clip in found] == ["call/0000", "call/0001", "call/0002"]
    assert " ".join(clip["text"] for clip in found) == " ".join(WORDS)
    assert all(clip["seconds"] <= 30 for clip in found)
    assert {clip["session"] for clip in found} == {"call.wav"}
    for before, after in pairwise(found):
        cut = before["recording"]["end"]
        assert cut == after["recording"]["start"]
        assert cut % 1 == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize("name", ["call.json", "call.wav.json", "call.ctm", "call.vtt", "call.TextGrid"])
def test_every_form_gives_the_same_clips(call: Path, make_params: Any, name: str) -> None:
    (call / "call.srt").write_text(srt())
    main("mine", corpus(make_params, split_at="silence"))
    expected = clips()
    (call / "call.srt").unlink()
    times = [(number, number + 0.5, word) for number, word in enumerate(WORDS)]
    forms = {
        "json": json.dumps({"segments": [{"start": a, "end": b, "text": " " + word} for a, b, word in times]}),
        "ctm": "".join(f"call 1 {a:.2f} {b - a:.2f} {word.upper()} 0.9\n" for a, b, word in times),
        "vtt": "WEBVTT\n\n" + "\n".join(f"00:{a:02d}.000 --> 00:{b:06.3f}\n<c>{word}</c>\n" for a, b, word in times),
        "TextGrid": 'File type = "ooTextFile"\nObject class = "TextGrid"\nitem [1]:\nclass = "IntervalTier"\n'
        'name = "words"\n' + "\n".join(f'xmin = {a}\nxmax = {b}\ntext = "{word}"' for a, b, word in times),
    }
    (call / name).write_text(forms[name.rpartition(".")[2]])
    main("mine", corpus(make_params, split_at="silence"))
    assert clips() == expected


def test_without_times_a_recording_stays_whole_and_is_said(
    call: Path, make_params: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    main("mine", corpus(make_params, split_at="silence"))
    assert [clip["clip_id"] for clip in clips()] == ["call"]
    assert "left as it is: 1 (its transcript has no times)" in capsys.readouterr().out
    (call / "call.srt").write_text(srt().replace("word7", "word7 and more"))
    main("mine", corpus(make_params, split_at="silence"))
    assert "left as it is: 1 (its transcript and the words" in capsys.readouterr().out


def test_without_a_list_the_times_beside_a_recording_are_its_transcript(call: Path, make_params: Any) -> None:
    """A short one has them too, and a file beside it that is not read is not passed over."""
    sound, _ = soundfile.read(call / "call.wav")
    (call / "manifest.csv").unlink()
    (call / "call.ctm").write_text("".join(f"call 1 {n}.0 0.5 {word}\n" for n, word in enumerate(WORDS)))
    soundfile.write(call / "short.wav", sound[: 20 * RATE], RATE)
    (call / "short.srt").write_text("\n".join(srt().splitlines()[: 4 * 20]))
    soundfile.write(call / "mute.wav", sound[: 10 * RATE], RATE)
    params = corpus(make_params, split_at="silence")
    main("mine", params)
    texts = {clip["clip_id"]: clip["text"] for clip in clips()}
    assert (texts.pop("short"), texts.pop("mute")) == (" ".join(WORDS[:20]), "")
    assert " ".join(texts[name] for name in sorted(texts)).split() == WORDS
    (call / "mute.txt").write_text("word")
    with pytest.raises(EarwitnessError, match=r"mute\.txt: looks like the transcript of mute\.wav, and is not read"):
        main("mine", params)
    (call / "mute.txt").rename(call / "mute.SRT")
    with pytest.raises(EarwitnessError, match=r"mute\.SRT: looks like the transcript"):
        main("mine", params)


def test_times_of_another_recording_lose_no_words(
    call: Path, make_params: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (call / "manifest.csv").write_text("clip_id,path,text\ncall,call.wav,\n")
    (call / "call.srt").write_text(srt(step=1.5))
    main("mine", corpus(make_params, split_at="silence"))
    assert [clip["clip_id"] for clip in clips()] == ["call"]
    assert "left as it is: 1 (its times go on after its end)" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv"])
def test_a_cell_may_hold_the_times(call: Path, make_params: Any, form: str) -> None:
    words = [{"start": float(number), "end": number + 0.5, "word": word} for number, word in enumerate(WORDS)]
    row = {"clip_id": "a", "path": "call.wav", "text": "", "age": "30", "words": words, "noted": "x" * 40}
    (call / "manifest.csv").unlink()
    manifest = call / f"manifest.{form}"
    if form == "jsonl":
        manifest.write_text(json.dumps(row) + "\n")
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), manifest)
    else:
        row["words"] = json.dumps(words)
        with manifest.open("w", newline="") as file:
            writer = csv.DictWriter(file, row)
            writer.writeheader()
            writer.writerow(row)
    params = corpus(make_params, split_at="silence")
    limits = params.corpus.model_copy(update={"max_text": 100})  # less than the times take
    main("mine", params.model_copy(update={"corpus": limits}))
    found = clips()
    assert len(found) >= 2
    assert " ".join(clip["text"] for clip in found) == " ".join(WORDS)
    assert all(dict(clip["attributes"]) == {"age": "30", "noted": "x" * 40} for clip in found)


def units(*times: tuple[float, float], speakers: str = "") -> list[TimedText]:
    return [
        TimedText(start, end, f"u{number}", speakers[number] if speakers else "")
        for number, (start, end) in enumerate(times)
    ]


def names(groups: list[list[TimedText]]) -> list[str]:
    return [" ".join(unit.text for unit in group) for group in groups]


def test_the_longest_pause_of_the_second_half_ends_a_clip() -> None:
    found = grouped(units((0, 4), (6, 8), (8.1, 9), (11, 14), (14.1, 16)), 15)
    assert names(found) == ["u0 u1 u2", "u3 u4"]


def test_units_that_overlap_stay_together() -> None:
    assert names(grouped(units((0, 9), (8, 14), (13, 19), (20, 21)), 10)) == ["u0 u1 u2", "u3"]


def test_a_clip_has_one_speaker() -> None:
    assert names(grouped(units((0, 1), (1, 2), (2, 3), (3, 4), speakers="aabb"), 30)) == ["u0 u1", "u2 u3"]
    assert names(grouped(units((0, 1), (0.5, 2), (2, 3), speakers="aba"), 30)) == ["u0 u1", "u2"]


@pytest.mark.parametrize(
    ("text", "parts", "shared"),
    [
        ("", ["a  b", " c"], ["a b", "c"]),
        ("Hello, Ann. Hi!", ["hello ann", "hi"], ["Hello, Ann.", "Hi!"]),
        ("你好 世界", ["你", "好世", "界"], ["你", "好 世", "界"]),
        ("one two three", ["one two"], None),
        ("one  two", ["one", "two"], ["one", "two"]),
    ],
)
def test_a_transcript_is_shared_out_whole(text: str, parts: list[str], shared: list[str] | None) -> None:
    assert shared_out(text, parts) == shared


def test_each_channel_is_a_clip(workplace: Path, make_params: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workplace / "data/raw/mine"
    folder.mkdir(parents=True)
    soundfile.write(folder / "call.wav", np.column_stack([voice(1), voice(2)]), RATE)
    soundfile.write(folder / "mono.wav", voice(3), RATE)
    (folder / "manifest.csv").write_text("clip_id,path,text\ncall,call.wav,hello\nmono,mono.wav,bye\n")
    main("mine", corpus(make_params, channel="each"))
    found = clips()
    assert [clip["clip_id"] for clip in found] == ["call/channel0", "call/channel1", "mono"]
    assert [clip["speaker"] for clip in found] == ["call.wav/channel0", "call.wav/channel1", None]
    assert [clip["session"] for clip in found] == ["call.wav", "call.wav", None]
    assert [clip["source"]["channels"] for clip in found] == [2, 2, 1]
    assert found[0]["audio_hash"] != found[1]["audio_hash"]
    assert "1 recordings gave 2 clips" in capsys.readouterr().out
