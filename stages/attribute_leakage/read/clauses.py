"""Cut an answer into clauses, since one may tell what the next one declines ("Male. I cannot tell his age").

A clause ends at a stop, a colon, a line, a bracket, a dash, a comma or a word that turns. A comma in a list that is
declined ('whether it is male, female or other') or before a word that goes on ('I do not think, that it is') ends none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from stages.attribute_leakage.read.refusals import REFUSALS

MARKS = 0xE000
"""Where Unicode's private letters begin: an option that is named is written as one of them, so that neither its commas
nor a 'no' in its name are taken for those of the sentence."""

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
"""Words behind which something else may be said than before them."""

NEGATIONS: dict[str, str] = {
    "English": r"\b(?:not|cannot|never|neither|nor|non|no(?! (?:doubt|áudio|clipe|geral|fundo)\b)|anything but|"
    r"rather than|instead of|unlikely|hardly|scarcely|barely|nothing|"
    r"(?<!no )(?<!without )doubt(?:s|ful)?)\b|n't\b|\b(?:is|was|do|does|did|would|could|ca)nt\b",
    "German": r"\b(?:nicht|kein\w*|nie|niemals|weder|anstatt|statt)\b",
    "French": r"\b(?:pas|ni|jamais|aucune?|plutôt que|au lieu de)\b",
    "Spanish": r"\b(?:nunca|tampoco|en lugar de|en vez de)\b",  # and 'no' and 'ni', which stand above
    "Italian": r"\b(?:né|invece di|piuttosto che)\b",
    "Portuguese": r"\b(?:não|nem|em vez de)\b",
    "Dutch": r"\b(?:niet|geen|nooit)\b",
    "Polish": r"\b(?:ani|żaden|żadna)\b",  # and 'nie'
    "Russian": r"\b(?:не|ни|нет)\b",
    "Chinese": r"不是|不像|不可能|并非|並非|而非|没有|沒有",
    "Arabic": r"\b(?:ليس|ليست|لا|لم|غير|بدلا من)\b",
}
"""Words that negate what follows them; Portuguese 'no' ('in the') does not."""

NEGATIONS_BEHIND: dict[str, str] = {
    "Turkish": r"\bdeğil",
    "Japanese": r"では(?:な|あり)|じゃ(?:な|あり)|でない",
    "Korean": r"아니|아닌|아닙",
    "Hindi": r"नहीं",
}
"""Words that negate what stands before them."""

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
    """Return the clauses of folded text, each as it was said and with its options marked.

    Parameters
    ----------
    said : str
    marked : str
        The same, letter for letter, with each letter of an option exchanged for the option's mark (see `MARKS`).
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
    """Return whether a clause has a phrase of refusal, in whatever language."""
    return says(said, REFUSALS)


def says(said: str, table: dict[str, tuple[str, ...]]) -> bool:
    """Return whether folded text has a phrase of a table, in whatever language."""
    return any(_phrase(phrase).search(said) for phrases in table.values() for phrase in phrases)


def asserted(said: str, marked: str) -> str:
    """Return what a clause asserts, options marked: nothing where it declines or asks, and nothing that is negated.

    A negation reaches to the end of its clause, or from its beginning where the word stands behind what it negates.
    """
    if declines(said) or _ASKS.search(said):
        return ""
    return _NEGATED.sub("", _NEGATED_BEHIND.sub("", marked))


def _between(pattern: re.Pattern[str], text: str, span: Span) -> Iterator[Span]:
    """Yield what stands between a pattern's places within a span."""
    start, end = span
    for match in pattern.finditer(text, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end


def _continues(said: str, marked: str, before: Span, part: Span) -> bool:
    """Return whether what follows a comma belongs to what stands before it."""
    if _GOES_ON.match(marked, *part):
        return True
    listed = any(ord(letter) >= MARKS for letter in marked[slice(*before)])
    return listed and declines(said[slice(*before)]) and _LISTED.fullmatch(marked, *part) is not None


@cache
def _phrase(phrase: str) -> re.Pattern[str]:
    return re.compile(phrase.replace("ß", "ss"))
