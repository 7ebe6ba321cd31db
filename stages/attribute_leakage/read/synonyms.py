"""A table of other words for common options. `params.yaml: attribute_leakage.attributes` may add more.

An entry counts only for a question that has its option. Words in other languages are needed because a target may answer
a prompt in English in the language of the recording.
"""

from __future__ import annotations

GENDER_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "English": (
        ("woman", "man"), ("women", "men"), ("females", "males"), ("girl", "boy"), ("lady", "gentleman"),
        ("feminine", "masculine"), ("gal", "guy"),
    ),
    "German": (
        ("frau", "mann"), ("frauen", "männer"), ("weiblich", "männlich"), ("weibliche", "männliche"),
        ("weiblicher", "männlicher"), ("weibliches", "männliches"), ("weiblichen", "männlichen"),
        ("frauenstimme", "männerstimme"),
    ),
    "French": (
        ("femme", "homme"), ("femmes", "hommes"), ("féminin", "masculin"), ("féminine", "masculine"), ("fille",
        "garçon"),
    ),
    "Spanish": (
        ("mujer", "hombre"), ("mujeres", "hombres"), ("femenino", "masculino"), ("femenina", "masculina"),
        ("chica", "chico"),
    ),
    "Italian": (
        ("donna", "uomo"), ("donne", "uomini"), ("femmina", "maschio"), ("femminile", "maschile"), ("ragazza",
        "ragazzo"),
    ),
    "Portuguese": (
        ("mulher", "homem"), ("mulheres", "homens"), ("feminino", "masculino"), ("feminina", "masculina"),
    ),
    "Dutch": (
        ("vrouw", "man"), ("vrouwelijk", "mannelijk"), ("vrouwelijke", "mannelijke"), ("vrouwenstem", "mannenstem"),
        ("meisje", "jongen"),
    ),
    "Polish": (
        ("kobieta", "mężczyzna"), ("kobiety", "mężczyzny"), ("kobietą", "mężczyzną"), ("kobietę", "mężczyznę"),
        ("żeński", "męski"), ("kobiecy", "męski"), ("żeńska", "męska"),
    ),
    "Turkish": (("kadın", "erkek"), ("kadının", "erkeğin"), ("kadındır", "erkektir")),
    "Russian": (
        ("женщина", "мужчина"), ("женщины", "мужчины"), ("женщиной", "мужчиной"), ("женщину", "мужчину"),
        ("женский", "мужской"), ("женского", "мужского"),
    ),
    "Chinese": (("女性", "男性"), ("女", "男")),
    "Japanese": (("女性", "男性"), ("女", "男")),
    "Korean": (("여성", "남성"), ("여자", "남자")),
    "Arabic": (
        ("امرأة", "رجل"), ("المرأة", "الرجل"), ("امرأة", "رجلا"), ("أنثى", "ذكر"), ("نسائي", "رجالي"), ("أنثوي",
        "ذكوري"),
        ("سيدة", "سيد"),
    ),
    "Hindi": (("महिला", "पुरुष"), ("औरत", "आदमी"), ("स्त्री", "मर्द")),
}  # fmt: skip
"""Words for 'female' and 'male' in pairs, so that no language has words for only one of them."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "female": tuple(word for pairs in GENDER_WORDS.values() for word, _ in pairs),
    "male": tuple(word for pairs in GENDER_WORDS.values() for _, word in pairs),
    "child": ("kid", "children", "childlike", "kinder", "enfant", "niño", "niña", "儿童", "子供", "طفل", "बच्चा"),
    "teenager": ("teen", "adolescent", "teens", "jugendlicher", "jugendliche", "adolescente"),
    "adult": (
        "grown-up", "middle-aged", "erwachsener", "erwachsene", "adulte", "adulto", "adulta", "成年人", "大人", "بالغ",
        "वयस्क",
    ),
    "senior": (
        "elderly", "old person", "pensioner", "elder", "senioren", "seniorin", "personne âgée", "anciano", "anciana",
        "老年人", "高齢者", "مسن", "बुज़ुर्ग",
    ),
    "angry": ("anger", "furious", "annoyed", "wütend", "ärger", "wut", "colère", "enfadado", "enfadada", "enojado",
    "enojada"),
    "happy": (
        "happiness", "joy", "joyful", "cheerful", "freude", "fröhlich", "glücklich", "joie", "heureux", "heureuse",
        "feliz",
        "alegre",
    ),
    "sad": ("sadness", "sorrowful", "traurig", "trauer", "triste", "tristesse", "tristeza"),
    "neutral": ("calm and neutral", "no emotion", "unemotional", "neutre", "neutro"),
    "fearful": ("fear", "afraid", "scared", "anxious", "angst", "ängstlich", "peur", "effrayé", "effrayée", "miedo",
    "asustado",
                "asustada"),
    "disgusted": ("disgust", "ekel", "angewidert", "dégoût", "dégoûté", "dégoûtée", "asco", "asqueado", "asqueada"),
    "bored": ("boredom", "langeweile", "gelangweilt", "ennui", "aburrido", "aburrida"),
    "calm": ("calmly", "relaxed", "quiet", "ruhig", "gelassen", "calme", "tranquilo", "tranquila", "calmado",
    "calmada"),
    "excited": (
        "excitedly", "agitated", "lively", "aufgeregt", "lebhaft", "excité", "excitée", "agité", "agitée", "emocionado",
        "emocionada", "agitado", "agitada",
    ),
    "american": ("united states", "us english", "usa", "america"),
    "british": ("united kingdom", "england", "english (great britain)", "britain"),
    "scottish": ("scotland", "scots"),
    "caribbean": ("jamaican", "west indian"),
}  # fmt: skip


def words_of(option: str) -> tuple[str, ...]:
    """Return other words for a folded option. The option may itself be a word in an entry's list, such as 'anger'."""
    groups = ((name, *words) for name, words in SYNONYMS.items() if option == name or option in words)
    return tuple(word for group in groups for word in group)


PRONOUNS = (
    r"\b(?:kann|könnte|hört|erkennt|merkt|sagt|wie|da|dass|wenn|weil) man\b|"
    r"\bman (?:kann|könnte|hört|muss|merkt|erkennt|sagt|sollte|darf|würde|weiss|nicht)\b"
)
"""German 'man' means 'one': it is a pronoun and names no gender."""

DECADES: dict[str, tuple[int, int]] = {
    "teens": (10, 19),
    "twenties": (20, 29),
    "thirties": (30, 39),
    "forties": (40, 49),
    "fourties": (40, 49),  # as Common Voice spells it
    "fifties": (50, 59),
    "sixties": (60, 69),
    "seventies": (70, 79),
    "eighties": (80, 89),
    "nineties": (90, 99),
}
YEARS: dict[str, tuple[int, int]] = {
    "child": (0, 12),
    "teenager": (13, 19),
    "adult": (18, 64),
    "senior": (65, 120),
    **DECADES,
}
"""Ages in years that an option of this name includes, first and last."""
