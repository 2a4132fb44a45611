"""What a single cell of text looks like, for guesses about the layout of a table."""

import re

MISSING = frozenset(
    (
        "", "na", "n/a", "n.a.", "<na>", "#n/a", "#na", "nan", "+nan", "-nan", "null", "(null)",
        "none", "nil", "nul", "missing", "undefined", "?", "-", "--", "---", "–", "—", ".", "..",
        "...", "*", "\\n", "nat", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!",
        "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "1.#snan", "<null>", "[null]", ":", "n/d",
        "n. a.", "n.d.", "k.a.", "k. a.", "#n/a n/a",
        # What the spreadsheets of other languages say for #N/A, #VALUE!, #REF!, #NUM!, #NAME?
        "#nv", "#n/d", "#н/д", "#wert!", "#valeur!", "#valor!", "#¡valor!", "#arg!", "#знач!",
        "#bezug!", "#rif!", "#¡ref!", "#adr!", "#ссылка!", "#zahl!", "#nombre!", "#¡num!",
        "#liczba!", "#число!", "#nom?", "#nome?", "#¿nombre?", "#nazwa?", "#имя?", "#¡div/0!",
        "#dziel/0!", "#дел/0!", "#nul!", "#nulo!", "#¡nulo!", "#пусто!", "#spill!", "#calc!",
    )
)  # fmt: skip
INFINITE = frozenset(
    sign + word for sign in ("", "+", "-") for word in ("inf", "infinity", "1.#inf", "∞")
)
# Longer cells are looked at in a simpler way, for time.
MAX_CHARACTERS = 400
TRUE_WORDS = frozenset(
    (
        "true", "yes", "t", "y", "on", "wahr", "ja", "vrai", "oui", "verdadero", "sí", "si", "vero",
        "sì", "verdadeiro", "sim", "prawda", "tak", "истина", "да", "✓", "✔",
    )
)  # fmt: skip
FALSE_WORDS = frozenset(
    (
        "false", "no", "f", "n", "off", "falsch", "nein", "faux", "non", "falso", "não", "fałsz",
        "nie", "ложь", "нет", "nee", "nej", "✗", "✘",
    )
)  # fmt: skip

WEEKDAY = "(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\\.?,? )"
MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\.?"
CLOCK = "\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,]\\d+)?)?(?: ?[ap]\\.?m\\.?)?"
ZONE = "(?: ?(?:z|utc|gmt|[+-]\\d{2}:?(?:\\d{2})?))?"
DAY = "|".join(
    (
        "\\d{4}[-/.]\\d{1,2}(?:[-/.]\\d{1,2})?",
        "\\d{1,2}[-/.]\\d{1,2}[-/.](?:\\d{4}|\\d{2})",
        f"{WEEKDAY}?\\d{{1,2}}[-/ .]{{0,2}}{MONTH}[-/ ,.]{{0,2}}\\d{{2,4}}",
        f"{WEEKDAY}?{MONTH}[- ]\\d{{1,2}},? \\d{{4}}",
        f"{WEEKDAY}{MONTH} {{1,2}}\\d{{1,2}} {CLOCK}(?: [a-z]{{3,4}})? \\d{{4}}",
        f"{MONTH}[- ]\\d{{4}}",
        "\\d{4}-?w\\d{2}(?:-?\\d)?",
        "\\d{4}[- ]?q[1-4]",
    )
)
# Also read by the engine's RE2: no look-around, no back-references.
MOMENT = f"(?:{DAY})(?:(?:[t ]{{1,2}}|:){CLOCK}{ZONE})?"
DATE_PATTERN = f"(?i)^(?:{MOMENT}|\\d{{8}}t\\d{{4,6}}{ZONE}|{CLOCK}{ZONE})$"
DATE = re.compile(DATE_PATTERN)
CURRENCY = "[$€£¥₹₽₩₺₫฿₴₪]|USD|EUR|GBP|CHF|JPY|CNY|INR|kr|zł|Kč|Fr\\.|Rs\\.?|R\\$"
# A number in any of the notations of `numbers`; which one is settled later, by column.
GROUPED = (
    "[1-9]\\d{0,2}(?:,\\d{2,3})*,\\d{3}"
    "|[1-9]\\d{0,2}(?:([.' ’\u00a0\u202f\u2009])\\d{3})(?:\\1\\d{3})*"
)
NUMBER = re.compile(
    f"[(+\\-−]?(?:{CURRENCY})?\\s?[+\\-−]?(?:(?:{GROUPED}|\\d+)(?:[.,]\\d*)?|[.,]\\d+)"
    f"(?:[eEdD][+-]?\\d+)?\\s?(?:{CURRENCY}|%)?\\)?"
)


def is_missing(cell: str) -> bool:
    """Tell whether a cell says that there is no value.

    Examples
    --------
    >>> is_missing(" N/A "), is_missing("0")
    (True, False)
    """
    return cell.strip().casefold() in MISSING


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number in some notation.

    Examples
    --------
    >>> is_number("-1.234,5"), is_number("$ 3"), is_number("A7")
    (True, True, False)
    """
    text = cell.strip()
    if len(text) > MAX_CHARACTERS:
        return text.lstrip("+-").isdecimal()
    return NUMBER.fullmatch(text) is not None or text.casefold() in INFINITE


def is_other_value(cell: str) -> bool:
    """Tell whether a cell is a date, a time or a truth value."""
    text = cell.strip().casefold()
    return text in TRUE_WORDS or text in FALSE_WORDS or DATE.match(text) is not None
