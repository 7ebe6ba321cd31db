"""The plan of a lab corpus: speaker, sentence, side of the split and recording condition of each clip.

The plan is drawn before anything is synthesised.

Voice and sentence are drawn independently of membership, so only the recording condition can separate the sides
without a model. Clip i depends on the clips before it, never on the number of clips after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from stages.core.errors import EarwitnessError
from stages.core.run.randomness import generator, seed_of
from stages.lab_speech.manners import in_manner, manner_of
from stages.lab_speech.params import LAB_SHARES, LabCorpus, LabSpeech
from stages.lab_speech.repeats import repeated
from stages.lab_speech.sentences import SENTENCES, SLOTS, fragment, sentence
from stages.lab_speech.voices import Voice, lab_voices

SESSIONS = 3


@dataclass(frozen=True)
class LabClip:
    """One clip to be spoken.

    Attributes
    ----------
    clip_id : str
        ``<corpus>_<00000>``.
    text : str
    voice : Voice
    member : bool or None
        None for a clip of neither side: a counterfactual, or a clip of a corpus that is not about membership.
    condition : str
        A key of `params.yaml: lab_speech.conditions`.
    session : str
    like : str
        The clip_id that seeds level and noise: its own, or, for a counterfactual, that of the original clip.
    manner : str
        Manner of speaking; empty where the corpus has none.
    """

    clip_id: str
    text: str
    voice: Voice
    member: bool | None
    condition: str
    session: str
    like: str
    manner: str = ""


def plan(corpus: str, lab: LabSpeech, seed: int) -> list[LabClip]:
    """Draw the clips of a corpus.

    Members are drawn at random within consecutive pairs of clips, so the sides are balanced at any even count.

    Raises
    ------
    EarwitnessError
        If the corpus or one of its conditions is not declared, or if it asks for more clips than half of its share
        has pairs.
    """
    _check(corpus, lab)
    settings = lab.corpora[corpus]
    voices = lab_voices(settings.first_voice + lab.voices)[settings.first_voice :]
    used: set[tuple[int, int]] = set()
    clips = []
    for number in range(settings.clips):
        clip_id = f"{corpus}_{number:05d}"
        if settings.manners:
            clips.append(_in_a_manner(clip_id, number, voices, settings, seed))
            continue
        if settings.member_by == "clip":
            said, speaker = _unused_pair(clip_id, settings.share, lab.voices, seed, used)
            member = _is_member(corpus, number, seed)
        else:
            said, speaker, member = repeated(corpus, number, settings, lab.voices, seed)
        voice = voices[speaker]
        session = f"{voice.name}_{generator(seed, 'lab_speech', 'session', clip_id).integers(SESSIONS)}"
        condition = settings.member if member else settings.non_member
        text = _text(clip_id, said, settings.fragments, seed)
        clips.append(LabClip(clip_id, text, voice, member, condition, session, clip_id))
    # Last, because the synthesiser keeps state: the other clips sound as they would without these.
    again = [
        clip for clip in clips if generator(seed, "lab_speech", "again", clip.clip_id).random() < settings.other_voices
    ]
    said_by: dict[str, set[str]] = {}
    for clip in clips:
        said_by.setdefault(clip.text, set()).add(clip.voice.name)
    return [*clips, *(_in_another_voice(clip, voices, said_by[clip.text], seed) for clip in again)]


def _in_a_manner(clip_id: str, number: int, voices: list[Voice], settings: LabCorpus, seed: int) -> LabClip:
    """Return a clip of a corpus about speakers: two consecutive clips have one voice and different manners."""
    plain = voices[number // 2 % len(voices)]
    manner = manner_of(clip_id, number, seed)
    said = int(generator(seed, "lab_speech", "pair", clip_id).integers(SENTENCES))
    text = _text(clip_id, said, settings.fragments, seed)
    session = f"{plain.name}_{number // 2 // len(voices) % SESSIONS}"
    return LabClip(clip_id, text, in_manner(plain, manner), None, settings.member, session, clip_id, manner)


def _in_another_voice(clip: LabClip, voices: list[Voice], taken: set[str], seed: int) -> LabClip:
    """Return the counterfactual: the same words by another speaker, with the same level and noise."""
    others = [voice for voice in voices if voice.name not in taken]
    voice = others[int(generator(seed, "lab_speech", "other_voice", clip.clip_id).integers(len(others)))]
    return LabClip(f"{clip.clip_id}_again", clip.text, voice, None, clip.condition, f"{voice.name}_again", clip.clip_id)


def _text(clip_id: str, said: int, fragments: float, seed: int) -> str:
    draws = generator(seed, "lab_speech", "fragment", clip_id)
    return fragment(said, int(draws.integers(len(SLOTS)))) if draws.random() < fragments else sentence(said)


def _is_member(corpus: str, number: int, seed: int) -> bool:
    pair, place = divmod(number, 2)
    return bool(generator(seed, "lab_speech", "member", corpus, pair).integers(2) == place)


def _unused_pair(clip_id: str, share: int, voices: int, seed: int, used: set[tuple[int, int]]) -> tuple[int, int]:
    """Draw a pair of sentence and voice from the corpus's share that no earlier clip has."""
    draws = generator(seed, "lab_speech", "pair", clip_id)
    while True:
        pair = (int(draws.integers(SENTENCES)), int(draws.integers(voices)))
        if seed_of(0, *pair) % LAB_SHARES == share and pair not in used:
            used.add(pair)
            return pair


def _check(corpus: str, lab: LabSpeech) -> None:
    where = f"params.yaml: lab_speech.corpora.{corpus}"
    if corpus not in lab.corpora:
        raise EarwitnessError(f"{where}: is not declared (there is {', '.join(sorted(lab.corpora))}): add it")
    for side in (lab.corpora[corpus].member, lab.corpora[corpus].non_member):
        if side not in lab.conditions:
            raise EarwitnessError(f"{where}: unknown condition {side!r}: use one of {', '.join(lab.conditions)}")
    most = SENTENCES * lab.voices // LAB_SHARES // 2
    settings = lab.corpora[corpus]
    if settings.voices_each + (settings.other_voices > 0) > lab.voices:
        raise EarwitnessError(
            f"{where}.voices_each: is more than the {lab.voices} voices that there are: ask for fewer"
        )
    if lab.corpora[corpus].clips > most:
        raise EarwitnessError(f"{where}.clips: is more than the grammar gives: ask for at most {most}")
