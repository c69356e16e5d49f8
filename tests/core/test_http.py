"""Calls to shops: what came back is sorted by what happens next, and nobody leads us astray."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core import clock
from core.config import read_config
from core.errors import InDoubt, KontorError, NeedsMerchant, Permanent, Retryable
from core.http import HttpClient
from core.network import is_public, within
from tests.support.certificates import Authority, make_authority

Say = Callable[[BaseHTTPRequestHandler], None]


class Shop:
    """A real server; `say` is what it does with a request, `heard` what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.say: Say = answering(200, b"{}")
        self.heard: list[BaseHTTPRequestHandler] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                shop.heard.append(self)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                shop.say(self)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        return Handler

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def answering(status: int, body: bytes = b"", **headers: str) -> Say:
    def say(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return say


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    client = HttpClient(allow_private=True, max_bytes=10_000)
    yield client
    client.close()


def test_a_shop_answers_and_is_understood(shop: Shop, client: HttpClient) -> None:
    shop.say = answering(200, b'{"orders": 3}', X_WP_TotalPages="2")
    reply = client.send("GET", f"{shop.url}/orders", params={"after": "2026-11-01 08:00"})
    assert reply.json() == {"orders": 3}
    assert reply.headers["x-wp-totalpages"] == "2"
    assert shop.heard[0].path == "/orders?after=2026-11-01+08%3A00"


def test_a_body_is_sent_as_json(shop: Shop, client: HttpClient) -> None:
    client.send("POST", shop.url, json={"code": "COMEBACK"}, headers={"X-Token": "abc"})
    assert shop.heard[0].headers["Content-Type"] == "application/json"
    assert shop.heard[0].headers["X-Token"] == "abc"


@pytest.mark.parametrize(
    ("status", "asking", "changing"),
    [
        (301, Permanent, Permanent),
        (400, Permanent, Permanent),
        (401, NeedsMerchant, NeedsMerchant),
        (403, NeedsMerchant, NeedsMerchant),
        (404, Permanent, Permanent),
        (408, Retryable, Retryable),
        (422, Permanent, Permanent),
        (429, Retryable, Retryable),
        (500, Retryable, InDoubt),
        (502, Retryable, InDoubt),
        (503, Retryable, Retryable),
        (504, Retryable, InDoubt),
    ],
)
def test_each_refusal_says_what_happens_next(
    shop: Shop, client: HttpClient, status: int, asking: type[KontorError], changing: type[KontorError]
) -> None:
    shop.say = answering(status)
    with pytest.raises(asking):
        client.send("GET", shop.url)
    with pytest.raises(changing):
        client.send("POST", shop.url)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 429, 500, 503])
def test_what_was_said_with_a_refusal_is_kept_in_part_and_never_told(
    shop: Shop, client: HttpClient, status: int
) -> None:
    shop.say = answering(status, b"ana@example.test" * 500, Location="https://other.example/")
    with pytest.raises(KontorError) as refused:
        client.send("GET", shop.url)
    refusal = refused.value.refusal
    assert refusal is not None
    assert (refusal.status, refusal.headers["location"]) == (status, "https://other.example/")
    assert refusal.body.startswith(b"ana@")
    assert "ana" not in f"{refused.value!r} {refusal!r}"


def test_only_the_beginning_of_a_long_refusal_is_kept(shop: Shop) -> None:
    shop.say = answering(400, b"x" * 200_000)
    roomy = HttpClient(allow_private=True)
    with pytest.raises(Permanent) as refused:
        roomy.send("GET", shop.url)
    roomy.close()
    assert refused.value.refusal
    assert len(refused.value.refusal.body) == 64 * 1024


def test_a_post_that_only_asks_is_never_in_doubt(shop: Shop, client: HttpClient) -> None:
    shop.say = answering(500)
    with pytest.raises(Retryable):
        client.send("POST", shop.url, changes=False)


@pytest.mark.parametrize(
    ("said", "after"),
    [
        ("7", timedelta(seconds=7)),
        ("2.5", timedelta(seconds=2.5)),
        ("99999999", timedelta(days=1)),
        ("9e999", None),
        ("-3", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_busy_shop_says_when_to_come_back(
    shop: Shop, client: HttpClient, said: str, after: timedelta | None
) -> None:
    shop.say = answering(429, Retry_After=said)
    with pytest.raises(Retryable) as caught:
        client.send("GET", shop.url)
    assert caught.value.after == after


def test_a_busy_shop_may_also_name_a_date(shop: Shop, client: HttpClient) -> None:
    shop.say = answering(503, Retry_After=format_datetime(clock.now() + timedelta(minutes=5), usegmt=False))
    with pytest.raises(Retryable) as caught:
        client.send("GET", shop.url)
    assert caught.value.after is not None
    assert timedelta(minutes=4) < caught.value.after <= timedelta(minutes=5)


def test_a_header_that_would_break_the_request_is_never_sent(shop: Shop, client: HttpClient) -> None:
    with pytest.raises(Permanent):
        client.send("POST", shop.url, headers={"X-Token": "abc\r\nX-Other: smuggled"})
    assert shop.heard == []


def test_a_redirect_is_not_followed(shop: Shop, client: HttpClient) -> None:
    shop.say = answering(302, Location=f"{shop.url}/elsewhere")
    with pytest.raises(Permanent):
        client.send("GET", shop.url)
    assert len(shop.heard) == 1


def test_a_cookie_of_one_call_is_not_sent_with_the_next(shop: Shop, client: HttpClient) -> None:
    shop.say = answering(200, Set_Cookie="session=of-another-merchant")
    client.send("GET", shop.url)
    client.send("GET", shop.url)
    assert "Cookie" not in shop.heard[1].headers


def test_a_proxy_of_the_environment_is_not_used(
    shop: Shop, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert client.send("GET", shop.url).status == 200


def test_an_answer_too_large_is_not_read_to_its_end(shop: Shop, client: HttpClient) -> None:
    shop.say = answering(200, b"x" * 10_001)
    with pytest.raises(Retryable):
        client.send("GET", shop.url)
    with pytest.raises(InDoubt):
        client.send("POST", shop.url)


def test_a_packed_answer_is_not_unpacked(shop: Shop, client: HttpClient) -> None:
    shop.say = answering(200, b"\x1f\x8b", Content_Encoding="gzip")
    with pytest.raises(Retryable):
        client.send("GET", shop.url)
    assert shop.heard[0].headers["Accept-Encoding"] == "identity"


def test_a_line_that_breaks_leaves_a_change_in_doubt(shop: Shop, client: HttpClient) -> None:
    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)

    shop.say = hang_up
    with pytest.raises(Retryable):
        client.send("GET", shop.url)
    with pytest.raises(InDoubt):
        client.send("POST", shop.url)


def test_a_shop_that_drips_is_left_in_time(shop: Shop, client: HttpClient) -> None:
    gone = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
        while not gone.wait(0.05):
            handler.wfile.write(b"x")

    shop.say = drip
    began = time.monotonic()
    with pytest.raises(Retryable):
        client.send("GET", shop.url, seconds=0.4)
    gone.set()
    assert time.monotonic() - began < 5


def test_many_calls_can_be_given_one_end(shop: Shop, client: HttpClient) -> None:
    """However long each may take: somebody waits for all of them."""

    def dawdle(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.2)
        answering(200)(handler)

    shop.say = dawdle
    began = time.monotonic()
    with within(0.5), pytest.raises(Retryable):
        list(iter(lambda: client.send("GET", shop.url, seconds=30), None))
    assert len(shop.heard) > 1
    assert time.monotonic() - began < 3
    client.send("GET", shop.url)


def test_a_shop_nobody_is_at_may_be_called_again_later(shop: Shop, client: HttpClient) -> None:
    shop.close()
    with pytest.raises(Retryable):
        client.send("POST", shop.url)


def test_a_name_nobody_knows_may_be_called_again_later() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such host")

    with pytest.raises(Retryable):
        HttpClient(resolve=unknown).send("POST", "https://shop.example")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1",
        "http://localhost",
        "http://0x7f.1",
        "http://2130706433",
        "http://[::1]",
        "http://[::ffff:10.0.0.1]",
        "http://169.254.169.254/latest/meta-data",
        "https://10.1.2.3",
        "https://192.168.1.1",
        "https://shop.example:8443",
        "http://shop.example:22",
        "ftp://shop.example",
        "file:///etc/passwd",
        "not an address",
        "https://",
        "",
    ],
)
def test_nobody_leads_us_into_a_private_network(url: str) -> None:
    with pytest.raises(Permanent):
        HttpClient().send("GET", url)


def test_a_public_name_with_a_private_address_is_not_called(shop: Shop) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with pytest.raises(Permanent):
        HttpClient(resolve=rebinding).send("GET", "http://shop.example")
    assert asked == ["shop.example"]
    assert shop.heard == []


def test_the_address_that_was_checked_is_the_one_called(shop: Shop) -> None:
    answers = iter([["127.0.0.1"], ["192.0.2.1"]])
    client = HttpClient(allow_private=True, resolve=lambda host, port: next(answers))
    client.send("GET", f"http://shop.example:{shop.port}/")
    assert shop.heard[0].headers["Host"] == f"shop.example:{shop.port}"
    assert next(answers) == ["192.0.2.1"]
    client.close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("198.18.0.1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:93.184.215.14", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("ff0e::1", False),
    ],
)
def test_public_means_reached_by_the_whole_world(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_authority("shop.example")


@pytest.fixture
def tls_shop(authority: Authority, tmp_path: Path) -> Iterator[Shop]:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(authority.host_chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    shop = Shop(context)
    yield shop
    shop.close()


def tls_client(ca_file: Path | None) -> HttpClient:
    return HttpClient(allow_private=True, extra_ca_file=ca_file, resolve=lambda host, port: ["127.0.0.1"])


def test_a_further_authority_can_be_trusted(tls_shop: Shop, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    client = tls_client(tmp_path / "ca.pem")
    assert client.send("GET", f"https://shop.example:{tls_shop.port}/").status == 200
    with pytest.raises(Retryable):
        client.send("GET", f"https://other.example:{tls_shop.port}/")
    client.close()


def test_without_it_an_unknown_certificate_is_refused(tls_shop: Shop) -> None:
    with pytest.raises(Retryable):
        tls_client(None).send("POST", f"https://shop.example:{tls_shop.port}/")
    assert tls_shop.heard == []


def test_the_configuration_decides_how_strict_it_is(shop: Shop) -> None:
    with pytest.raises(Permanent):
        HttpClient.of(read_config({})).send("GET", shop.url)
    client = HttpClient.of(read_config({"ALLOW_PRIVATE_SHOPS": "1"}))
    assert client.send("GET", shop.url).status == 200
    client.close()
