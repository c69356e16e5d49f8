"""The security headers of every answer."""

from flask import Flask, Response, request

from web import frame

# Nothing is fetched from anywhere else, and no script runs at all.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail brings its own styles and its shop's pictures; its links open a new
# tab, and nothing in it can run, ask or post.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
NO_FRAME, OWN_FRAME = "frame-ancestors 'none'", "frame-ancestors 'self'"


def install(app: Flask) -> None:
    app.after_request(_add)


def page_policy() -> str:
    """A page in an admin's frame is framed by this shop's admin alone, and runs its script and ours."""
    inside = frame.framed()
    if inside is None:
        return PAGE_POLICY
    runs = f"script-src 'self' {inside.admin.scripts}; connect-src 'self'; {inside.ancestors}"
    return PAGE_POLICY.replace(NO_FRAME, runs)


def mail_policy() -> str:
    """A mail is shown in a page of ours, and inside an admin that page is in a frame itself."""
    inside = frame.framed()
    own = inside.ancestors.replace("frame-ancestors", OWN_FRAME) if inside else OWN_FRAME
    return MAIL_POLICY.replace(OWN_FRAME, own)


def _add(response: Response) -> Response:
    """A view's own header wins."""
    headers = {
        "Content-Security-Policy": page_policy(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
        "Cross-Origin-Resource-Policy": "cross-origin" if request.endpoint == "static" else "same-origin",
    }
    if request.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    for name, value in headers.items():
        if name not in response.headers:
            response.headers[name] = value
    return response
