"""Amounts as Indians write them: grouped by lakh and crore, and in words in English and Hindi."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from freight.money import PAISE_PER_RUPEE

CRORE, LAKH, THOUSAND, HUNDRED = 10_000_000, 100_000, 1000, 100
_BELOW_TWENTY = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
"""
_FROM_TWENTY = "twenty thirty forty fifty sixty seventy eighty ninety"
# Every Hindi number below a hundred has a name of its own.
_HINDI_BELOW_HUNDRED = """
    शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस
    बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस
    पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस
    सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ इकसठ
    बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर
    छिहत्तर सतहत्तर अठहत्तर उन्यासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी
    नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे
"""
_ONES, _TENS = _BELOW_TWENTY.split(), _FROM_TWENTY.split()
_HINDI = _HINDI_BELOW_HUNDRED.split()
_HINDI_GROUPS: Mapping[int, str] = {CRORE: "करोड़", LAKH: "लाख", THOUSAND: "हज़ार", HUNDRED: "सौ"}
_ENGLISH_GROUPS: Mapping[int, str] = {
    CRORE: "crore",
    LAKH: "lakh",
    THOUSAND: "thousand",
    HUNDRED: "hundred",
}


def grouped(whole: int) -> str:
    """12,34,567: the last three digits together, those before them by two."""
    digits = str(abs(whole))
    head, tail = digits[:-3], digits[-3:]
    parts: list[str] = []
    while head:
        parts.insert(0, head[-2:])
        head = head[:-2]
    return ("-" if whole < 0 else "") + ",".join([*parts, tail])


def rupees(amount_minor: int) -> str:
    """12,34,567.89, without a sign of the currency."""
    whole, paise = divmod(abs(amount_minor), PAISE_PER_RUPEE)
    return f"{'-' if amount_minor < 0 else ''}{grouped(whole)}.{paise:02}"


def in_english(amount_minor: int) -> str:
    """Rupees Twelve Lakh Five and Paise Fifty Only."""
    whole, paise = divmod(abs(amount_minor), PAISE_PER_RUPEE)
    said = ["Minus"] if amount_minor < 0 else []
    said += ["Rupees", *_spoken(whole, _english_below_hundred, _ENGLISH_GROUPS)]
    if paise:
        said += ["and", "Paise", *_english_below_hundred(paise)]
    return " ".join(word if word == "and" else word.capitalize() for word in (*said, "only"))


def in_hindi(amount_minor: int) -> str:
    whole, paise = divmod(abs(amount_minor), PAISE_PER_RUPEE)
    said = ["ऋण"] if amount_minor < 0 else []
    said += [*_spoken(whole, _hindi_below_hundred, _HINDI_GROUPS), "रुपये"]
    if paise:
        said += [*_hindi_below_hundred(paise), "पैसे"]
    return " ".join((*said, "मात्र"))


def _english_below_hundred(number: int) -> Sequence[str]:
    if number < len(_ONES):
        return [_ONES[number]]
    tens, ones = divmod(number, 10)
    name = _TENS[tens - 2]
    return [name] if not ones else [name, _ONES[ones]]


def _hindi_below_hundred(number: int) -> Sequence[str]:
    return [_HINDI[number]]


def _spoken(
    number: int, below_hundred: Callable[[int], Sequence[str]], groups: Mapping[int, str]
) -> list[str]:
    if number < HUNDRED:
        return list(below_hundred(number))
    for size, name in groups.items():
        if number >= size:
            many, rest = divmod(number, size)
            said = [*_spoken(many, below_hundred, groups), name]
            return said if not rest else said + _spoken(rest, below_hundred, groups)
    raise AssertionError("a number of a hundred or more has a hundred")
