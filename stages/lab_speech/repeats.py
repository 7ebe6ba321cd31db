"""Sentences that several voices say: corpora of which it is known whether text or binding is there to be remembered.

Rows of `voices_each` clips, a sentence each. By text, one of two consecutive rows is of members: who remembers the
sentence alone tells them apart. By binding, two consecutive rows have the same voices, of which half are members in
the first and the other half in the second: every sentence and every voice is on both sides alike, and only which voice
said which sentence is left to be remembered.
"""

from __future__ import annotations

from stages.core.run.randomness import generator
from stages.lab_speech.params import LabCorpus
from stages.lab_speech.sentences import SENTENCES


def repeated(corpus: str, number: int, settings: LabCorpus, voices: int, seed: int) -> tuple[int, int, bool]:
    """Return the sentence, the voice and the membership of one clip, which depend on no other clip.

    Pairs of sentence and voice are not of the corpus's share alone, as those of other corpora are: a sentence that many
    voices say has pairs in every share. Of these pairs about one in a thousand is by chance in another corpus too.

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
    else:  # the draw's first half are members in the first row, its second half in the second
        order = generator(seed, "lab_speech", "voices", corpus, pair).permutation(voices)
        member = (place < settings.voices_each // 2) == (second == 0)
    return (other if second else first), int(order[place]), bool(member)


def _two_sentences(corpus: str, pair: int, seed: int) -> list[int]:
    """Draw two sentences as they come in one order of all, so that no row says what another says."""
    drawn = generator(seed, "lab_speech", "order", corpus).permutation(SENTENCES)
    return list(map(int, drawn[2 * pair : 2 * pair + 2]))
