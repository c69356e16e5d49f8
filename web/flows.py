"""The page of one flow: what it promises, when it writes, and how the merchant sets it."""

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from core.db import reading
from core.models import Merchant
from core.settings import FlowSettings, declared
from core.steps import StepSettings, steps_of
from engine import changes, outlook, pauses
from engine.shop_settings import Saved, flow_settings, settings_at
from flows.flow import Flow
from web import fields, forms, history, paused, step_list
from web.forms import Faults, Typed
from web.i18n import gettext as _
from web.i18n import ngettext
from web.pages import machine
from web.session import current_member, current_merchant
from web.values import Speech, told

bp = Blueprint("flow", __name__, url_prefix="/m/<key>/flows/<flow>")


@dataclass
class Seen:
    """The flow as it is saved, and as it was when the page was made that a form comes from."""

    merchant: Merchant
    flow: Flow
    saved: Saved
    version: int
    base: FlowSettings
    speech: Speech
    typed: Typed = field(default_factory=Typed)
    faults: Faults = field(default_factory=Faults)
    unsaved: str = ""
    meanwhile: list[history.Version] = field(default_factory=list)


@bp.get("")
def page(key: str, flow: str) -> str:
    seen = _seen(key, flow)
    seen.typed = forms.shown(seen.saved.settings, seen.speech)
    return _drawn(seen)


@bp.post("")
def change(key: str, flow: str) -> Response | str | tuple[str, int]:
    """One form with several buttons: all but one only change what stands in it."""
    seen = _seen(key, flow, request.form.get("version", ""))
    before = forms.shown(seen.base, seen.speech)
    seen.typed = forms.posted(seen.flow.Settings, request.form, before)
    act = request.form.get("do", "save")
    if act == "save":
        return _save(seen)
    seen.unsaved = step_list.edited(seen.flow, seen.typed, act, seen.speech) or abort(400)
    return _drawn(seen)


@bp.post("/times")
def apply_times(key: str, flow: str) -> Response:
    seen = _seen(key, flow)
    count = changes.apply_times(machine(), seen.merchant.id, seen.flow)
    flash(
        ngettext(
            "The new waiting times now hold for %(num)d person who was under way.",
            "The new waiting times now hold for %(num)d people who were under way.",
            count,
        )
    )
    return redirect(url_for(".page", key=key, flow=flow), 303)


def _save(seen: Seen) -> Response | tuple[str, int]:
    wanted, seen.faults = forms.read(seen.flow.Settings, seen.typed, seen.base, seen.speech)
    if seen.faults:
        return _drawn(seen), 422
    back = redirect(url_for(".page", key=seen.merchant.key, flow=seen.flow.key), 303)
    if wanted == seen.saved.settings:
        flash(_("Nothing was changed, so nothing was saved."))
        return back
    try:
        data, member = wanted.model_dump(mode="json"), current_member()
        changes.save_flow(machine(), seen.merchant.id, seen.flow, data, member, seen.version)
    except changes.ChangedMeanwhile:
        return _drawn(_overtaken(seen)), 409
    flash(_holds_from_now(seen, wanted))
    return back


def _holds_from_now(seen: Seen, wanted: FlowSettings) -> str:
    if seen.saved.mode == "off":
        return _("Saved. It holds once the flow is switched on.")
    if wanted == wanted.keeping_times_of(seen.saved.settings):
        return _("Saved. It holds from now on, also for people under way.")
    return _(
        "Saved. It holds from now on, also for people under way; "
        "new waiting times hold for carts left from now on."
    )


def _overtaken(seen: Seen) -> Seen:
    """Somebody else saved first: the next save of this form is made on top of theirs."""
    with reading(machine().db) as db:
        whose = (seen.merchant.id, seen.flow.key, seen.flow.Settings)
        seen.meanwhile = history.since(db, *whose, seen.speech, seen.version)
        seen.saved = flow_settings(db, seen.merchant.id, seen.flow)
    seen.version = seen.saved.version
    return seen


def _seen(key: str, flow: str, version: str = "") -> Seen:
    merchant = current_merchant(key)
    asked = known(flow)
    with reading(machine().db) as db:
        saved = flow_settings(db, merchant.id, asked)
        at = min(int(version), saved.version) if is_number(version) else saved.version
        base = settings_at(db, merchant.id, asked, at)
    speech = Speech.of(merchant.currency)
    if forms.look_alike(base, saved.settings, speech):
        at, base = saved.version, saved.settings
    return Seen(merchant, asked, saved, at, base, speech)


def known(flow: str) -> Flow:
    return machine().flows.get(flow) or abort(404)


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _drawn(seen: Seen) -> str:
    form = fields.draw(seen.flow.Settings, seen.typed, seen.speech, seen.faults)
    with reading(machine().db) as db:
        shown = _about(db, seen)
    return render_template(
        "flow/page.html",
        merchant=seen.merchant,
        flow=seen.flow,
        saved=seen.saved,
        version=seen.version,
        form=form,
        say=seen.speech.say,
        unsaved=seen.unsaved,
        meanwhile=seen.meanwhile,
        steps=[step_in_words(step, seen.speech) for step in steps_of(seen.saved.settings)],
        most_steps=step_list.most_steps(seen.flow) if form.group("steps") else 0,
        preset_steps=lambda preset: [step_in_words(step, seen.speech) for step in preset.steps],
        **shown,
    )


def _about(db: Session, seen: Seen) -> dict[str, Any]:
    merchant, flow, saved = seen.merchant, seen.flow, seen.saved
    before = request.args.get("before", "")
    cursor = int(before) if is_number(before) else None
    pause = pauses.of_flow(db, merchant.id, flow.key)
    return {
        "paused": f"{paused.why(pause)} {paused.advice(pause)}" if pause else "",
        "waiting": outlook.waiting(db, merchant.id, flow.key, saved.mode),
        "other_times": len(outlook.trips_with_other_times(db, merchant.id, flow, saved)),
        "history": history.of(db, merchant.id, flow.key, flow.Settings, seen.speech, cursor),
    }


@dataclass(frozen=True)
class ShownStep:
    """One step of the time line, in words."""

    after_hours: int
    after: str
    content: str
    incentive: str
    on: bool


def step_in_words(step: StepSettings, speech: Speech) -> ShownStep:
    settings, values = declared(type(step)), dict(step)
    named = {
        name: told(one, values[name], values, speech)
        for name, one in settings.items()
        if one.kind != "elsewhere"
    }
    off = named["value"]
    incentive = "" if step.incentive == "none" else _("%(much)s off", much=off) if off else named["incentive"]
    return ShownStep(step.after_hours, named["after_hours"], named["content"], incentive, step.on)
