"""Other words for common options, as a table; `params.yaml: attribute_leakage.attributes` may add others.

An entry counts only where its option is asked for. Words in other languages stand for answers to a prompt in English
that come in the language of the recording.
"""

from __future__ import annotations

SYNONYMS: dict[str, tuple[str, ...]] = {
    "female": (
        "woman", "women", "girl", "lady", "feminine", "frau", "weiblich", "femme", "féminin", "féminine", "mujer",
        "femenino", "femenina", "donna", "女性", "女", "امرأة", "أنثى", "महिला", "औरत",
    ),
    "male": (
        "man", "men", "boy", "gentleman", "masculine", "mann", "männlich", "homme", "masculin", "hombre", "masculino",
        "uomo", "男性", "男", "رجل", "ذكر", "पुरुष", "आदमी",
    ),
    "child": ("kid", "children", "childlike", "enfant", "niño", "niña", "儿童", "子供", "طفل", "बच्चा"),
    "teenager": ("teen", "adolescent", "teens"),
    "adult": ("grown-up", "middle-aged", "erwachsener", "erwachsene", "adulte", "adulto", "成年人", "大人"),
    "senior": ("elderly", "old person", "pensioner", "elder", "senioren", "anciano", "老年人", "高齢者"),
    "angry": ("anger", "furious", "annoyed", "wütend", "ärger", "colère", "enfadado"),
    "happy": ("happiness", "joy", "joyful", "cheerful", "freude", "fröhlich", "joie", "feliz"),
    "sad": ("sadness", "sorrowful", "traurig", "trauer", "triste", "tristesse"),
    "neutral": ("calm and neutral", "no emotion", "unemotional", "neutre"),
    "fearful": ("fear", "afraid", "scared", "anxious", "angst"),
    "disgusted": ("disgust", "ekel"),
    "bored": ("boredom", "langeweile"),
    "calm": ("calmly", "relaxed", "quiet", "ruhig"),
    "excited": ("excitedly", "agitated", "lively", "aufgeregt"),
    "american": ("united states", "us english", "usa", "america"),
    "british": ("united kingdom", "england", "english (great britain)", "britain"),
    "scottish": ("scotland", "scots"),
    "caribbean": ("jamaican", "west indian"),
}  # fmt: skip

YEARS: dict[str, tuple[int, int]] = {
    "child": (0, 12),
    "teenager": (13, 19),
    "adult": (18, 64),
    "senior": (65, 120),
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
"""Ages in years, both ends included, that an option of this name holds."""
