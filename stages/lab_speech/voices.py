"""The lab's voices and the synthesiser's settings for them.

A voice is an accent (the synthesiser's variety of English), a variant (its timbre), a pitch, a speaking rate and a
formant shift. Gender, age band and accent are its attributes, balanced over every 24 voices.
"""

from __future__ import annotations

from dataclasses import dataclass

ACCENTS = {  # attribute: the synthesiser's language
    "american": "English (America)",
    "british": "English (Great Britain)",
    "caribbean": "English (Caribbean)",
    "scottish": "English (Scotland)",
}
VARIANTS = {  # variants whose pitch and timbre suit the gender
    "female": ("Female1", "Female2", "Female3", "Female4", "Female5", "Steph", "Linda"),
    "male": ("Male1", "Male2", "Male3", "Male4", "Male6", "Male7", "Robert"),
}
VARIANT_STEP = 3
"""How far the variant moves from one voice of a gender to the next: coprime to 7, so that all are used."""


@dataclass(frozen=True)
class Age:
    """How an age band sounds.

    Attributes
    ----------
    name : str
    pitch : float
        Factor on the variant's own pitch.
    words_per_minute : int
    formants : float
        Factor on all formants: above 1 for a short vocal tract.
    """

    name: str
    pitch: float
    words_per_minute: int
    formants: float


AGES = (Age("child", 1.30, 190, 1.18), Age("adult", 1.0, 200, 1.0), Age("senior", 0.88, 170, 0.95))


@dataclass(frozen=True)
class Voice:
    """One speaker of the lab.

    Attributes
    ----------
    name : str
        The manifest's speaker.
    language, variant : str
        The synthesiser's.
    pitch : float
        Factor on the variant's own pitch, in [0.5, 2].
    words_per_minute : int
    formants : float
        Factor on all formants.
    gender, age, accent : str
        Attributes.
    pitch_range : float
        Factor on how far the pitch moves, in [0, 2].
    """

    name: str
    language: str
    variant: str
    pitch: float
    words_per_minute: int
    formants: float
    gender: str
    age: str
    accent: str
    pitch_range: float = 1.0


def lab_voices(count: int) -> list[Voice]:
    """Return the first `count` voices; a voice does not depend on how many there are.

    Every 24 of them are balanced: 4 accents x 2 genders x 3 age bands. Later ones have other variants, and a
    pitch, rate and formant shift of their own.
    """
    return [_voice(number) for number in range(count)]


def _voice(number: int) -> Voice:
    accent = sorted(ACCENTS)[number % 4]
    gender = sorted(VARIANTS)[number // 4 % 2]
    age = AGES[number // 8 % 3]
    variants = VARIANTS[gender]
    # Small offsets keep voices apart that would share variant and age; they repeat only after hundreds of voices.
    offset = (number * 7 % 24 - 11.5) / 11.5  # in [-1, 1]
    return Voice(
        name=f"voice_{number:03d}",
        language=ACCENTS[accent],
        variant=variants[(number % 4 + number // 8 * VARIANT_STEP) % len(variants)],
        pitch=round(age.pitch * (1 + 0.06 * offset), 4),
        words_per_minute=round(age.words_per_minute * (1 - 0.05 * offset)),
        formants=round(age.formants * (1 + 0.03 * (number * 5 % 24 - 11.5) / 11.5), 4),
        gender=gender,
        age=age.name,
        accent=accent,
    )
