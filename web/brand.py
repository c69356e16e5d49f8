"""How the shop's brand looks in a mail, saved or just typed: the settings frame this beside their fields."""

from collections.abc import Sequence

from flask import Blueprint, Response, abort, render_template, request

from core.db import reading
from core.models import Merchant
from core.wording import LANGUAGES
from engine import brand, mail_servers, own_words
from engine.brand import Finding
from engine.letters import message_of
from engine.preview import preview
from engine.shop_settings import ShopSettings, shop_settings
from web.i18n import gettext as _
from web.i18n import locale
from web.mailview import mail_answer, on_top
from web.pages import machine
from web.session import current_merchant

bp = Blueprint("brand", __name__, url_prefix="/m/<key>/brand")


@bp.get("/preview")
def saved_preview(key: str) -> Response:
    merchant = current_merchant(key)
    shop = _saved(merchant)
    return _shown(merchant, shop, brand.findings(shop))


@bp.post("/preview")
def typed_preview(key: str) -> Response:
    """The fields are named as the settings are; what can't be used is said and left as it was."""
    merchant = current_merchant(key)
    shop, found = brand.with_brand(_saved(merchant), request.form.to_dict())
    return _shown(merchant, shop, found)


def said(finding: Finding) -> str:
    """A finding in words for the merchant."""
    words = {
        "wrong_colour": _("This is no colour: it is written as # and six letters or digits, like #1f6f54."),
        "colour_darkened": _(
            "Neither white nor dark words can be read well on this colour; "
            "buttons are a little darker, %(colour)s.",
            colour=finding.detail,
        ),
        "dark_words": _("White words can't be read on this colour, so the words on the button are dark."),
        "edge_on_light": _("The button would hardly be seen on white, so a dark line goes around it."),
        "edge_on_dark": _("The button would hardly be seen at night, so a light line goes around it there."),
        "wrong_logo": _("This is no address of a picture: it must begin with https://."),
        "logo_is_svg": _("Most mail programs show no SVG. Take a PNG, at least 80 pixels high."),
        "wrong_reply": _("This is no e-mail address."),
        "no_reply_address": _("Without a reply address, answers to your mails reach nobody in your shop."),
        "nobody_reads": _(
            "%(address)s sounds as if nobody reads it. Shoppers answer: name one that is read.",
            address=finding.detail,
        ),
        "no_imprint": _(
            "The law wants advertising to name you with your postal address: fill in the imprint."
        ),
        "wrong_text": _("This is too long, or has a line break where none can be."),
    }
    return words[finding.kind]


def _saved(merchant: Merchant) -> ShopSettings:
    with reading(machine().db) as db:
        return shop_settings(db, merchant.id)


def _shown(merchant: Merchant, shop: ShopSettings, found: Sequence[Finding]) -> Response:
    """The first message of the first flow, whose words are not what is looked at here."""
    flow = next(iter(machine().flows.values()))
    asked = request.values.get("language", "")
    language = asked if asked in LANGUAGES else locale()
    with reading(machine().db) as db:
        step = own_words.words_of_step(db, merchant.id, flow, 1) or abort(404)
        shown = preview(machine(), db, merchant, flow, step, language, step.own[language], shop)
        sender = mail_servers.sender_in_use(db, merchant.id)
    message = message_of(
        machine().config, merchant, shop, "preview", "shopper@example.com", shown.rendered, sender
    )
    top = render_template(
        "words/preview_top.html", message=message, shown=shown, remarks=[said(one) for one in found]
    )
    return mail_answer(on_top(shown.rendered.html, top))
