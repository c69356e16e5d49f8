"""The settings and commands of fake shops: what they tell, and whom they refuse."""

import ssl
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.config import ConfigError, read_config
from core.db import connect, reading, transaction
from core.models.tables import connections, merchants
from core.network import elsewhere
from tests.web.test_commands import Say, production, say, settings
from web.fakes import authority

__all__ = ["production", "say", "settings"]


def told_settings(say: Say, folder: Path) -> dict[str, str]:
    status, told, _ = say("fake-settings", "--folder", str(folder))
    assert status == 0
    return dict(line.split("=", 1) for line in told.splitlines() if not line.startswith("#"))


def test_the_settings_told_are_settings_and_trust_one_certificate(say: Say, tmp_path: Path) -> None:
    told = told_settings(say, tmp_path / "fakes")
    config = read_config(told)
    assert config.app_url == "https://localhost:8443"
    assert config.extra_ca_file is not None
    ssl.create_default_context(cafile=config.extra_ca_file)
    assert {path.name for path in (tmp_path / "fakes").iterdir()} == {"authority.pem", "host.pem"}
    assert "PRIVATE" not in config.extra_ca_file.read_text()


def test_told_again_the_authority_stays(say: Say, tmp_path: Path) -> None:
    told_settings(say, tmp_path)
    before = (tmp_path / authority.HOST).read_bytes()
    told_settings(say, tmp_path)
    assert (tmp_path / authority.HOST).read_bytes() == before


def test_production_refuses_the_table_and_the_commands(say: Say, production: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="DEVELOPMENT_HOSTS"):
        read_config(production | {"DEVELOPMENT_HOSTS": "*.myshopify.com=127.0.0.1:9443"})
    say.settings = production
    for words in (("fake-settings",), ("connect-fake", "shopify"), ("forward", "1h")):
        status, told, complaint = say(*words)
        assert (status, told) == (2, "")
        assert "development only" in complaint


@pytest.mark.parametrize("table", ["*.myshopify.com", "x=y", "a=b:c", "=127.0.0.1:1"])
def test_a_table_that_is_none_ends_the_start(table: str) -> None:
    with pytest.raises(ConfigError, match="DEVELOPMENT_HOSTS"):
        read_config({"DEVELOPMENT_HOSTS": table})


def test_the_table_leads_only_what_it_names_elsewhere() -> None:
    table = ("*.myshopify.com=127.0.0.1:9443", "shop.example=127.0.0.2:1")
    assert elsewhere(table, "beans.myshopify.com", 443) == ("127.0.0.1", 9443)
    assert elsewhere(table, "shop.example", 443) == ("127.0.0.2", 1)
    for host in ("myshopify.com", "a.b.myshopify.com", "evilmyshopify.com", "www.shop.example"):
        assert elsewhere(table, host, 443) == (host, 443)


def test_without_the_settings_it_says_how_to_get_them(say: Say, sqlite_url: str) -> None:
    status, _, complaint = say("connect-fake", "shopify")
    assert status == 1
    assert "fake-settings >> .env" in complaint


def test_the_platforms_own_word_on_consent_exists_for_shopify_alone(say: Say, sqlite_url: str) -> None:
    status, _, complaint = say("connect-fake", "woocommerce", "--policy", "platform")
    assert status == 2
    assert "shopify" in complaint


@pytest.mark.parametrize("span", ["", "1", "h", "0h", "-1h", "1w", "1.5h", "99999d"])
def test_a_span_that_is_none_is_answered_with_how_to_write_it(say: Say, span: str) -> None:
    with pytest.raises(SystemExit):
        say("forward", span)


def test_a_stand_ins_clock_is_moved(say: Say, sqlite_url: str) -> None:
    say("merchant-add", "shopify")
    engine = connect(sqlite_url)
    # Nobody works here, so the clock is where a worker would have taken it.
    status, _, complaint = say("forward", "1h", "--wait", "0")
    with reading(engine) as session:
        target = session.execute(select(merchants.c.clock_target)).scalar_one()
    engine.dispose()
    assert status == 1
    assert "make run" in complaint
    assert target is not None


def test_a_real_shops_clock_is_never_moved(say: Say, sqlite_url: str) -> None:
    say("merchant-add", "shopify")
    engine = connect(sqlite_url)
    with transaction(engine) as session:
        session.execute(update(connections).values(token=b"of a real shop"))
    status, _, complaint = say("forward", "1h")
    with reading(engine) as session:
        assert session.execute(select(merchants.c.clock_target)).scalar_one() is None
    engine.dispose()
    assert status == 1
    assert "not moved" in complaint
