"""A merchant types her shop's address, and hears what to change where it can't be connected."""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.http import HttpClient
from core.network import within
from integrations.self_hosted import Problem
from integrations.woocommerce import profile
from integrations.woocommerce.probe import PROBED_WITHIN, Found, normalised, probe
from integrations.woocommerce.problems import PROBLEMS, problem
from tests.integrations.woocommerce.standing import Asked, Said, Store, html, refused, rest
from tests.support.certificates import make_authority


def index(store: Store, *namespaces: str, **more: object) -> Said:
    said = {
        "name": " Ana's Mugs ",
        "home": f"https://{store.domain}",
        "url": f"https://{store.domain}",
        "timezone_string": "Europe/Madrid",
        "namespaces": ["wp/v2", *namespaces],
    }
    return rest(said | more)


def word(outcome: Found | Problem) -> str:
    assert isinstance(outcome, Problem), outcome
    return outcome.word


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("shop.example", "shop.example"),
        ("  https://shop.example/  ", "shop.example"),
        ("http://Shop.Example", "shop.example"),
        ("HTTPS://SHOP.EXAMPLE/Store/", "shop.example/Store"),
        ("shop.example:443", "shop.example"),
        ("shop.example:80", "shop.example"),
        ("shop.example:8443/x", "shop.example:8443/x"),
        ("shop.example./", "shop.example"),
        ("https://shop.example/store//?utm=1", "shop.example/store"),
        ("müller.example", "xn--mller-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
    ],
)
def test_an_address_has_one_form(typed: str, domain: str) -> None:
    assert normalised(typed) == domain


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "not_an_address"),
        ("my shop", "not_an_address"),
        ("shop", "not_an_address"),
        ("ftp://shop.example", "not_an_address"),
        ("javascript://shop.example", "not_an_address"),
        ("https://", "not_an_address"),
        ("https://shop.example:port", "not_an_address"),
        ("https://" + "a" * 600 + ".example", "not_an_address"),
        ("https://ana:secret@shop.example", "has_credentials"),
        ("https://shop.example/#cart", "has_fragment"),
    ],
)
def test_what_is_no_address_is_refused_and_says_why(typed: str, why: str) -> None:
    assert word(normalised(typed)) == why  # type: ignore[arg-type]


def test_a_store_is_found(store: Store, client: HttpClient) -> None:
    store.says("/wp-json/", index(store, "wc/v3"))
    found = probe(client, f"http://{store.domain}/")
    assert found == Found(store.domain, "", "Ana's Mugs", "Europe/Madrid")
    assert all("authorization" not in asked.headers for asked in store.asked)


@pytest.mark.parametrize("page", ["wp-admin/admin.php?page=wc-settings", "wp-json/wc/v3", "wp-login.php"])
def test_a_page_of_the_shop_leads_to_its_home(store: Store, client: HttpClient, page: str) -> None:
    store.says("/wp-json/", index(store, "wc/v3"))
    found = probe(client, f"{store.domain}/{page}")
    assert isinstance(found, Found)
    assert found.domain == store.domain
    assert store.names() == ["GET /wp-json/"]


@pytest.mark.parametrize("page", ["product/blue-mug/", "tienda/tazas/azules/taza-azul", "shop"])
def test_a_page_under_any_name_leads_upwards(store: Store, client: HttpClient, page: str) -> None:
    """WordPress guesses what a wrong address means and leads on within itself."""
    store.says(f"/{page.strip('/')}/wp-json/", html(301, Location=f"/{page}"))
    store.says("/wp-json/", index(store, "wc/v3"))
    found = probe(client, f"{store.domain}/{page}")
    assert isinstance(found, Found)
    assert found.domain == store.domain


def test_a_store_in_a_folder_is_found_there(store: Store, client: HttpClient) -> None:
    store.says("/store/wp-json/", index(store, "wc/v3", home=f"https://{store.domain}/store"))
    found = probe(client, f"{store.domain}/store/product/mug")
    assert isinstance(found, Found)
    assert found.domain == f"{store.domain}/store"


def test_a_store_has_one_name_however_it_is_typed(store: Store, client: HttpClient) -> None:
    store.says("/Store/wp-json/", index(store, "wc/v3", home=f"http://{store.domain}/store/"))
    found = probe(client, f"{store.domain}/Store")
    assert isinstance(found, Found)
    assert found.domain == f"{store.domain}/store"


def test_a_store_without_rewriting_is_reached_through_its_index(store: Store, client: HttpClient) -> None:
    store.says("/index.php/wp-json/", index(store, "wc/v3"))
    found = probe(client, store.domain)
    assert isinstance(found, Found)
    assert found.entry == "index.php"


def test_plain_permalinks_are_named(store: Store, client: HttpClient) -> None:
    store.says("/", index(store, "wc/v3"))
    assert word(probe(client, store.domain)) == "plain_permalinks"


@pytest.mark.parametrize(
    ("namespaces", "why"),
    [([], "no_woocommerce"), (["wc/v1", "wc/v2"], "too_old"), (["wc/store"], "no_woocommerce")],
)
def test_a_wordpress_without_a_woocommerce_of_today_is_named(
    store: Store, client: HttpClient, namespaces: list[str], why: str
) -> None:
    store.says("/wp-json/", index(store, *namespaces))
    assert word(probe(client, store.domain)) == why


@pytest.mark.parametrize("said", [html(404), html(200), rest({"hello": "world"}), rest([]), rest({}, 404)])
def test_another_site_is_no_wordpress(store: Store, client: HttpClient, said: Said) -> None:
    for path in ("/wp-json/", "/index.php/wp-json/", "/"):
        store.says(path, said)
    assert word(probe(client, store.domain)) == "no_wordpress"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (html(503, Retry_After="600"), "maintenance"),
        (html(500), "maintenance"),
        (html(403), "blocked"),
        (html(429), "blocked"),
        (html(406), "blocked"),
        (refused("rest_not_logged_in", 401), "api_closed"),
        (refused("rest_cannot_access", 403), "api_closed"),
    ],
)
def test_who_stands_in_the_way_is_named(store: Store, client: HttpClient, said: Said, why: str) -> None:
    store.says("/wp-json/", said)
    assert word(probe(client, store.domain)) == why


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://www.shop.example/wp-json/", "https://www.shop.example"),
        ("https://www.shop.example/store/wp-json/?x=<b>", "https://www.shop.example/store"),
        ("//www.shop.example/", "https://www.shop.example"),
    ],
)
def test_a_redirect_is_named_and_not_followed(
    store: Store, client: HttpClient, location: str, named: str
) -> None:
    store.says("/wp-json/", html(301, Location=location))
    met = probe(client, store.domain)
    assert word(met) == "redirected"
    assert isinstance(met, Problem)
    assert named in met.english
    assert named in met.german
    assert len(store.asked) == 1


def test_a_site_that_calls_itself_otherwise_says_which_address_to_type(
    store: Store, client: HttpClient
) -> None:
    store.says("/wp-json/", index(store, "wc/v3", home="http://www.shop.example"))
    met = probe(client, store.domain)
    assert word(met) == "redirected"
    assert isinstance(met, Problem)
    assert "https://www.shop.example" in met.english


def test_a_shop_that_moved_into_a_folder_says_which(store: Store, client: HttpClient) -> None:
    store.says("/wp-json/", html(301, Location="/store/wp-json/"))
    met = probe(client, store.domain)
    assert isinstance(met, Problem)
    assert (met.word, met.address) == ("redirected", f"https://{store.domain}/store")


def test_a_redirect_back_to_http_means_that_https_is_missing(store: Store, client: HttpClient) -> None:
    store.says("/wp-json/", html(302, Location=f"http://{store.domain}/wp-json/"))
    assert word(probe(client, store.domain)) == "https_missing"


def test_a_certificate_nobody_vouches_for_is_named(store: Store) -> None:
    stranger = HttpClient(allow_private=True)
    assert word(probe(stranger, store.domain)) == "bad_certificate"
    stranger.close()


def test_a_certificate_of_another_name_is_named(tmp_path: Path) -> None:
    authority = make_authority("other.example")
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    (tmp_path / "host.pem").write_bytes(authority.host_chain)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "host.pem")
    store = Store(tls)
    client = HttpClient(allow_private=True, extra_ca_file=tmp_path / "ca.pem")
    assert word(probe(client, store.domain)) == "bad_certificate"
    client.close()
    store.close()


@pytest.fixture
def unprotected() -> Iterator[Store]:
    store = Store(None)
    yield store
    store.close()


def test_a_site_that_dawdles_is_left_in_time(
    store: Store, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve calls of half a minute each would hold a thread for six."""

    def dawdle(asked: Asked) -> Said:
        time.sleep(0.4)
        return html(404)

    monkeypatch.setattr(store, "answer", dawdle)
    began = time.monotonic()
    with within(1):
        assert word(probe(client, f"{store.domain}/a/b/c")) == "unreachable"
    assert time.monotonic() - began < 3
    assert PROBED_WITHIN <= 20


def test_ten_megabytes_of_crumbs_are_not_unpacked(store: Store, client: HttpClient) -> None:
    crumbs = rest({"namespaces": [{}] * 500_000})
    store.says("/wp-json/", crumbs)
    assert word(probe(client, store.domain)) == "no_wordpress"


@pytest.mark.parametrize(
    ("said", "name"),
    [("Mugs\r\nBcc: x@y.z", "Mugs Bcc: x@y.z"), ("a\0b", "ab"), ("a\ud800b", "a?b"), ("N" * 9000, "N" * 200)],
)
def test_whatever_a_site_calls_itself_can_be_kept_and_shown(
    store: Store, client: HttpClient, said: str, name: str
) -> None:
    store.says("/wp-json/", index(store, "wc/v3", name=said))
    found = probe(client, store.domain)
    assert isinstance(found, Found)
    assert found.name == name


def test_a_shop_without_https_is_told_to_get_it(unprotected: Store, client: HttpClient) -> None:
    unprotected.says("/", html(200))
    assert word(probe(client, unprotected.domain)) == "https_missing"


def test_where_nobody_is_the_address_is_named(unprotected: Store, client: HttpClient) -> None:
    unprotected.close()
    met = probe(client, unprotected.domain)
    assert word(met) == "unreachable"
    assert isinstance(met, Problem)
    assert unprotected.domain in met.english


@pytest.mark.parametrize(
    "typed", ["127.0.0.1", "localhost", "https://10.0.0.7/shop", "169.254.169.254", "[::1]"]
)
def test_nobody_leads_us_into_a_private_network(typed: str) -> None:
    client = HttpClient()
    assert word(probe(client, typed)) == "private_address"
    client.close()


@pytest.mark.parametrize("one", PROBLEMS, ids=lambda one: one.word)
def test_every_problem_is_told_in_both_languages(one: Problem) -> None:
    told = problem(one.word, "https://shop.example")
    assert told.english.endswith(".")
    assert told.german.endswith(".")
    assert told.english != told.german
    assert ("{address}" in one.english) == ("{address}" in one.german)


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ({"timezone_string": "Europe/Berlin", "gmt_offset": 1}, "Europe/Berlin"),
        ({"timezone_string": "", "gmt_offset": 2}, "Etc/GMT-2"),
        ({"timezone_string": "", "gmt_offset": "-5"}, "Etc/GMT+5"),
        ({"timezone_string": "Nowhere/../etc"}, "UTC"),
        ({"gmt_offset": "x"}, "UTC"),
        ({}, "UTC"),
    ],
)
def test_a_site_with_a_bare_offset_has_a_zone_too(said: dict[str, object], zone: str) -> None:
    assert profile.timezone(said) == zone


@pytest.mark.parametrize(
    ("version", "old"),
    [("5.7.1", True), ("5.8.0", False), ("9.9.5", False), ("10.0", False), ("", False), ("x.y", False)],
)
def test_a_version_is_old_or_not(version: str, old: bool) -> None:
    assert profile.is_too_old(version) is old
