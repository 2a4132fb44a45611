"""Words and signs in cells: missing, infinite, true and false values, and currencies.

A new word for a missing value belongs into `MISSING_WORDS`, in lower case.
"""

MISSING_WORDS = frozenset(
    (
        "", "na", "n/a", "n.a.", "<na>", "#n/a", "#na", "nan", "+nan", "-nan", "null", "(null)",
        "none", "nil", "nul", "missing", "undefined", "?", "-", "--", "---", "–", "—", ".", "..",
        "...", "*", "\\n", "nat", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!",
        "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "1.#snan", "<null>", "[null]", ":", "n/d",
        "n. a.", "n.d.", "k.a.", "k. a.", "#n/a n/a",
        # The errors #N/A, #VALUE!, #REF!, #NUM! and #NAME? of spreadsheets in other languages.
        "#nv", "#n/d", "#н/д", "#wert!", "#valeur!", "#valor!", "#¡valor!", "#arg!", "#знач!",
        "#bezug!", "#rif!", "#¡ref!", "#adr!", "#ссылка!", "#zahl!", "#nombre!", "#¡num!",
        "#liczba!", "#число!", "#nom?", "#nome?", "#¿nombre?", "#nazwa?", "#имя?", "#¡div/0!",
        "#dziel/0!", "#дел/0!", "#nul!", "#nulo!", "#¡nulo!", "#пусто!", "#spill!", "#calc!",
    )
)  # fmt: skip
INFINITE_WORDS = frozenset(
    sign + word for sign in ("", "+", "-") for word in ("inf", "infinity", "1.#inf", "∞")
)
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
CURRENCY = "[$€£¥₹₽₩₺₫฿₴₪]|USD|EUR|GBP|CHF|JPY|CNY|INR|kr|zł|Kč|Fr\\.|Rs\\.?|R\\$"
