"""Sentences that several voices say: corpora where the carrier of memory, text or binding, is known.

The clips form rows of `voices_each` clips, one sentence a row. With `member_by: text` one of two consecutive rows holds
members: memory of the sentence alone separates them. With `member_by: binding` two consecutive rows have the same
voices; half of them are members in the first row, the other half in the second. Then every sentence and every voice is
equally often on both sides, and only the binding (which voice said which sentence) can be remembered.
"""

from __future__ import annotations

from stages.core.run.randomness import generator
from stages.lab_speech.params import LabCorpus
from stages.lab_speech.sentences import SENTENCES


def repeated(corpus: str, number: int, settings: LabCorpus, voices: int, seed: int) -> tuple[int, int, bool]:
    """Return sentence, voice and membership of one clip. They depend on no other clip.

    Unlike in other lab corpora, the pairs of sentence and voice are not limited to the corpus's share: a sentence that
    many voices say has pairs in every share. About one pair in a thousand is in another corpus too, by chance.

    Parameters
    ----------
    corpus : str
    number : int
        Of the clip.
    settings : LabCorpus
    voices : int
        That the lab has.
    seed : int

    Returns
    -------
    sentence, voice : int
    member : bool
    """
    row, place = divmod(number, settings.voices_each)
    pair, second = divmod(row, 2)
    first, other = _two_sentences(corpus, pair, seed)
    if settings.member_by == "text":
        order = generator(seed, "lab_speech", "voices", corpus, row).permutation(voices)
        member = int(generator(seed, "lab_speech", "member", corpus, pair).integers(2)) == second
    else:  # the first half of the drawn voices are members in the first row, the second half in the second row
        order = generator(seed, "lab_speech", "voices", corpus, pair).permutation(voices)
        member = (place < settings.voices_each // 2) == (second == 0)
    return (other if second else first), int(order[place]), bool(member)


def _two_sentences(corpus: str, pair: int, seed: int) -> list[int]:
    """Draw two sentences from one random order of all sentences, so that no two rows share a sentence."""
    drawn = generator(seed, "lab_speech", "order", corpus).permutation(SENTENCES)
    return list(map(int, drawn[2 * pair : 2 * pair + 2]))
