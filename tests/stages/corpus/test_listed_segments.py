"""Segments that lists name: which are clips, and which are set aside because they overlap."""

from collections.abc import Callable

from stages.corpus.listing import Listing
from tests.stages.corpus.conftest import SOUNDS

SEGMENTS = "path,text,start,end,speaker,channel\n"


def test_segments_that_overlap_are_both_set_aside(listing: Callable[..., Listing]) -> None:
    rows = ["a.wav,x,0,1,s,", "a.wav,y,0.9,2,t,", "a.wav,z,2,3,s,", "b.wav,u,0.0,1.000,s,", "b.wav,v,0.995,2,t,"]
    found = listing(SOUNDS | {"manifest.csv": SEGMENTS + "\n".join(rows) + "\n"})
    assert {entry.text: (entry.recording.start, entry.recording.end) for entry in found.entries} == {
        "z": (2.0, 3.0),
        "u": (0.0, 1.0),  # times are written with two decimals
        "v": (0.995, 2.0),
    }
    assert [aside.reason.partition(" (")[0] for aside in found.set_aside] == [
        "a segment that overlaps another one, so that both are heard in it"
    ] * 2


def test_a_long_segment_overlaps_all_that_begin_within_it(listing: Callable[..., Listing]) -> None:
    rows = ["a.wav,long,0,10,s,", "a.wav,x,1,2,s,", "a.wav,y,5,6,s,", "a.wav,after,10,11,s,", "b.wav,other,1,2,s,"]
    found = listing(SOUNDS | {"manifest.csv": SEGMENTS + "\n".join(rows) + "\n"})
    assert sorted(entry.text for entry in found.entries) == ["after", "other"]
    assert len(found.set_aside) == 3


def test_channels_of_a_call_do_not_overlap(listing: Callable[..., Listing]) -> None:
    rows = ["a.wav,x,0,1,s,A", "a.wav,y,0.5,2,t,B", "b.wav,v,0,1,s,0", "b.wav,w,0.5,2,t,"]
    found = listing(SOUNDS | {"manifest.csv": SEGMENTS + "\n".join(rows) + "\n"})
    assert {(entry.text, entry.recording.channel, entry.speaker) for entry in found.entries} == {
        ("x", 0, "s"),
        ("y", 1, "t"),
    }
    assert len(found.set_aside) == 2  # without a channel, a segment is heard in every one


def test_milliseconds_and_ends_that_are_open(listing: Callable[..., Listing]) -> None:
    found = listing(SOUNDS | {"manifest.csv": "path,text,start_ms,end_ms\na.wav,x,100,1100\na.wav,y,1500,\n"})
    assert {entry.clip_id: (entry.recording.start, entry.recording.end) for entry in found.entries} == {
        "a_0.100-1.100": (0.1, 1.1),
        "a_1.500-end": (1.5, None),
    }


def test_a_column_channel_with_other_words_is_an_attribute(listing: Callable[..., Listing]) -> None:
    found = listing(SOUNDS | {"manifest.csv": "path,text,channel\na.wav,x,telephone\n"})
    assert found.entries[0].recording.channel is None
    assert found.entries[0].attributes == {"channel": "telephone"}
    assert any("'channel' holds no numbers of channels" in note for note in found.notes)


def test_segments_of_kaldi(listing: Callable[..., Listing]) -> None:
    found = listing(
        {
            "r.wav": "",
            "wav.scp": "r r.wav\n",
            "text": "u1 hi\nu2 ho\nu9 x\n",
            "segments": "u1 r 0 1\nu2 r 1 -1\nu3 q 0 1\n",
            "utt2spk": "u1 u1\nu2 u2\n",
        }
    )
    assert {entry.clip_id: (entry.recording.start, entry.recording.end) for entry in found.entries} == {
        "u1": (0.0, 1.0),
        "u2": (1.0, None),
    }
    assert {entry.speaker for entry in found.entries} == {None}
    assert [aside.clip_id for aside in found.set_aside] == ["u3"]
    assert sum("utt2spk" in note or "1 transcripts belong to no recording" in note for note in found.notes) == 2
