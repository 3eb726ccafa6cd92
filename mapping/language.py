"""The person's language: words, numbers, dates, times, direction of writing and paper, as QGIS is set.

Words are those of the translation that is loaded, else English ones, and with them go the names of days and
months and the direction of writing. Numbers are those of QGIS's locale for numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Optional

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QLocale, Qt, QTranslator

from ..aggregation.contract import days

TRANSLATIONS = Path(__file__).absolute().parent.parent / "resources" / "translations"

_MOST_DECIMALS = 3
_ON_LETTER = frozenset(["BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"])
"""Countries that print on Letter (Unicode CLDR, `paperSize`), which Qt does not know."""


# -- words -----------------------------------------------------------------------------------------------


def tr(text: str) -> str:
    """Return the text in the person's language. Put values in with `.format` afterwards."""
    return QCoreApplication.translate("Roadpulse", text)


def load_translation(language: str = "") -> Optional[QTranslator]:
    """Load the words of a language, such as `de` or `pt_BR`, by default of that which QGIS shows.

    Returns what is to be kept, and given to `QCoreApplication.removeTranslator` at the end; None where there
    is no translation, and words stay English. Needs a running application.
    """
    translator = QTranslator()
    if not translator.load(f"roadpulse_{language or QgsApplication.locale()}", str(TRANSLATIONS)):
        return None
    QCoreApplication.installTranslator(translator)
    return translator


def word_locale() -> QLocale:
    """Return the locale of the words: that of numbers where it is of their language, else its usual one."""
    of_words = QLocale(tr("en"))  # a translation gives its own code
    of_numbers = number_locale()
    return of_numbers if of_numbers.language() == of_words.language() else of_words


def is_right_to_left() -> bool:
    """Return True if words are written from right to left, as in Arabic."""
    return word_locale().textDirection() == Qt.LayoutDirection.RightToLeft


# -- numbers ---------------------------------------------------------------------------------------------


def number_locale() -> QLocale:
    """Return QGIS's locale for numbers, which groups thousands.

    It is that of the words where the computer names none, and where its script has digits of its own that
    words of another language would stand by: “٠٨:٠٠ – ٠٩:٠٠” is read from right to left.
    """
    locale, of_words = QLocale(), QLocale(tr("en"))
    if locale.language() != of_words.language() and (
        locale.language() == QLocale.Language.C or locale.zeroDigit() != "0"
    ):
        locale = of_words
    locale.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)
    return locale


def number_text(value: float, decimals: Optional[int] = None) -> str:
    """Return a number as a person writes it: `5`, `2.5`, `12,000`, `−3`.

    It has `decimals`, or by default as many as it needs, at most 3.
    """
    if decimals is None:
        _, _, needed = f"{value:.{_MOST_DECIMALS}f}".rstrip("0").partition(".")
        decimals = len(needed)
    value = round(value, decimals) or 0.0  # no −0
    written = number_locale().toString(abs(float(value)), "f", decimals)
    return f"−{written}" if value < 0 else written


def digits(text: str) -> str:
    """Return a text with its digits as numbers are written, such as a time: `08:00`, `٠٨:٠٠`."""
    zero = ord(number_locale().zeroDigit())
    return text.translate({ord("0") + i: chr(zero + i) for i in range(10)})


def scale_text(scale: float) -> str:
    """Return the scale 1:n of a map as `1:25,000`."""
    return digits(f"1:{number_text(round(scale))}")


def many(value: int) -> str:
    """Large numbers as one says them: `9,412`, `1.1 million`, `85.1 million`."""
    if value < 1_000_000:
        return number_text(value)
    return tr("{number} million").format(number=number_text(value / 1e6, 1))


def percent(share: float) -> str:
    """`97.4 %` of 0.974; a whole hundred only of 1."""
    value = share * 100
    return tr("{number} %").format(number=number_text(round(min(value, 99.9) if share < 1 else value, 1)))


# -- times -----------------------------------------------------------------------------------------------


def clock(minute: int) -> str:
    """Return a minute of the day, 0 to 1440, as `08:00`."""
    return digits(days.clock(minute))


def weekday(number: int) -> str:
    """Return the short name of an ISO weekday: `Mon` of 1."""
    return word_locale().dayName(number, QLocale.FormatType.ShortFormat)


def weekdays(numbers: Sequence[int]) -> str:
    """Return ascending ISO weekdays as `Mon–Fri, Sun`."""
    runs: list[list[int]] = []
    for day in numbers:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    ends = [dict.fromkeys((run[0], run[-1])) for run in runs]
    return tr(", ").join("–".join(map(weekday, pair)) for pair in ends)


def day(value: date, short: bool = False) -> str:
    """Return a date as `10 June 2025`, or short as `10 Jun 2025`."""
    return tr("{day} {month} {year}").format(**_parts(value, short))


def day_of_year(value: date, short: bool = False) -> str:
    """Return a date without its year: `10 June`, or short `10 Jun`."""
    return tr("{day} {month}").format(**_parts(value, short))


def short_day(value: date) -> str:
    """Return a date without its year where there is little room, `10 Jun`."""
    month = word_locale().monthName(value.month, QLocale.FormatType.ShortFormat)
    return tr("{day} {month}").format(day=digits(str(value.day)), month=month)


def day_of_week(value: date) -> str:
    """Return a date with its weekday, `Tue 10 June 2025`."""
    return tr("{weekday} {date}").format(weekday=weekday(value.isoweekday()), date=day(value))


def day_span(first: date, last: date) -> str:
    """Return two dates as `10 June 2025`, `10 – 12 June 2025` or `30 May – 2 June 2025`."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        begin = tr("{day}").format(**_parts(first))
    elif first.year == last.year:
        begin = day_of_year(first)
    else:
        begin = day(first)
    return tr("{begin} – {end}").format(begin=begin, end=day(last))


def _parts(value: date, short: bool = False) -> dict[str, str]:
    length = QLocale.FormatType.ShortFormat if short else QLocale.FormatType.LongFormat
    return {
        "day": digits(str(value.day)),
        "month": word_locale().monthName(value.month, length),
        "year": digits(str(value.year)),
    }


# -- paper -----------------------------------------------------------------------------------------------


def usual_paper() -> str:
    """Return the paper that printers hold where the person lives: `A4` or `Letter`."""
    country = QLocale().name().rpartition("_")[2]
    return "Letter" if country in _ON_LETTER else "A4"
