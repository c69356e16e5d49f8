"""A store that its owner has confirmed: its keys are proven, then it is connected and she is in."""

import secrets

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from core.errors import NeedsMerchant, Permanent
from core.network import within
from engine import colleagues, connecting, disconnecting, sign_in
from engine.attempts import Attempt
from engine.connecting import Whom
from integrations.live import Tokens
from integrations.self_hosted import Found, Problem, Proven, SelfHosted
from web import begun, session
from web.i18n import gettext as _
from web.pages import machine


@within(30)
def prove(platform: SelfHosted, attempt: Attempt, token: str) -> Proven | Problem:
    """Calls to that very store; whatever webhooks it had of ours are made anew
    later. Raises Retryable and InDoubt where it can't say."""
    found = Found(attempt.domain, attempt.found.get("name", ""), attempt.found)
    try:
        proven = platform.prove(found, token, attempt.email)
        if isinstance(proven, Proven):
            _drop_former_webhooks(attempt, proven)
    except (NeedsMerchant, Permanent) as error:
        return platform.refused(error, attempt.domain)
    return proven


def _drop_former_webhooks(attempt: Attempt, proven: Proven) -> None:
    former = disconnecting.former_webhooks(machine(), attempt.platform, attempt.domain)
    if former is not None:
        machine().connected[attempt.platform].drop_hooks(proven.access, former)


def connect(attempt: Attempt, token: str, proven: Proven) -> Response:
    email, user = attempt.email, sign_in.address_print(machine(), attempt.email)
    merchant_id = connecting.connect(
        machine(),
        attempt.platform,
        proven.profile,
        Tokens(token),
        Whom(user, colleagues.name_of(email), email if proven.is_owners else None),
        address=secrets.token_hex(16),
        meta=proven.access.meta,
    )
    member = sign_in.member_of(machine(), merchant_id, user)
    if member.email is None:
        _ask_for_address(merchant_id, member.id, email)
    flash(_("Your shop is connected."))
    answer = redirect(url_for("connection.page", key=member.key))
    begun.forget(answer)
    return session.begin(answer, merchant_id, member.id)


def _ask_for_address(merchant_id: int, member_id: int, email: str) -> None:
    if sign_in.send_confirmation(machine(), merchant_id, member_id, email):
        flash(_("A mail is on its way to %(email)s: follow its link to sign in from elsewhere.", email=email))
    else:
        flash(_("The mail to %(email)s could not be sent. Ask for it again below.", email=email), "error")
