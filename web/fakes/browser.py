"""A browser of few words, for a machine that walks where a merchant would click: cookies, links, forms."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin

import httpx2

from core.config import Config
from core.http import authorities


class LostOnTheWay(Exception):
    """The page is not the one that was expected; the text says which it is."""


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Page:
    url: str
    status: int
    text: str

    def link(self, words: str) -> str:
        """Where the link with these words leads."""
        found = next((link for link, said in _read(self.text).links if said == words), None)
        if found is None:
            raise LostOnTheWay(self.told(f"no link {words!r}"))
        return urljoin(self.url, found)

    def form(self, *names: str) -> Form:
        """The first form that has all these fields."""
        found = next((one for one in _read(self.text).forms if set(names) <= set(one.fields)), None)
        if found is None:
            raise LostOnTheWay(self.told(f"no form with {', '.join(names)}"))
        return Form(urljoin(self.url, found.action or self.url), found.method, found.fields)

    def told(self, what: str) -> str:
        said = " ".join(_read(self.text).said.split())[:400]
        return f"{what} at {self.url.partition('?')[0]} ({self.status}): {said}"


class Browser:
    """Used in a `with`; follows redirects and keeps cookies."""

    def __init__(self, config: Config) -> None:
        trusted = authorities(config.extra_ca_file)
        self._client = httpx2.Client(verify=trusted, follow_redirects=True, trust_env=False, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def open(self, url: str) -> Page:
        return self._shown(lambda: self._client.get(url))

    def send(self, form: Form, **typed: str) -> Page:
        given = form.fields | typed
        if form.method == "get":
            return self._shown(lambda: self._client.get(form.action, params=given))
        # As a browser does; the form guard wants to know which page a form came from.
        return self._shown(
            lambda: self._client.post(form.action, data=given, headers={"Referer": form.action})
        )

    def _shown(self, go: Callable[[], httpx2.Response]) -> Page:
        try:
            answer = go()
        except httpx2.TransportError as error:
            raise LostOnTheWay(f"{type(error).__name__}: {error}") from error
        page = Page(str(answer.url), answer.status_code, answer.text)
        if answer.status_code >= 400:
            raise LostOnTheWay(page.told("a refusal"))
        return page


@dataclass
class _Reading(HTMLParser):
    links: list[tuple[str, str]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    said: str = ""
    _link: str | None = None
    _words: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a":
            self._link, self._words = told.get("href", ""), ""
        elif tag == "form":
            self.forms.append(Form(told.get("action", ""), told.get("method", "get").lower()))
        elif tag in ("input", "button") and self.forms and told.get("name"):
            self.forms[-1].fields.setdefault(told["name"], told.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            self.links.append((self._link, " ".join(self._words.split())))
            self._link = None

    def handle_data(self, data: str) -> None:
        self.said += f" {data}"
        self._words += data


def _read(text: str) -> _Reading:
    reading = _Reading()
    reading.feed(text)
    return reading
