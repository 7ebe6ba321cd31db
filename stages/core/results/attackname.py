"""The full name of an attack's score: ``attack/slice/condition/instruction``, such as ``loss/transcript/given/0``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, order=True)
class AttackName:
    """An attack, and the view of a clip that it scores.

    Attributes
    ----------
    attack : str
        Its name with its share or order, such as ``min_k@20``.
    slice : str
        The tokens that are scored: audio, instruction or transcript.
    condition : str
        The transcript source: given or generated.
    instruction : int
        The instruction's number in `logits.instructions`.

    Examples
    --------
    >>> name = AttackName.of("min_k@20/transcript/given/1")
    >>> name.attack, name.instruction, str(name)
    ('min_k@20', 1, 'min_k@20/transcript/given/1')
    """

    SEPARATOR: ClassVar[str] = "/"
    COLUMNS: ClassVar[tuple[str, ...]] = ("attack", "slice", "condition", "instruction")
    """Columns of a table of scores. Their values, joined by the separator, are the name."""

    attack: str
    slice: str
    condition: str
    instruction: int

    @classmethod
    def of(cls, text: str) -> AttackName | None:
        """Read a full name; None if the text is not one, such as the name of a learned attack, which has no view."""
        parts = text.split(cls.SEPARATOR)
        if len(parts) != len(cls.COLUMNS) or not all(parts) or not parts[3].isdecimal():
            return None
        return cls(parts[0], parts[1], parts[2], int(parts[3]))

    @classmethod
    def attack_of(cls, text: str) -> str:
        """Return the attack that a name begins with; a name without a view is the attack's name itself."""
        return text.partition(cls.SEPARATOR)[0]

    @classmethod
    def short(cls, text: str) -> str:
        """Return the attack alone if the view is the default one, ``transcript/given/0``; else the full name."""
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
