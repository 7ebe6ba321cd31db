"""Cut an answer into clauses, because one clause may answer and the next decline ("Male. I cannot tell his age").

A clause ends at a full stop, a colon, a line break, a bracket, a dash, a comma or a contrasting word such as 'but'. Two
kinds of comma end no clause: one in a declined list ('whether it is male, female or other'), and one before a word that
continues the clause ('I do not think, that it is').
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from stages.attribute_leakage.read.refusals import REFUSALS

MARKS = 0xE000
"""The first of Unicode's private letters. Each option that is named is replaced by one of them, so that a comma or a
'no' in its name is not read as part of the sentence."""

Span = tuple[int, int]

TURNS: dict[str, str] = {
    "English": r"\b(?:(?<!anything )(?<!nothing )but|however|nevertheless|nonetheless|though|although|yet|while|"
    r"because|and(?= (?:i|we|it|there)\b))\b",
    "German": r"\b(?:aber|jedoch|sondern|doch|obwohl|allerdings|trotzdem|weil|und(?= (?:ich|es|man)\b))\b",
    "French": r"\b(?:mais|cependant|pourtant|toutefois|bien que|parce que|et(?= (?:je|il|on)\b))\b",
    "Spanish": r"\b(?:pero|sin embargo|aunque|sino|porque|y(?= no\b))\b",
    "Italian": r"\b(?:ma|però|tuttavia|anche se|bensì)\b",
    "Portuguese": r"\b(?:mas|porém|no entanto|contudo|embora)\b",
    "Dutch": r"\b(?:maar|echter|hoewel)\b",
    "Polish": r"\b(?:ale|jednak|lecz|choć|chociaż)\b",
    "Turkish": r"\b(?:ama|fakat|ancak)\b",
    "Russian": r"\b(?:но|однако|хотя)\b",
    "Chinese": r"(?<!不)但是?|不过|不過|可是|然而|而是",
    "Japanese": r"しかし|けれども?|けど|(?<=ません)が|(?<=です)が|(?<=ます)が|(?<=ない)が",
    "Korean": r"하지만|그러나|지만",
    "Arabic": r"\bو?لكن\w*|إلا أن",
    "Hindi": r"लेकिन|परंतु|परन्तु|किंतु|मगर|बल्कि",
}
"""Words that separate two statements. The second may contradict the first."""

NEGATIONS: dict[str, str] = {
    "English": r"\b(?:not|cannot|never|neither|nor|non|no(?! (?:doubt|áudio|clipe|geral|fundo)\b)|anything but|"
    r"rather than|instead of|unlikely|hardly|scarcely|barely|nothing|"
    r"(?<!no )(?<!without )doubt(?:s|ful)?)\b|n't\b|\b(?:is|was|do|does|did|would|could|ca)nt\b",
    "German": r"\b(?:nicht|kein\w*|nie|niemals|weder|anstatt|statt)\b",
    "French": r"\b(?:pas|ni|jamais|aucune?|plutôt que|au lieu de)\b",
    "Spanish": r"\b(?:nunca|tampoco|en lugar de|en vez de)\b",  # 'no' is in English's row, 'ni' in French's
    "Italian": r"\b(?:né|invece di|piuttosto che)\b",
    "Portuguese": r"\b(?:não|nem|em vez de)\b",
    "Dutch": r"\b(?:niet|geen|nooit)\b",
    "Polish": r"\b(?:ani|żaden|żadna)\b",  # 'nie' is in German's row
    "Russian": r"\b(?:не|ни|нет)\b",
    "Chinese": r"不是|不像|不可能|并非|並非|而非|没有|沒有",
    "Arabic": r"\b(?:ليس|ليست|لا|لم|غير|بدلا من)\b",
}
"""Words that negate what follows them. Portuguese 'no' means 'in the', so the English row excludes usual phrases."""

NEGATIONS_BEHIND: dict[str, str] = {
    "Turkish": r"\bdeğil",
    "Japanese": r"では(?:な|あり)|じゃ(?:な|あり)|でない",
    "Korean": r"아니|아닌|아닙",
    "Hindi": r"नहीं",
}
"""Words that negate what comes before them."""

_ENDS = re.compile(r"(?<!\d)\.|\.(?!\d)|[:;!?\n。()—؛؟]|(?<!\d)\s[-\u2013]\s|" + "|".join(TURNS.values()))
_COMMAS = re.compile(r"(?<!\d),|,(?!\d)|[、،]")
_GOES_ON = re.compile(
    r"\s*(?:or|nor|whether|oder|dass|ob|ou|o|que|che|że|żeby|czy|что|чтобы|или|veya)\b|\s*(?:或|还是|または)"
)
_OR = r"(?:\b(?:or|nor|oder|ou|o|u|of|lub|czy|или|veya)\b|或|还是|または|또는)"
_LISTED = re.compile(
    rf"(?:[\ue000-\uf8ff\s]|\b(?:and|an?|the|eine?n?|une?|una?|uma?|een|y)\b|和|{_OR})+(?:{_OR}\s*(?:\w+ )?\w+\s*)?"
)
_NEGATED = re.compile("(?:" + "|".join(NEGATIONS.values()) + ").*")
_NEGATED_BEHIND = re.compile(".*(?:" + "|".join(NEGATIONS_BEHIND.values()) + ")")
_ASKS = re.compile(r"\b(?:whether|ob|czy|ли|si c'est|if (?:it|this|that|the))\b|是否|かどうか")


def clauses(said: str, marked: str) -> list[tuple[str, str]]:
    """Return the clauses of a folded text, each as plain text and as text with marked options.

    Parameters
    ----------
    said : str
        The folded text.
    marked : str
        The same text, equally long. Each letter of an option is replaced by the option's mark (see `MARKS`).
    """
    found: list[Span] = []
    for sentence in _between(_ENDS, marked, (0, len(marked))):
        parts: list[Span] = []
        for part in _between(_COMMAS, marked, sentence):
            if parts and _continues(said, marked, parts[-1], part):
                part = (parts.pop()[0], part[1])
            parts.append(part)
        found += parts
    return [(said[start:end].strip(), marked[start:end].strip()) for start, end in found]


def declines(said: str) -> bool:
    """Return whether a clause has a phrase of refusal in any language."""
    return says(said, REFUSALS)


def says(said: str, table: dict[str, tuple[str, ...]]) -> bool:
    """Return whether folded text has a phrase of a table in any language."""
    return any(_phrase(phrase).search(said) for phrases in table.values() for phrase in phrases)


def asserted(said: str, marked: str) -> str:
    """Return what a clause asserts, with marked options. The result is empty if the clause declines or asks.

    What is negated is removed. A negation covers the clause from the negating word to the end; if the word negates what
    comes before it, it covers the clause from the beginning to the word.
    """
    if declines(said) or _ASKS.search(said):
        return ""
    return _NEGATED.sub("", _NEGATED_BEHIND.sub("", marked))


def _between(pattern: re.Pattern[str], text: str, span: Span) -> Iterator[Span]:
    """Yield the parts of a span between the matches of a pattern."""
    start, end = span
    for match in pattern.finditer(text, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end


def _continues(said: str, marked: str, before: Span, part: Span) -> bool:
    """Return whether the part after a comma belongs to the same clause as the part before it."""
    if _GOES_ON.match(marked, *part):
        return True
    listed = any(ord(letter) >= MARKS for letter in marked[slice(*before)])
    return listed and declines(said[slice(*before)]) and _LISTED.fullmatch(marked, *part) is not None


@cache
def _phrase(phrase: str) -> re.Pattern[str]:
    return re.compile(phrase.replace("ß", "ss"))
