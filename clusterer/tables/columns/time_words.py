"""Words in dates: the months of many languages, marks of the halves of a day, time zones.

A new language is one row of `MONTHS`: twelve names without accents, in lower case; further forms of
a month stand behind a "|".
"""

import unicodedata
from collections.abc import Iterable
from functools import cache

MONTHS = {
    "en": "january february march april may june july august september october november december",
    "de": "januar|janner februar|feber marz|maerz|mrz april mai juni juli august september oktober "
    "november dezember",
    "fr": "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre|setiembre octubre "
    "noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
    "dicembre",
    "pt": "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
    "nl": "januari februari maart|mrt april mei juni juli augustus september oktober november "
    "december",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "nb": "januar februar mars april mai juni juli august september oktober november desember",
    "fi": "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesakuu heinakuu elokuu syyskuu lokakuu "
    "marraskuu joulukuu",
    "pl": "styczen|stycznia luty|lutego marzec|marca kwiecien|kwietnia maj|maja czerwiec|czerwca "
    "lipiec|lipca sierpien|sierpnia wrzesien|wrzesnia pazdziernik|pazdziernika "
    "listopad|listopada grudzien|grudnia",
    "cs": "leden|ledna unor|unora brezen|brezna duben|dubna kveten|kvetna cerven|cervna "
    "cervenec|cervence srpen|srpna zari rijen|rijna listopad|listopadu prosinec|prosince",
    "ru": "январь|января февраль|февраля март|марта апрель|апреля маи|мая июнь|июня июль|июля "
    "август|августа сентябрь|сентября октябрь|октября ноябрь|ноября декабрь|декабря",
    "uk": "січень|січня лютии|лютого березень|березня квітень|квітня травень|травня "
    "червень|червня липень|липня серпень|серпня вересень|вересня жовтень|жовтня "
    "листопад|листопада грудень|грудня",
    "tr": "ocak subat mart nisan mayıs|mayis haziran temmuz agustos eylul ekim kasım|kasim "
    "aralık|aralik",
    "hu": "januar februar marcius aprilis majus junius julius augusztus szeptember oktober "
    "november december",
    "ro": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie "
    "noiembrie decembrie",
    "id": "januari februari maret april mei juni juli agustus september oktober november desember",
    "el": "ιανουαριος|ιανουαριου φεβρουαριος|φεβρουαριου μαρτιος|μαρτιου απριλιος|απριλιου "
    "μαιος|μαιου ιουνιος|ιουνιου ιουλιος|ιουλιου αυγουστος|αυγουστου σεπτεμβριος|σεπτεμβριου "
    "οκτωβριος|οκτωβριου νοεμβριος|νοεμβριου δεκεμβριος|δεκεμβριου",
}
FORMS = {
    language: tuple(tuple(month.split("|")) for month in names.split())
    for language, names in MONTHS.items()
}
MIN_PREFIX = 3
MORNING_WORDS = frozenset(("am", "a m", "上午", "午前", "오전", "πμ", "öö"))
EVENING_WORDS = frozenset(("pm", "p m", "下午", "午後", "오후", "μμ"))
# Words that stand between the parts of a date and mean nothing themselves.
FILLERS = frozenset(
    ("t", "de", "del", "of", "at", "um", "uhr", "le", "a", "las", "klo", "st", "nd", "rd", "th",
     "er", "do", "den", "kl", "di", "г", "р", "в", "о", "alle", "ore", "h")
)  # fmt: skip
# Offsets from UTC in hours.
ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "cet": 1, "mez": 1, "west": 1, "cest": 2,
    "mesz": 2, "eet": 2, "eest": 3, "msk": 3, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
    "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "jst": 9, "kst": 9, "aest": 10, "aedt": 11,
}  # fmt: skip


def fold_word(text: str) -> str:
    """Return a text in lower case and without accents.

    Examples
    --------
    >>> fold_word("Août")
    'aout'
    """
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    # Korean syllables are composed again.
    return unicodedata.normalize("NFC", bare)


def find_month(word: str, language: str) -> int | None:
    """Return the number of the month that a folded word means in a language, or None.

    A word of at least three letters may be the beginning of the name.

    Examples
    --------
    >>> find_month("mai", "de"), find_month("okt", "sv"), find_month("ju", "en")
    (5, 10, None)
    """
    return _index_months(language).get(word)


@cache
def _index_months(language: str) -> dict[str, int]:
    """Return the number of the month for each name, and for each beginning of one month only."""
    months: dict[str, set[int]] = {}
    exact: dict[str, int] = {}
    for i, names in enumerate(FORMS[language], 1):
        for name in names:
            exact.setdefault(name, i)
            for n_letters in range(MIN_PREFIX, len(name)):
                months.setdefault(name[:n_letters], set()).add(i)
    return {word: min(found) for word, found in months.items() if len(found) == 1} | exact


def find_language(words: Iterable[str]) -> str | None:
    """Return the first language in which most of the folded words are months, or None.

    Weekdays and zones are among the words, so not every word is a month.

    Examples
    --------
    >>> find_language(["jan", "dez", "mar"]), find_language(["kg"])
    ('de', None)
    """
    distinct = set(words)
    counts = {
        language: sum(find_month(word, language) is not None for word in distinct)
        for language in FORMS
    }
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] else None
