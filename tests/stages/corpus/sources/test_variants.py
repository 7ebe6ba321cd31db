"""Variants of the layouts: parts, languages, channels, files that were converted or are missing. No sound is needed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stages.core.errors import EarwitnessError
from tests.stages.corpus.sources.conftest import ReadCorpus

Put = Callable[[dict[str, str]], None]
COMMON_VOICE = "client_id\tpath\tsentence\tlocale\n"


@pytest.fixture
def put(workplace: Path) -> Put:
    """Write files below ``data/raw/mine``."""

    def write(files: dict[str, str]) -> None:
        for name, content in files.items():
            path = workplace / "data/raw/mine" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    return write


def test_common_voice_whose_clips_were_converted(put: Put, read_corpus: ReadCorpus) -> None:
    rows = "s1\tx1.mp3\tOne\ten\ns2\tx2.mp3\tTwo\ten\n"
    put({"en/clips/x1.wav": "", "en/validated.tsv": COMMON_VOICE + rows})
    found = read_corpus()
    assert [(entry.clip_id, entry.path, entry.speaker) for entry in found.entries] == [("x1", "en/clips/x1.wav", "s1")]
    (aside,) = found.set_aside
    assert (aside.clip_id, aside.reason.partition(" (")[0]) == ("x2", "no sound of that name in en/clips")


def test_common_voice_in_two_languages_with_the_same_names(put: Put, read_corpus: ReadCorpus) -> None:
    files = {f"{language}/clips/x1.mp3": "" for language in ("de", "en")}
    lists = {f"{name}/validated.tsv": f"{COMMON_VOICE}s\tx1.mp3\t{name} text\t{name}\n" for name in ("de", "en")}
    put(files | lists)
    found = read_corpus()
    assert {entry.clip_id: entry.text for entry in found.entries} == {
        "de/clips/x1": "de text",
        "en/clips/x1": "en text",
    }


def test_spontaneous_speech_of_the_mozilla_data_collective(put: Put, read_corpus: ReadCorpus) -> None:
    tsv = "client_id\taudio_file\tduration_ms\tprompt\ttranscription\ns\ty.mp3\t900\tWhy?\tWell, yes\n"
    put({"sps-corpus-1.0-en/audios/y.mp3": "", "sps-corpus-1.0-en/ss-corpus-en.tsv": tsv})
    (entry,) = read_corpus().entries
    assert (entry.text, entry.speaker, entry.recording.end) == ("Well, yes", "s", None)
    assert entry.attributes == {"duration_ms": "900", "prompt": "Why?"}


def test_parts_are_asked_for_where_there_are_several(put: Put, read_corpus: ReadCorpus) -> None:
    tsv = COMMON_VOICE + "s\tx1.mp3\tOne\ten\n"
    put({"clips/x1.mp3": "", "train.tsv": tsv, "test.tsv": tsv})
    with pytest.raises(
        EarwitnessError, match=r"no list validated\.tsv of Common Voice \(there is test, train\): name one"
    ):
        read_corpus()
    assert len(read_corpus(part="test").entries) == 1


def test_a_split_of_an_audio_folder_with_one_list(put: Put, read_corpus: ReadCorpus) -> None:
    rows = "file_name,transcription\ntrain/a.wav,x\ntest/b.wav,y\n"
    put({"train/a.wav": "", "test/b.wav": "", "metadata.csv": rows})
    assert [entry.clip_id for entry in read_corpus().entries] == ["test/b", "train/a"]
    found = read_corpus(part="test")
    assert [entry.text for entry in found.entries] == ["y"]
    assert any("1 rows of other splits than 'test' are not read" in note for note in found.notes)
    with pytest.raises(EarwitnessError, match=r"metadata\.csv: no file_name begins with 'dev/'"):
        read_corpus(part="dev")


def test_two_lists_of_an_audio_folder(put: Put, read_corpus: ReadCorpus) -> None:
    put({"a.wav": "", "metadata.csv": "file_name,text\na.wav,x\n", "metadata.jsonl": '{"file_name": "a.wav"}\n'})
    with pytest.raises(EarwitnessError, match=r"metadata\.csv: the folder also has metadata\.jsonl: keep one"):
        read_corpus()


def test_a_set_of_librispeech_and_what_is_missing_in_it(put: Put, read_corpus: ReadCorpus) -> None:
    put(
        {
            "LibriSpeech/dev/1/2/1-2-0.flac": "",
            "LibriSpeech/dev/1/2/1-2.trans.txt": "1-2-0 A B\n1-2-1 C\n",
            "LibriSpeech/test/4/5/4-5-0.flac": "",
            "LibriSpeech/test/4/5/4-5.trans.txt": "4-5-0 D\n",
        }
    )
    found = read_corpus()
    assert {entry.clip_id: (entry.speaker, entry.session) for entry in found.entries} == {
        "1-2-0": ("1", "2"),
        "4-5-0": ("4", "5"),
    }
    assert [aside.clip_id for aside in found.set_aside] == ["1-2-1"]
    found = read_corpus(part="test")
    assert [entry.text for entry in found.entries] == ["D"]
    assert any("sounds that no list names: 1" in note for note in found.notes)


def test_kaldi_with_two_recordings_of_one_file_has_channels(put: Put, read_corpus: ReadCorpus) -> None:
    put(
        {
            "call.wav": "",
            "wav.scp": "c-A call.wav\nc-B call.wav\n",
            "reco2file_and_channel": "c-A c A\nc-B c B\n",
            "segments": "u1 c-A 0 1\nu2 c-B 0.5 1.5\n",
            "text": "u1 hi\nu2 ho\n",
            "utt2spk": "u1 s1\nu2 s2\n",
        }
    )
    found = read_corpus()
    assert {entry.clip_id: (entry.recording.channel, entry.speaker) for entry in found.entries} == {
        "u1": (0, "s1"),
        "u2": (1, "s2"),
    }
    assert found.set_aside == []


def test_data_folders_of_kaldi(put: Put, read_corpus: ReadCorpus) -> None:
    files = {f"data/{name}/wav.scp": "u1 wavs/a.wav\n" for name in ("train", "test")}
    put(files | {"data/train/wavs/a.wav": "", "data/train/text": "u1 hi\n"})
    with pytest.raises(EarwitnessError, match=r"the data folders are data/test and data/train: name one"):
        read_corpus()
    assert [entry.path for entry in read_corpus(part="train").entries] == ["data/train/wavs/a.wav"]


def test_segments_of_nemo(put: Put, read_corpus: ReadCorpus) -> None:
    rows = '{"audio_filepath": "a.wav", "offset": 2.4, "duration": 0.6, "text": "x"}\n'
    put({"a.wav": "", "dev.json": rows, "train.json": rows})
    with pytest.raises(EarwitnessError, match=r"dev\.json and train\.json are both lists of recordings: say which"):
        read_corpus()
    (entry,) = read_corpus(part="train").entries
    assert (entry.clip_id, entry.recording.start, entry.recording.end) == ("a_2.400-3.000", 2.4, 3.0)


def test_each_side_is_recognised_by_itself(put: Put, read_corpus: ReadCorpus) -> None:
    put(
        {
            "members/1-2.trans.txt": "1-2-0 A\n",
            "members/1-2-0.flac": "",
            "non_members/metadata.csv": "file_name,text,speaker_id\nb.wav,x,7\n",
            "non_members/b.wav": "",
        }
    )
    found = read_corpus(member="folders")
    assert found.sources == ["librispeech", "audio_folder"]
    assert [(entry.clip_id, entry.member, entry.speaker) for entry in found.entries] == [
        ("1-2-0", True, "1"),
        ("b", False, "7"),
    ]


def test_a_source_that_is_not_known(put: Put, read_corpus: ReadCorpus) -> None:
    put({"a.wav": ""})
    with pytest.raises(EarwitnessError, match=r"source: 'libri' is not a layout: use one of auto, audio_files"):
        read_corpus(source="libri")
