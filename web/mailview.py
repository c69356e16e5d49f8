"""A mail's HTML as an answer of its own, shut into a policy of its own."""

from flask import Response

from web.headers import mail_policy

# Links in the mail open a tab of their own, as in any mail program.
OPENS_TABS = '<base target="_blank">'


def mail_answer(html: str) -> Response:
    """Nothing in it can run, ask or post, and nobody else may frame it."""
    return Response(in_tabs(html), mimetype="text/html", headers={"Content-Security-Policy": mail_policy()})


def on_top(html: str, block: str) -> str:
    """The mail with a block of ours above it."""
    at = html.index(">", html.index("<body")) + 1
    return html[:at] + block + html[at:]


def in_tabs(html: str) -> str:
    head = html.lower().find("<head>")
    at = head + len("<head>") if head >= 0 else 0
    return html[:at] + OPENS_TABS + html[at:]
