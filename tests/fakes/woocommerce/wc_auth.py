"""The pages on which an owner lets an app in, and the keys being handed over."""

import html
import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote_plus, urlencode, urlsplit, urlunsplit

from tests.fakes.woocommerce.messages import Reply, Request, encoded, page, redirect
from tests.fakes.woocommerce.office import Office
from tests.fakes.woocommerce.records import Key, User

WANTED = ("app_name", "user_id", "return_url", "callback_url", "scope")
SCOPES = {"read": "Read", "write": "Write", "read_write": "Read/Write"}
COOKIE = "wordpress_logged_in"
CALLBACK_SECONDS = 60.0
MAY = (
    "Create webhooks",
    "View and manage coupons",
    "View and manage customers",
    "View and manage orders and sales reports",
    "View and manage products",
)


class Denied(Exception):
    """Ends in the page "Access denied", status 401."""


class Auth:
    def __init__(self, shop: Office) -> None:
        self.shop = shop
        self.sessions: dict[str, int] = {}
        self.nonces: set[str] = set()

    def answer(self, request: Request, route: str) -> Reply:
        try:
            return self._answer(request, route)
        except Denied as error:
            return page("Access denied", f"<p>Error: {html.escape(str(error))}.</p>", 401)

    def _answer(self, request: Request, route: str) -> Reply:
        given = dict(request.pairs)
        _validate(given)
        user = self._user(request)
        if route == "login" and request.method == "POST":
            return self._log_in(request, given)
        if route == "login" and user is None:
            return self._login_page(given)
        if route in ("login", "authorize") and (user is None) == (route == "authorize"):
            return redirect(self._url(given, "login" if user is None else "authorize"))
        if user is None or not user.manages or route not in ("authorize", "access_granted"):
            raise Denied("You do not have permission to access this page")
        if route == "authorize":
            return self._consent_page(given, user)
        return self._grant(request, given, user)

    def _user(self, request: Request) -> User | None:
        return self.user(request.headers)

    def user(self, headers: Mapping[str, str]) -> User | None:
        """Who is signed in, as the cookie says."""
        cookies = re.findall(rf"{COOKIE}=([A-Za-z0-9_-]+)", headers.get("cookie", ""))
        users = self.shop.memory.users
        known = [self.sessions[one] for one in cookies if one in self.sessions]
        return next((users[one] for one in known if one in users), None)

    def _log_in(self, request: Request, given: dict[str, str]) -> Reply:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        for user in self.shop.memory.users.values():
            named = form.get("username") in (user.login, user.email)
            if named and user.password and form.get("password") == user.password:
                session = secrets.token_urlsafe(24)
                self.sessions[session] = user.id
                secure = "" if self.shop.site.plain_http else "; Secure"
                cookie = f"{COOKIE}={session}; Path={self.shop.site.path}/; HttpOnly{secure}"
                return redirect(self._url(given, "authorize"), [("Set-Cookie", cookie)])
        return self._login_page(given, "<p role='alert'>The username or the password is wrong.</p>")

    def _login_page(self, given: dict[str, str], notice: str = "") -> Reply:
        app = html.escape(_clean(given["app_name"]))
        back = html.escape(_with_answer(given, 0))
        content = (
            f"<h1>{app} would like to connect to your store</h1>{notice}"
            f"<p>You need to be logged in. <a href='{back}'>Cancel and return to {app}</a></p>"
            "<form method='post' class='wc-auth-login'>"
            "<label for='username'>Username or email address</label>"
            "<input type='text' name='username' id='username'>"
            "<label for='password'>Password</label>"
            "<input type='password' name='password' id='password'>"
            "<button type='submit' name='login' value='Login'>Login</button></form>"
        )
        return page("Login", content)

    def _consent_page(self, given: dict[str, str], user: User) -> Reply:
        """Both answers are links; the one that grants carries a nonce that may be used again."""
        nonce = secrets.token_hex(5)
        self.nonces.add(nonce)
        app, scope = html.escape(_clean(given["app_name"])), SCOPES[given["scope"]]
        granted = html.escape(f"{self._url(given, 'access_granted')}&wc_auth_nonce={nonce}")
        denied = html.escape(_with_answer(given, 0))
        may = "".join(f"<li>{one}</li>" for one in MAY)
        content = (
            f"<h1>{app} would like to connect to your store</h1>"
            f'<p>This will give "<strong>{app}</strong>" <strong>{scope}</strong> access:</p><ul>{may}</ul>'
            f"<p>Logged in as {html.escape(user.login)}</p><p class='wc-auth-actions'>"
            f"<a href='{granted}' class='button wc-auth-approve'>Approve</a> "
            f"<a href='{denied}' class='button wc-auth-deny'>Deny</a></p>"
        )
        return page("Application authentication request", content)

    def _grant(self, request: Request, given: dict[str, str], user: User) -> Reply:
        """The shop's server hands the keys over; only exactly 200 lets them live."""
        if given.get("wc_auth_nonce") not in self.nonces:
            raise Denied("Invalid nonce verification")
        key = self.new_key(user.id, _clean(given["app_name"]), given["scope"])
        answer = self.shop.hooks.remote.post(
            _formatted(given["callback_url"]), *self._hand_over(key, given), CALLBACK_SECONDS, follow=True
        )
        if answer.status == 200:
            return redirect(_with_answer(given, 1))
        with self.shop.memory.lock:
            self.shop.memory.keys.pop(key.id, None)
        failed = "An error occurred in the request and at the time were unable to send the consumer data"
        raise Denied(failed if answer.status else answer.why.rstrip("."))

    def _hand_over(self, key: Key, given: dict[str, str]) -> tuple[tuple[tuple[str, str], ...], bytes]:
        told = {
            "key_id": key.id,
            "user_id": given["user_id"] and _clean(given["user_id"]),
            "consumer_key": key.consumer_key,
            "consumer_secret": key.consumer_secret,
            "key_permissions": key.permissions,
        }
        body, site = encoded(told), self.shop.site
        headers = (
            ("User-Agent", f"WordPress/{site.wordpress}; {site.home}"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "deflate, gzip, br, zstd"),
            ("Content-Type", "application/json;charset=UTF-8"),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
        )
        return headers, body

    def new_key(self, user_id: int, description: str, permissions: str) -> Key:
        memory = self.shop.memory
        names = (f"{kind}_{secrets.token_hex(20)}" for kind in ("ck", "cs"))
        with memory.lock:
            key = Key(next(memory.key_ids), user_id, description, permissions, *names)
            memory.keys[key.id] = key
        return key

    def _url(self, given: dict[str, str], route: str) -> str:
        """Each step decodes the two addresses once more and encodes them again."""
        kept = {
            "app_name": _clean(given["app_name"]),
            "user_id": _clean(given["user_id"]),
            "return_url": _formatted(given["return_url"]),
            "callback_url": _formatted(given["callback_url"]),
            "scope": given["scope"],
        }
        return f"{self.shop.site.home}/wc-auth/v1/{route}/?{urlencode(kept, quote_via=quote, safe='')}"


def _validate(given: dict[str, str]) -> None:
    for name in WANTED:
        if not given.get(name):
            raise Denied(f"Missing parameter {name}")
    if given["scope"] not in SCOPES:
        raise Denied(f"Invalid scope {_clean(given['scope'])}")
    for name in ("return_url", "callback_url"):
        url = _formatted(given[name])
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9.\[\]:@_-]+([/?#][!-~]*)?", url):
            raise Denied(f"The {url} is not a valid URL")
    if not _formatted(given["callback_url"]).lower().startswith("https://"):
        raise Denied("The callback_url needs to be over SSL")


def _formatted(url: str) -> str:
    """Decoded a second time; without a scheme it is taken for https."""
    decoded = unquote_plus(url)
    return decoded if "://" in decoded else f"https://{decoded}"


def _clean(text: str) -> str:
    """As WordPress cleans a line of text: no tags, no percent codes, single blanks."""
    plain = re.sub(r"%[a-fA-F0-9]{2}", "", re.sub(r"<[^>]*>", "", text))
    return " ".join(plain.split())


def _with_answer(given: dict[str, str], success: int) -> str:
    """What the address asks already is kept."""
    parts = urlsplit(_formatted(given["return_url"]))
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    asked.update(success=str(success), user_id=_clean(given["user_id"]))
    return urlunsplit(parts._replace(query=urlencode(asked, safe="~")))
