"""The pages' language: English in the source, German from the catalogue."""

import gettext as standard
from datetime import date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, request, session

from core.money import Money

LOCALES = ("en", "de")
TRANSLATIONS = Path(__file__).parent.parent / "translations"
# What the English of the source means to Babel: the 24-hour clock, the day first.
REGIONS = {"en": "en_GB", "de": "de_DE"}


def install(app: Flask) -> None:
    """Give templates `_()`, `locale()` and the filters for money and times."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    install_callables = app.jinja_env.install_gettext_callables  # type: ignore[attr-defined]
    install_callables(
        lambda text: catalogue(locale()).gettext(text),
        lambda one, many, count: catalogue(locale()).ngettext(one, many, count),
        newstyle=True,
    )
    app.jinja_env.globals["locale"] = locale
    app.jinja_env.filters |= {"money": money, "moment": moment, "day_and_time": day_and_time, "span": span}
    app.jinja_env.filters |= {
        "day": day,
        "day_of": day_of,
        "month_of": month_of,
        "number": number,
        "ago": ago,
    }
    app.before_request(_remember_choice)


def locale() -> str:
    """The language of this request: asked for, chosen before, the admin's around it, or the browser's."""
    if "locale" not in g:
        asked = request.args.get("lang") or session.get("locale") or request.args.get("locale", "")[:2]
        g.locale = asked if asked in LOCALES else request.accept_languages.best_match(LOCALES) or "en"
    found: str = g.locale
    return found


def gettext(text: str, **values: object) -> str:
    """The text in the request's language, for what Python says itself."""
    return catalogue(locale()).gettext(text) % values


def ngettext(one: str, many: str, count: int) -> str:
    return catalogue(locale()).ngettext(one, many, count) % {"num": count}


@cache
def catalogue(language: str) -> standard.NullTranslations:
    """The language's catalogue, compiled in memory; English needs none."""
    file = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    if not file.exists():
        return standard.NullTranslations()
    compiled = BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return standard.GNUTranslations(compiled)


def money(minor: int, currency: str) -> str:
    return Money(minor, currency).shown(REGIONS[locale()])


def moment(at: datetime, zone: str) -> str:
    """Tue 5 May, 10:02."""
    return _formatted(at, "EEE d MMM, HH:mm", zone)


def day_and_time(at: datetime, zone: str) -> str:
    """Tuesday 5 May, 10:02."""
    return _formatted(at, "EEEE d MMMM, HH:mm", zone)


def day(at: datetime, zone: str) -> str:
    """5 May."""
    return day_of(at.astimezone(ZoneInfo(zone)).date())


def long_day(at: datetime, zone: str, language: str) -> str:
    """5 May 2026, in a language that need not be the page's."""
    local = at.astimezone(ZoneInfo(zone)).date()
    return dates.format_date(local, "d. MMMM y" if language == "de" else "d MMMM y", locale=REGIONS[language])


def day_of(one: date) -> str:
    return dates.format_date(one, "d. MMMM" if locale() == "de" else "d MMMM", locale=REGIONS[locale()])


def month_of(one: date) -> str:
    """May 2026."""
    return dates.format_date(one, "LLLL yyyy", locale=REGIONS[locale()])


def number(some: int) -> str:
    """1,204, as people of the language write it."""
    return numbers.format_decimal(some, locale=REGIONS[locale()])


def ago(length: timedelta) -> str:
    """About how long before now: "2 minutes ago"."""
    whole = -max(length, timedelta(minutes=1))
    return dates.format_timedelta(whole, threshold=1.5, add_direction=True, locale=REGIONS[locale()])


def span(length: timedelta) -> str:
    """About how long from now: "in 23 hours"."""
    whole = max(length, timedelta(minutes=1))
    return dates.format_timedelta(whole, threshold=1.5, add_direction=True, locale=REGIONS[locale()])


def _formatted(at: datetime, pattern: str, zone: str) -> str:
    if locale() == "de":
        pattern = pattern.replace("EEEE d", "EEEE, d.").replace("EEE d", "EEE d.")
    return dates.format_datetime(at, pattern, tzinfo=ZoneInfo(zone), locale=REGIONS[locale()])


def _remember_choice() -> None:
    if request.args.get("lang") in LOCALES:
        session["locale"] = request.args["lang"]
