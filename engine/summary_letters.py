"""The weekly summary as a mail: a list of plain figures for each flow, and a link that stops it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from html import escape

from babel.dates import format_date
from babel.numbers import format_decimal

from core.config import Config
from core.models import Merchant
from core.money import Money
from core.reasons import Reason, sentence
from engine import links, plain_letters
from engine.figures import Figures
from engine.weeks import OfFlow, Week
from integrations.roles import Message

REGIONS = {"en": "en_GB", "de": "de_DE"}
MOST_REASONS = 3
HEAD = "margin: 24px 0 4px; font-size: 17px; line-height: 24px; font-weight: 700;"
SMALL = "margin: 16px 0; font-size: 14px; line-height: 21px; color: #625c52;"
LINK = "color: #625c52;"
TABLE = 'role="presentation" width="100%" cellpadding="0" cellspacing="0"'
CELL = "padding: 7px 0; border-top: 1px solid #e2dccf; vertical-align: top;"
NUMBER = f"{CELL} width: 44px; padding-right: 14px; text-align: right; font-weight: 700; white-space: nowrap;"

# A number or a worth, and what it is.
Line = tuple[str, str]


def letter(config: Config, merchant: Merchant, week: Week, member_id: int, to: str, key: str) -> Message:
    words, parts = _words(week), list(_parts(week, _words(week)))
    subject = " ".join(words["subject"].format_map({"shop": merchant.name, **_span(week)}).split())
    button = (words["button"], f"{config.app_url}/m/{merchant.key}?lang={week.language}")
    stop = links.summary_url(config, merchant.id, member_id)
    link = f'<a href="{escape(stop)}" style="{LINK}">{escape(words["stop"])}</a>'
    foot = f"{escape(words['why'])} {link}<br>{escape(config.operator_name)}"
    html = plain_letters.page(week.language, subject, _html(parts), button=button, foot=foot)
    ends = (": ".join(button), f"{words['why']}\n{words['stop']}: {stop}", config.operator_name)
    text = "\n\n".join((_text(parts), *ends)) + "\n"
    message = plain_letters.message(config, subject, html, text, to=to, key=key)
    return replace(message, headers=links.unsubscribe_headers(stop))


def _words(week: Week) -> dict[str, str]:
    return plain_letters.words_of("summary.toml", "words", week.language)


# A heading with what is said and counted below it; the heading may be empty.
Part = tuple[str, Sequence[str], Sequence[Line], Sequence[str]]


def _parts(week: Week, words: dict[str, str]) -> Iterator[Part]:
    if not any(one.figures.due or one.figures.recovered or one.figures.bought_anyway for one in week.flows):
        yield "", [words["nothing"]], [], []
    else:
        for one in week.flows:
            yield _of_flow(one, words, week.language)
    yield words["needs"], week.needs or [words["calm"]], [], []
    if any(one.figures.due for one in week.flows):
        yield "", [], [], [words["meaning"]]


def _of_flow(one: OfFlow, words: dict[str, str], language: str) -> Part:
    figures, shadow = one.figures, one.mode == "shadow"
    said = [words["shadow"]] if shadow else [words["off"]] if one.mode == "off" else []
    if not figures.due:
        said.append(words["quiet"])
    counted = _messages(figures, words, language, shadow=shadow) if figures.due else []
    lines = [*counted, *_orders(figures, words, language, shadow=shadow)]
    return one.title, said, lines, list(_reasons(figures, words, language, shadow=shadow))


def _messages(figures: Figures, words: dict[str, str], language: str, *, shadow: bool) -> list[Line]:
    """They add up: each message that was due is in just one of these."""
    would = figures.left_out[Reason.SHADOW.value] if shadow else 0
    went = ("would", would) if shadow else ("accepted", figures.accepted)
    rest = {
        "in_doubt": figures.in_doubt,
        "failed": figures.failed,
        "left_out": figures.left_out.total() - would,
        "waiting": figures.waiting,
    }
    told = [("due", figures.due), went, *((name, count) for name, count in rest.items() if count)]
    return [(_number(count, language), _named(words, name, count)) for name, count in told]


def _orders(figures: Figures, words: dict[str, str], language: str, *, shadow: bool) -> Iterator[Line]:
    """What was bought by nobody is said as 0 where messages went out, and not at all in shadow."""
    told = [("anyway", figures.bought_anyway, "bought_anyway_minor")]
    if not shadow:
        told.insert(0, ("recovered", figures.recovered, "recovered_minor"))
    for name, count, minor in told:
        if count or figures.sent:
            yield _number(count, language), f"{_named(words, name, count)}{_worth(figures, minor, language)}"


def _named(words: dict[str, str], name: str, count: int) -> str:
    return words.get(f"{name}_one", words[name]) if count == 1 else words[name]


def _worth(figures: Figures, minor: str, language: str) -> str:
    amounts = [(currency, getattr(taken, minor)) for currency, taken in sorted(figures.takings.items())]
    shown = [Money(worth, currency).shown(REGIONS[language]) for currency, worth in amounts if worth]
    return f" ({', '.join(shown)})" if shown else ""


def _reasons(figures: Figures, words: dict[str, str], language: str, *, shadow: bool) -> Iterator[str]:
    common = [
        (slug, times)
        for slug, times in figures.left_out.most_common()
        if not (shadow and slug == Reason.SHADOW)
    ]
    if common:
        yield f"{words['reasons']}:"
    for slug, times in common[:MOST_REASONS]:
        known = sentence(Reason(slug), language) if slug in set(Reason) else slug
        yield f"{_number(times, language)}: {known}"


def _span(week: Week) -> dict[str, str]:
    pattern = {"en": "d MMMM", "de": "d. MMMM"}[week.language]

    def shown(day: date) -> str:
        return format_date(day, pattern, locale=REGIONS[week.language])

    return {"from": shown(week.first), "to": shown(week.last)}


def _number(count: int, language: str) -> str:
    return format_decimal(count, locale=REGIONS[language])


def _html(parts: Sequence[Part]) -> str:
    return "\n".join(piece for part in parts for piece in _html_of(*part))


def _html_of(title: str, said: Sequence[str], lines: Sequence[Line], more: Sequence[str]) -> Iterator[str]:
    if title:
        yield f'<h2 style="{HEAD}">{escape(title)}</h2>'
    yield from (plain_letters.paragraph(text) for text in said)
    if lines:
        rows = "\n".join(
            f'<tr><td class="line" style="{NUMBER}">{escape(number)}</td>'
            f'<td class="line" style="{CELL}">{escape(what)}</td></tr>'
            for number, what in lines
        )
        yield f"<table {TABLE}><tbody>{rows}</tbody></table>"
    if more:
        yield f'<p class="soft" style="{SMALL}">{"<br>".join(escape(text) for text in more)}</p>'


def _text(parts: Sequence[Part]) -> str:
    blocks = []
    for title, said, lines, more in parts:
        counted = [f"{number} {what}" for number, what in lines]
        blocks.append("\n".join([*([title.upper()] if title else []), *said, *counted, *more]))
    return "\n\n".join(blocks)
