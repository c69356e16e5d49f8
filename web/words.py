"""The page on which a merchant writes what a step says, sees it as it arrives, and sends it to herself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from core.db import reading
from core.models import Merchant
from core.wording import LANGUAGES, LONGEST, SEVERAL_LINES, Fault
from engine import mail_servers, own_words, trial_mails
from engine.letters import message_of
from engine.own_words import StepWords
from engine.preview import Preview, preview
from flows.flow import Flow
from web import words_told
from web.headers import mail_policy
from web.i18n import gettext as _
from web.i18n import locale
from web.mailview import mail_answer, on_top
from web.pages import machine
from web.session import current_member, current_member_id, current_merchant

# Whom a preview is written to.
EXAMPLE = "shopper@example.com"

bp = Blueprint("words", __name__, url_prefix="/m/<key>/flows/<flow>/steps/<int(min=1, max=99):step>")

Faults = Mapping[str, Fault]


@dataclass(frozen=True, slots=True)
class Editing:
    """What the page is about: one step in one language, and what stands in its fields."""

    merchant: Merchant
    flow: Flow
    step: StepWords
    language: str
    typed: Mapping[str, str]
    seen: int

    @property
    def offer(self) -> bool:
        return self.step.has_offer

    def own(self) -> dict[str, str]:
        """What was typed and is not ours anyway."""
        ours = self.step.ours[self.language]
        return {name: text for name, text in self.typed.items() if text.strip() and text != ours[name]}


@dataclass(frozen=True, slots=True)
class Said:
    """What the page has to say beside the fields: faults, a colleague's save, news of a test."""

    faults: Faults = field(default_factory=dict)
    conflict: own_words.Conflict | None = None
    news: str = ""
    bad: bool = False


@bp.get("")
def page(key: str, flow: str, step: int) -> str:
    return _page(_saved(key, flow, step), Said())


@bp.post("")
def save(key: str, flow: str, step: int) -> AnyResponse | str:
    """Save; or put ours into one field or all, which is not saved until she says so."""
    editing = _typed(key, flow, step)
    reset = request.form.get("reset")
    if reset is not None:
        return _page(_with_ours(editing, reset), Said())
    typed = {editing.language: editing.typed}
    try:
        own_words.save(
            machine(), editing.merchant.id, editing.flow, step, typed, editing.seen, current_member()
        )
    except own_words.Faulty as error:
        return _page(editing, Said(_in_language(error.faults, editing.language)))
    except own_words.Conflict as error:
        return _page(editing, Said(conflict=error))
    except IndexError:
        abort(404)
    flash(_("Saved. It holds from now on, also for everyone who is already under way."))
    return redirect(url_for(".page", key=key, flow=flow, step=step, language=editing.language), 303)


@bp.get("/preview")
def saved_preview(key: str, flow: str, step: int) -> Response:
    return _shown(_saved(key, flow, step), request.args.get("part", ""))


@bp.post("/preview")
def typed_preview(key: str, flow: str, step: int) -> Response:
    """What was typed and is not saved yet."""
    return _shown(_typed(key, flow, step), request.form.get("part", ""))


@bp.post("/test")
def send_test(key: str, flow: str, step: int) -> str:
    """Send what stands in the fields to whoever is signed in; the fields keep what was typed."""
    editing = _typed(key, flow, step)
    faults = own_words.faults_in({editing.language: editing.typed}, offer=editing.offer)
    if faults:
        return _page(editing, Said(_in_language(faults, editing.language)))
    with reading(machine().db) as db:
        shown = _previewed(db, editing)
    member = current_member_id(key)
    outcome = trial_mails.send_test(machine(), editing.merchant, member, step, editing.language, shown)
    address = trial_mails.shown_address(machine(), editing.merchant.id, member)
    return _page(editing, Said(news=words_told.outcome(outcome, address or ""), bad=outcome != "sent"))


def _saved(key: str, flow: str, step: int) -> Editing:
    merchant = current_merchant(key)
    known = machine().flows.get(flow) or abort(404)
    with reading(machine().db) as db:
        found = own_words.words_of_step(db, merchant.id, known, step) or abort(404)
    language = _language()
    return Editing(merchant, known, found, language, _standing(found, language), found.version)


def _standing(step: StepWords, language: str) -> dict[str, str]:
    """What the step says as it is saved: hers, else ours."""
    return {name: step.own[language].get(name) or step.ours[language][name] for name in step.fields}


def _typed(key: str, flow: str, step: int) -> Editing:
    """What was typed, in the order of the fields; a browser ends lines as the web does."""
    saved = _saved(key, flow, step)
    typed = {name: request.form.get(name, "").replace("\r\n", "\n") for name in saved.step.fields}
    seen = request.form.get("seen", "")
    known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1
    return Editing(saved.merchant, saved.flow, saved.step, saved.language, typed, known)


def _language() -> str:
    """The language of the mail, which is not the page's."""
    asked = request.values.get("language", "")
    return asked if asked in LANGUAGES else locale()


def _with_ours(editing: Editing, which: str) -> Editing:
    ours = editing.step.ours[editing.language]
    typed = {name: ours[name] if which in ("all", name) else text for name, text in editing.typed.items()}
    return Editing(editing.merchant, editing.flow, editing.step, editing.language, typed, editing.seen)


def _page(editing: Editing, said: Said) -> str:
    merchant, step = editing.merchant, editing.step
    member = current_member_id(merchant.key)
    with reading(machine().db) as db:
        shown = _previewed(db, editing)
        tests = trial_mails.latest(db, merchant.id, editing.flow.key, step.number)
    conflict = said.conflict
    return render_template(
        "words/page.html",
        merchant=merchant,
        back=_back(editing),
        editing=editing,
        step=step,
        fields=[_field(editing, name, said) for name in step.fields],
        seen=conflict.now.version if conflict else editing.seen,
        said=said,
        shown=shown,
        placeholders=words_told.placeholders(shown.told),
        address=trial_mails.shown_address(machine(), merchant.id, member),
        tests=[(one, words_told.test_state(one.outcome)) for one in tests],
        unsaved=editing.typed != _standing(step, editing.language),
        as_reminder=shown.letter.content != step.step.content,
    )


def _back(editing: Editing) -> str:
    return url_for("flow.page", key=editing.merchant.key, flow=editing.flow.key)


def _field(editing: Editing, name: str, said: Said) -> dict[str, Any]:
    ours, text = editing.step.ours[editing.language][name], editing.typed[name]
    fault = said.faults.get(name) or _no_longer_said(editing, name)
    theirs = said.conflict.now.own[editing.language].get(name, ours) if said.conflict else text
    return {
        "name": name,
        "label": words_told.label(name),
        "help": words_told.help_for(name),
        "text": text,
        "ours": ours,
        "is_ours": not text.strip() or text == ours,
        "most": LONGEST[name],
        "long": name in SEVERAL_LINES,
        "rows": max(3, sum(1 + len(line) // 60 for line in text.split("\n")) + 1),
        "fault": words_told.fault(fault) if fault else "",
        "theirs": theirs if theirs != text else "",
    }


def _no_longer_said(editing: Editing, name: str) -> Fault | None:
    """A saved text may speak of an offer that the step has no more."""
    kept = {editing.language: {name: editing.typed[name]}}
    return own_words.faults_in(kept, offer=editing.offer).get((editing.language, name))


def _previewed(db: Session, editing: Editing) -> Preview:
    return preview(
        machine(), db, editing.merchant, editing.flow, editing.step, editing.language, editing.own()
    )


def _shown(editing: Editing, part: str) -> Response:
    """The mail below what its reader's list of mails says of it; or its text and header lines."""
    with reading(machine().db) as db:
        shown, sender = _previewed(db, editing), mail_servers.sender_in_use(db, editing.merchant.id)
    left_out = [words_told.label(name) for name in editing.typed if _no_longer_said(editing, name)]
    instead = _("Ours is shown in place of a text that can't be sent: %(names)s", names=", ".join(left_out))
    message = message_of(
        machine().config,
        editing.merchant,
        shown.shop,
        "preview",
        EXAMPLE,
        shown.rendered,
        sender,
    )
    told = {
        "merchant": editing.merchant,
        "shown": shown,
        "message": message,
        "remarks": [instead] if left_out else [],
        "headers": words_told.headers(message),
    }
    if part == "text":
        text = render_template("words/preview_text.html", **told)
        return Response(text, mimetype="text/html", headers={"Content-Security-Policy": mail_policy()})
    return mail_answer(on_top(shown.rendered.html, render_template("words/preview_top.html", **told)))


def _in_language(faults: Mapping[tuple[str, str], Fault], language: str) -> dict[str, Fault]:
    return {name: fault for (spoken, name), fault in faults.items() if spoken == language}
