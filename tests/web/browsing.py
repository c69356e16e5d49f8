"""A visitor without a browser: opens pages, fills in fields, presses buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@dataclass
class Button:
    text: str = ""
    name: str = ""
    value: str = ""
    action: str = ""


@dataclass
class Form:
    """A form as it stands in the page: where it goes and what it sends."""

    action: str
    method: str
    id: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    ticks: dict[str, str] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: Button | None = None
        self._select = self._textarea = ""
        self.elsewhere: list[tuple[str, Button]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get"), given.get("id", "")))
        elif tag == "input" and given.get("type") in ("checkbox", "radio"):
            self._tick(given)
        elif tag == "input":
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select:
            known = self.forms[-1].fields
            known[self._select] = (
                given["value"] if "selected" in given else known.get(self._select, given["value"])
            )
        elif tag == "textarea":
            self._textarea = given["name"]
            self.forms[-1].fields[self._textarea] = ""
        elif tag == "button":
            self._button = Button(
                "", given.get("name", ""), given.get("value", ""), given.get("formaction", "")
            )
            self._place(self._button, given.get("form", ""))

    def _tick(self, given: dict[str, str]) -> None:
        """What is ticked already is sent as it stands."""
        if given["type"] == "checkbox":
            self.forms[-1].ticks[given["name"]] = given["value"]
        if "checked" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "on")

    def _place(self, button: Button, form_id: str) -> None:
        """A button may stand before the form it belongs to."""
        if form_id:
            self.elsewhere.append((form_id, button))
        else:
            self.forms[-1].buttons.append(button)

    def close(self) -> None:
        super().close()
        by_id = {form.id: form for form in self.forms}
        for form_id, button in self.elsewhere:
            by_id[form_id].buttons.append(button)

    def handle_endtag(self, tag: str) -> None:
        self._button = None if tag == "button" else self._button
        self._select = "" if tag == "select" else self._select
        self._textarea = "" if tag == "textarea" else self._textarea

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].fields[self._textarea] += data.removeprefix("\n")
        if self._button is not None:
            self._button.text = f"{self._button.text} {data.strip()}".strip()


class Visitor:
    """Somebody with one window open at one page."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.path = ""
        self.status = 0
        self.text = ""

    def open(self, path: str) -> "Visitor":
        return self._see(self.client.get(path, follow_redirects=True))

    def press(self, text: str, *ticks: str, nth: int = 0, **fields: str) -> "Visitor":
        """Press the button, after ticking boxes and filling in fields of its form."""
        return self.fill_and_press(text, fields, *ticks, nth=nth)

    def fill_and_press(self, text: str, fields: dict[str, str], *ticks: str, nth: int = 0) -> "Visitor":
        """The same for fields whose names are no names of Python's."""
        form, button = self._buttons(text)[nth]
        data = form.fields | fields | {name: form.ticks[name] for name in ticks}
        data |= {button.name: button.value} if button.name else {}
        action = button.action or form.action or self.path
        if form.method == "get":
            return self._see(self.client.get(action, query_string=data, follow_redirects=True))
        return self._see(self.client.post(action, data=data, follow_redirects=True))

    def sees_button(self, text: str) -> bool:
        return bool(self._buttons(text))

    def _buttons(self, text: str) -> list[tuple[Form, Button]]:
        parser = _Forms()
        parser.feed(self.text)
        parser.close()
        return [(form, button) for form in parser.forms for button in form.buttons if button.text == text]

    def _see(self, answer: TestResponse) -> "Visitor":
        self.path, self.status, self.text = answer.request.path, answer.status_code, answer.text
        return self
