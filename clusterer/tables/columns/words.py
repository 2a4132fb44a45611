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
        # Eurostat writes why a value is missing behind the colon.
        ": c", ": u", ": n", ": z", ": m", ":c", ":u", ":n", ":z", ":m",
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
# Words in the first cell of a row that sums up other rows.
SUMMARY_WORDS = frozenset(
    (
        "total", "totals", "grand total", "subtotal", "sub-total", "sub total", "sum", "sums",
        "average", "avg", "mean", "overall", "running total", "std dev", "standard deviation",
        "summe", "gesamt", "gesamtsumme", "gesamtergebnis", "insgesamt", "zwischensumme",
        "teilsumme", "durchschnitt", "mittelwert", "summen", "totaux", "sous-total", "sous total",
        "total général", "somme", "moyenne", "total general", "totales", "suma", "promedio",
        "totale", "subtotale", "somma", "totale generale", "totale complessivo", "total geral",
        "soma", "média", "totaal", "subtotaal", "eindtotaal", "gemiddelde", "totalt", "i alt",
        "delsumma", "delsum", "medelvärde", "gennemsnit", "gjennomsnitt", "summa", "yhteensä",
        "keskiarvo", "välisumma", "razem", "ogółem", "łącznie", "suma częściowa", "suma końcowa",
        "średnia", "celkem", "součet", "mezisoučet", "průměr", "spolu", "összesen", "részösszeg",
        "átlag", "végösszeg", "toplam", "genel toplam", "ara toplam", "ortalama", "итого",
        "всего", "итог", "общий итог", "сумма", "среднее", "промежуточный итог", "разом",
        "усього", "всього", "середнє", "общо", "сума", "ukupno", "prosjek", "skupaj", "medie",
        "σύνολο", "μέσος όρος", "合计", "总计", "小计", "平均", "平均值", "总和", "合計", "總計",
        "小計", "総計", "총계", "합계", "소계", "평균", "المجموع", "الإجمالي", "إجمالي",
        "المتوسط", 'סה"כ', "סהכ", "ממוצע", "कुल", "योग", "औसत", "jumlah", "rata-rata", "tổng",
        "tổng cộng", "รวม", "∑",
    )
)  # fmt: skip
# These words are also names of other things. Their rows are totals only if their values show it.
DOUBTFUL_SUMMARY_WORDS = frozenset(
    (
        "sd", "s.d.", "std.", "stdev", "st.dev.", "std. dev.", "std. deviation", "variance",
        "standardabweichung", "stabw", "écart-type", "écart type", "desviación estándar",
        "desvio padrão", "deviazione standard", "all", "media", "median", "min", "max", "minimum",
        "maximum", "std", "count", "ensemble",
        "ergebnis", "anzahl", "parziale", "som", "medel", "mittel", "計", "σ", "ø", "всё", "все",
    )
)  # fmt: skip
