"""The full name of an attack's score: ``attack/slice/condition/instruction``, such as ``loss/transcript/given/0``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, order=True)
class AttackName:
    """An attack, and the view of a clip in which it was asked.

    Attributes
    ----------
    attack : str
        With its share or order, such as ``min_k@20``.
    slice : str
        Whose tokens count: audio, instruction or transcript.
    condition : str
        Whose transcript is scored: given or generated.
    instruction : int
        Its number among `logits.instructions`.

    Examples
    --------
    >>> name = AttackName.of("min_k@20/transcript/given/1")
    >>> name.attack, name.instruction, str(name)
    ('min_k@20', 1, 'min_k@20/transcript/given/1')
    """

    SEPARATOR: ClassVar[str] = "/"
    COLUMNS: ClassVar[tuple[str, ...]] = ("attack", "slice", "condition", "instruction")
    """Columns of a table of scores whose values, joined by the separator, are the name."""

    attack: str
    slice: str
    condition: str
    instruction: int

    @classmethod
    def of(cls, text: str) -> AttackName | None:
        """Read a full name; None for a text that is none, such as the name of a learned attack that has no view."""
        parts = text.split(cls.SEPARATOR)
        if len(parts) != len(cls.COLUMNS) or not all(parts) or not parts[3].isdecimal():
            return None
        return cls(parts[0], parts[1], parts[2], int(parts[3]))

    @classmethod
    def attack_of(cls, text: str) -> str:
        """Return the attack that a name begins with; a name without a view is the attack's own."""
        return text.partition(cls.SEPARATOR)[0]

    @classmethod
    def short(cls, text: str) -> str:
        """Return a name without what goes without saying: the given transcript under the first instruction."""
        name = cls.of(text)
        usual = name is not None and (name.slice, name.condition, name.instruction) == ("transcript", "given", 0)
        return name.attack if name is not None and usual else text

    @property
    def view(self) -> str:
        """The name without the attack: ``transcript/given/0``."""
        return self.SEPARATOR.join((self.slice, self.condition, str(self.instruction)))

    @property
    def over_instructions(self) -> str:
        """The name without the instruction: ``loss/transcript/given``."""
        return self.SEPARATOR.join((self.attack, self.slice, self.condition))

    def __str__(self) -> str:
        """Return the full name."""
        return self.SEPARATOR.join((self.attack, self.view))
