"""The shopper's side of a waiting line: signing up, confirming, her place, leaving.

There is no login and no cookie. A form is good by its own signed token, a link
in a mail by its; looking at a page changes nothing, for mail gateways open every link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, jsonify, make_response, render_template, request
from sqlalchemy import select

from core.db import reading
from core.models import Merchant
from core.models.tables import connections, merchants
from engine import links, sign_up_forms, sign_ups, waitlist
from engine.sign_ups import Wish
from web import shopper
from web.i18n import long_day
from web.pages import machine
from web.signing_in import LONGEST_ADDRESS, is_address
from web.waitlist_words import Language, said, spoken

bp = Blueprint("waitlist", __name__)

# The merchant's key is no member's page here: it only says whose line it is.
LINE = "/s/<shop>/waitlist"
STATUS = {
    "unconfirmed": 200,
    "waiting": 200,
    "available": 200,
    "unknown": 404,
    "off": 404,
    "too_many": 429,
    "email": 422,
    "quick": 422,
    "old": 422,
    "refused": 422,
}
# After these the same form is shown again, with what was typed.
ONCE_MORE = ("email", "quick", "old", "refused")
# As the form names them: what the answer is, and as what it is written down.
SOURCE = "waitlist_form"


@bp.get(LINE)
def page(shop: str) -> tuple[str, int]:
    """The form of its own, for shops whose pages have none."""
    merchant, variant = _merchant(shop), request.args.get("variant", "")
    language = _language(request.args.get("locale"))
    line = _line(merchant, variant)
    if line.state != "sold_out":
        return _told(line, language, line.state)
    return _form(line, language), 200


@bp.post(LINE)
def join(shop: str) -> Response:
    """JSON for a shop's own page, and a page for whoever came to ours."""
    merchant = _merchant(shop)
    language = _language(request.form.get("locale"))
    fields = {**request.form.to_dict(), "locale": request.form.get("locale") or language}
    status, told = answer(merchant, fields, request.remote_addr)
    if _wants_json():
        return _json(told, status)
    line, state = _line(merchant, fields.get("variant", "")), str(told["state"])
    if state in ONCE_MORE and line.state == "sold_out":
        return make_response(_form(line, language, fields, state), status)
    return make_response(*_told(line, language, state))


@bp.get(f"{LINE}/form")
def form(shop: str) -> Response:
    """What a form in the shop's own page needs."""
    status, told = given(_merchant(shop), request.args)
    return _json(told, status)


@bp.get("/w/<token>")
def look(token: str) -> tuple[str, int]:
    """Her place in line, or the button that puts her into it."""
    asked = links.open_waiting(machine().config, token)
    return _place(asked, "") if asked else _gone()


@bp.post("/w/<token>")
def act(token: str) -> tuple[str, int]:
    """By the buttons here, or by the mail program's (RFC 8058)."""
    asked = links.open_waiting(machine().config, token)
    if asked is None:
        return _gone()
    if request.form.get("act") == "confirm":
        confirmed = sign_ups.confirm(machine(), asked.merchant_id, asked.sign_up_id)
        return _place(asked, "confirmed" if confirmed else "")
    before = waitlist.look(machine(), asked.merchant_id, asked.sign_up_id)
    if before is None:
        return _gone()
    sign_ups.leave(machine(), asked.merchant_id, asked.sign_up_id)
    return _page("waitlist_left", spoken(before.locale) or _language(None), seen=before), 200


def given(merchant: Merchant, asked: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """The form that somebody is about to fill in, wherever it stands: "variant" and "locale"."""
    variant, language = asked.get("variant", ""), _language(asked.get("locale"))
    line = _line(merchant, variant)
    if line.state in ("off", "unknown"):
        told = {"state": line.state, "message": said(line.state, language), "available": False}
        return STATUS[line.state], told
    token = sign_up_forms.give(machine().config, merchant.id, variant, language)
    text = said("text", language, product=line.product, shop=line.shop)
    return 200, {"form": token, "text": text, "available": line.state == "available"}


def answer(
    merchant: Merchant, fields: Mapping[str, str], visitor: str | None = None
) -> tuple[int, dict[str, Any]]:
    """What somebody who signs up is told, wherever her form stands: "variant", "email",
    "locale", "form" and "website", which is empty unless a program filled it in."""
    language = _language(fields.get("locale"))
    state = _state(merchant, fields, visitor, language)
    # Her place would tell whoever types an address whether it is known: it is in her mail.
    return STATUS[state], {"state": state, "message": said(state, language), "place": None}


def _state(merchant: Merchant, fields: Mapping[str, str], visitor: str | None, language: Language) -> str:
    variant, email = fields.get("variant", ""), fields.get("email", "").strip()
    judged, given = sign_up_forms.judge(
        machine().config, merchant.id, variant, fields.get("form", "").replace("\0", "")
    )
    if not _is_mailable(email):
        return "email"
    if fields.get("website"):
        return "refused"
    if judged != "good" or given is None:
        return "quick" if judged == "quick" else "old"
    line = _line(merchant, variant)
    text = said("text", given.language, product=line.product, shop=line.shop)
    wish = Wish(variant, email, _locale(fields, language), SOURCE, text, visitor, given.mark)
    joined = sign_ups.join(machine(), merchant, wish)
    if joined.outcome in ("already", "waiting", "unconfirmed"):
        return "unconfirmed" if joined.double else "waiting"
    return joined.outcome


def _is_mailable(email: str) -> bool:
    """As mail servers spell addresses; whether somebody reads it is asked by a mail."""
    if not is_address(email):
        return False
    # Few ever sign up; their checks need not be in memory before.
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(email, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Line:
    """A variant's line as a page shows it; `state` says whether one may join it."""

    merchant: Merchant
    variant: str
    state: str
    product: str
    shop: str
    url: str | None


def _line(merchant: Merchant, variant: str) -> Line:
    with reading(machine().db) as db:
        known = db.get_one(Merchant, merchant.id)
        rules = waitlist.rules(machine(), db, known)
        item = (
            waitlist.item_of(db, merchant.id, variant) if len(variant) <= sign_up_forms.LONGEST_REF else None
        )
        shop = waitlist.shop_name(machine(), db, known)
    state = waitlist.stocked(item) if rules else "off"
    # What nobody can see in the shop is nobody's business here either.
    shown = item if state in ("sold_out", "available") else None
    name, url = (waitlist.name_of(shown), shown.url) if shown else ("", None)
    return Line(merchant, variant, state, name, shop, url)


def _merchant(key: str) -> Merchant:
    if "\0" in key:
        abort(404)
    found = select(Merchant).where(merchants.c.key == key)
    with reading(machine().db) as db:
        merchant = db.scalars(found).one_or_none()
    return merchant or abort(404)


def _locale(fields: Mapping[str, str], language: Language) -> str:
    """As the form names it where it is a language tag of ours, such as "de-AT"."""
    told = fields.get("locale", "")
    tag = "".join(letter for letter in told if letter.isascii() and (letter.isalnum() or letter == "-"))
    return told if told == tag and len(told) <= 12 and spoken(told) else language


def _language(locale: str | None) -> Language:
    """The one that is asked for, else the browser's; a choice would need a cookie."""
    german = request.accept_languages.best_match(("en", "de")) == "de"
    return spoken(locale) or ("de" if german else "en")


def _form(line: Line, language: Language, fields: Mapping[str, str] | None = None, state: str = "") -> str:
    """Sent too quickly, it is good as it was; else it is a new one."""
    typed = fields or {}
    kept = typed.get("form", "") if state in ("quick", "refused", "email") else ""
    good = sign_up_forms.judge(machine().config, line.merchant.id, line.variant, kept)[0] in ("good", "quick")
    token = sign_up_forms.give(machine().config, line.merchant.id, line.variant, language)
    return _page(
        "waitlist",
        language,
        line=line,
        token=kept if good else token,
        text=said("text", language, product=line.product, shop=line.shop),
        email=typed.get("email", "")[:LONGEST_ADDRESS],
        state=state,
        fault=said(state, language) if state else "",
    )


def _told(line: Line, language: Language, state: str) -> tuple[str, int]:
    page = _page("waitlist_told", language, line=line, state=state, message=said(state, language))
    return page, STATUS[state]


def _place(asked: links.Waits, done: str) -> tuple[str, int]:
    seen = waitlist.look(machine(), asked.merchant_id, asked.sign_up_id)
    if seen is None:
        return _gone()
    language = spoken(seen.locale) or _language(None)
    ends = long_day(seen.ends_at, seen.merchant.timezone, language)
    return _page("waitlist_place", language, seen=seen, done=done, ends=ends), 200


def _gone() -> tuple[str, int]:
    return _page("waitlist_gone", _language(None)), 404


def _page(name: str, language: str, **told: Any) -> str:
    return render_template(f"shopper/{name}.html", german=language == "de", **told)


def _wants_json() -> bool:
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def _json(told: Mapping[str, Any], status: int) -> Response:
    answered = jsonify(told)
    answered.status_code = status
    return answered


@bp.after_request
def _add_headers(response: Response) -> Response:
    response.headers.update(shopper.HEADERS)
    if request.endpoint in ("waitlist.form", "waitlist.join") and response.status_code != 404:
        _open_to_the_shop(response)
    return response


def _open_to_the_shop(response: Response) -> None:
    """Its own pages may read the answer, without cookies; nobody else's."""
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin and origin in _origins(str((request.view_args or {}).get("shop", ""))):
        response.headers["Access-Control-Allow-Origin"] = origin


def _origins(key: str) -> set[str]:
    columns = (connections.c.domain, connections.c.meta)
    found = select(*columns).join(merchants, merchants.c.id == connections.c.merchant_id)
    with reading(machine().db) as db:
        row = db.execute(found.where(merchants.c.key == key)).one_or_none()
    if row is None:
        return set()
    hosts = (row.domain, (row.meta or {}).get("primary_domain", ""))
    # A shop may live in a folder of its host.
    return {f"https://{host.partition('/')[0].lower()}" for host in hosts if host}
