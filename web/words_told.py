"""What the page of words calls things: fields, placeholders, faults, and what became of a test."""

from collections.abc import Mapping

from core.wording import Fault
from integrations.roles import Message
from web.i18n import gettext as _


def label(name: str) -> str:
    words = {
        "subject": _("Subject"),
        "preheader": _("Line after the subject"),
        "heading": _("Heading"),
        "greeting": _("Greeting"),
        "body": _("Text"),
        "points": _("Questions and answers"),
        "button": _("Words on the button"),
    }
    return words[name]


def help_for(name: str) -> str:
    words = {
        "preheader": _("Mail programs show it in the list, behind the subject."),
        "body": _("An empty line begins a new paragraph."),
        "points": _("The first line of a paragraph is the question; an empty line begins the next one."),
    }
    return words.get(name, "")


def placeholders(told: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Each placeholder with what it is and what it has become here."""
    words = {
        "first_name": _("The shopper's first name; left out where nobody told it"),
        "shop": _("Your shop's name"),
        "total": _("What the cart adds up to, or the product costs"),
        "product": _("The product it is about, or the first in the cart"),
        "offer": _("What this step offers"),
        "code": _("The discount code, another one for everybody"),
        "ends": _("When the code ends"),
    }
    return [(f"{{{name}}}", says, told[name]) for name, says in words.items() if name in told]


def fault(found: Fault) -> str:
    named = f"{{{found.detail}}}"
    words = {
        "unknown": _(
            "There is no placeholder %(name)s. Those that exist are listed below the preview.", name=named
        ),
        "no_offer": _(
            "%(name)s speaks of an offer, and this step has none: our words are sent instead.", name=named
        ),
        "brace": _("A curly bracket is left open. They are only for placeholders, as in {shop}."),
        "line_break": _("This must stay on one line."),
        "too_long": _("This is too long: at most %(most)s characters.", most=found.detail),
        "empty": _("Nothing would be left of this where a shopper told no name. Write something beside it."),
    }
    return words[found.kind]


def headers(message: Message) -> list[tuple[str, str]]:
    """The header lines that a reader notices."""
    told = [
        ("From", f"{message.sender_name} <{message.sender_address}>"),
        ("Reply-To", message.reply_to or ""),
        ("Subject", message.subject),
        ("List-Unsubscribe", _("a link of each shopper's own, with one click (RFC 8058)")),
    ]
    return [(name, value) for name, value in told if value]


def outcome(slug: str, address: str) -> str:
    """What is told of a test at once."""
    words = {
        "sent": _("A test is on its way to %(address)s.", address=address),
        "no_address": _("Kontor knows no address of yours, so no test was sent."),
        "too_many": _("Those were many tests in a short time. Try again in ten minutes."),
        "refused": _("The mail server refused the test to %(address)s. Nothing was sent.", address=address),
        "busy": _("The mail server can't be reached just now. Nothing was sent; try again in a minute."),
        "in_doubt": _("The line broke while the test was handed over: look whether it has arrived."),
    }
    return words[slug]


def test_state(slug: str) -> str:
    """What is told of an earlier test."""
    words = {
        "sent": _("sent"),
        "refused": _("refused by the mail server"),
        "busy": _("not sent, the mail server was not reached"),
    }
    return words.get(slug, _("in doubt"))
