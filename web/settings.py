"""The page of what a merchant sets for the whole shop: who writes, how often, and to whom."""

from dataclasses import dataclass, field

from babel.numbers import format_decimal
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from core.db import reading
from core.models import Merchant
from core.settings import declared
from engine import changes, mail_servers, monthly, summaries, trial_mails
from engine.colours import colours_of, contrast
from engine.shop_settings import SHOP, ShopSettings, shop_settings, shop_settings_at, shop_version
from integrations import KEEPS_CONSENT
from web import fields, forms, history
from web.flows import is_number
from web.forms import Faults, Typed
from web.i18n import gettext as _
from web.pages import machine
from web.session import current_member, current_member_id, current_merchant
from web.values import Speech, wanted

bp = Blueprint("settings", __name__, url_prefix="/m/<key>/settings")


@dataclass
class Seen:
    """The settings as they are saved, and as they were when the page was made that a form comes from."""

    merchant: Merchant
    saved: ShopSettings
    version: int
    base: ShopSettings
    speech: Speech
    typed: Typed = field(default_factory=Typed)
    faults: Faults = field(default_factory=Faults)
    meanwhile: list[history.Version] = field(default_factory=list)

    @property
    def withheld(self) -> dict[str, set[str]]:
        """Where the platform keeps no consent, it has nothing to say about it."""
        kept = self.merchant.platform in KEEPS_CONSENT
        return {} if kept else {"consent_policy": {"platform"}}


@bp.get("")
def page(key: str) -> str:
    seen = _seen(key)
    seen.typed = forms.shown(seen.saved, seen.speech)
    return _drawn(seen)


@bp.post("")
def save(key: str) -> Response | tuple[str, int]:
    seen = _seen(key, request.form.get("version", ""))
    seen.typed = forms.posted(ShopSettings, request.form, forms.shown(seen.base, seen.speech))
    new, seen.faults = _read(seen)
    if seen.faults:
        return _drawn(seen), 422
    back = redirect(url_for(".page", key=key), 303)
    if new == seen.saved:
        flash(_("Nothing was changed, so nothing was saved."))
        return back
    try:
        data, member = new.model_dump(mode="json"), current_member()
        changes.save_shop(machine(), seen.merchant.id, data, member, seen.version)
    except changes.ChangedMeanwhile:
        return _drawn(_overtaken(seen)), 409
    flash(_("Saved. It holds from now on, also for people under way."))
    return back


def _read(seen: Seen) -> tuple[ShopSettings, Faults]:
    new, faults = forms.read(ShopSettings, seen.typed, seen.base, seen.speech)
    for name, withheld in seen.withheld.items():
        if seen.typed.texts[name] in withheld and seen.typed.texts[name] != getattr(seen.saved, name):
            faults[name] = wanted(declared(ShopSettings)[name], "radio", seen.speech)
    return new, faults


def _overtaken(seen: Seen) -> Seen:
    """Somebody else saved first: the next save of this form is made on top of theirs."""
    with reading(machine().db) as db:
        seen.meanwhile = history.since(db, seen.merchant.id, SHOP, ShopSettings, seen.speech, seen.version)
        seen.version = shop_version(db, seen.merchant.id)
    return seen


def _seen(key: str, version: str = "") -> Seen:
    merchant = current_merchant(key)
    with reading(machine().db) as db:
        newest = shop_version(db, merchant.id)
        at = min(int(version), newest) if is_number(version) else newest
        saved, base = shop_settings(db, merchant.id), shop_settings_at(db, merchant.id, at)
    speech = Speech.of(merchant.currency)
    if forms.look_alike(base, saved, speech):
        at, base = newest, saved
    return Seen(merchant, saved, at, base, speech)


def _drawn(seen: Seen) -> str:
    form = fields.draw(ShopSettings, seen.typed, seen.speech, seen.faults, seen.withheld)
    before = request.args.get("before", "")
    cursor = int(before) if is_number(before) else None
    colours, me = colours_of(seen.saved.colour), current_member_id(seen.merchant.key)
    with reading(machine().db) as db:
        past = history.of(db, seen.merchant.id, SHOP, ShopSettings, seen.speech, cursor)
        months = monthly.of_last(db, seen.merchant, machine().flows)
        weekly = summaries.ordered(db, seen.merchant.id, me)
        sender = mail_servers.sender_in_use(db, seen.merchant.id)
    return render_template(
        "settings/page.html",
        merchant=seen.merchant,
        form=form,
        version=seen.version,
        meanwhile=seen.meanwhile,
        history=past,
        sender=sender,
        ours=machine().config.mail_from,
        colours=colours,
        ratio=format_decimal(
            round(contrast(colours.on_button, colours.button), 1), locale=seen.speech.region
        ),
        weekly=weekly,
        months=months,
        own_address=trial_mails.shown_address(machine(), seen.merchant.id, me),
        connected=seen.merchant.platform in machine().connected,
    )
