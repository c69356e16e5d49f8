"""The security headers of every answer."""

from flask import Flask, Response, request

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


def install(app: Flask) -> None:
    app.after_request(_add)


def _add(response: Response) -> Response:
    """A view's own header wins."""
    headers = {
        "Content-Security-Policy": PAGE_POLICY,
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
