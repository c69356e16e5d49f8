"""What an operator types, and what production does not offer."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from app import HERE, build, create_app
from core.config import read_config
from core.db import connect, reading
from core.models.tables import connections, merchants, settings_versions
from core.vault import Vault, new_key
from tests.support.kontor import development
from web import commands
from web.commands import Program

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "KONTOR_ENV": "development",
        "DATABASE_URL": f"sqlite:///{tmp_path}/kontor.db",
        "QUEUE_FILE": f"{tmp_path}/queue.db",
        "PATH": "/usr/bin:/bin",
    }


@pytest.fixture
def production(settings: dict[str, str]) -> dict[str, str]:
    """Everything an operator must set, and a database that need not answer."""
    return settings | {
        "KONTOR_ENV": "production",
        "APP_URL": "https://kontor.example",
        "SECRET_KEY": "s" * 40,
        "DATA_KEYS": new_key(),
        "ADDRESS_KEY": "a" * 40,
        "REDIS_URL": "redis://127.0.0.1:1",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "MAIL_FROM": "shop@kontor.example",
        "OPERATOR_NAME": "Kontor GmbH",
        "OPERATOR_EMAIL": "us@kontor.example",
        "OPERATOR_ADDRESS": "Hafenstr. 1, 20457 Hamburg",
        "SUB_PROCESSORS": "none",
        "SHOPIFY_CLIENT_ID": "our-client-id",
        "SHOPIFY_CLIENT_SECRETS": "a-real-secret",
    }


def typed(settings: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """The command as it is typed, in a process of its own."""
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py"), *words],
        cwd=ROOT, env=settings, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def said(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    """The same in this process: its status, what it said, what it complained of."""
    monkeypatch.setattr(commands, "read_config", lambda: read_config(settings))
    status = commands.main(Program(HERE, build), words)
    told = capsys.readouterr()
    return status, told.out, told.err


@pytest.fixture
def say(
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> "Say":
    return Say(settings, monkeypatch, capsys)


class Say:
    """Type commands against one database."""

    def __init__(
        self, settings: dict[str, str], patch: pytest.MonkeyPatch, heard: pytest.CaptureFixture[str]
    ) -> None:
        self.settings, self._patch, self._heard = settings, patch, heard

    def __call__(self, *words: str) -> tuple[int, str, str]:
        return said(self.settings, self._patch, self._heard, *words)


def test_migrate_makes_the_tables_and_may_be_repeated(settings: dict[str, str]) -> None:
    for _ in range(2):
        done = typed(settings, "migrate")
        assert done.returncode == 0, done.stderr
    engine = connect(settings["DATABASE_URL"])
    assert "enrolments" in inspect(engine).get_table_names()
    engine.dispose()


def test_new_key_prints_a_key_that_is_one(say: Say) -> None:
    keys = {say("new-key")[1].strip() for _ in range(2)}
    assert len(keys) == 2
    assert all(Vault([key], "a" * 32) for key in keys)


@pytest.mark.parametrize("words", [(), ("fly",), ("merchant-add", "magento"), ("replay",)])
def test_what_is_no_command_is_answered_with_how_to_use_them(say: Say, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        say(*words)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("words", "mode", "policy"),
    [
        (("shopify", "--live", "--policy", "platform"), "live", "platform"),
        (("woocommerce", "--live", "--policy", "existing_customers"), "live", "existing_customers"),
        (("woocommerce",), "shadow", "opted_in"),
    ],
)
def test_merchant_add_writes_a_merchant_as_if_a_shop_were_connected(
    say: Say, sqlite_url: str, words: tuple[str, ...], mode: str, policy: str
) -> None:
    status, told, _ = say("merchant-add", *words)
    assert status == 0
    lines = dict(line.split(maxsplit=1) for line in told.splitlines())
    engine = connect(sqlite_url)
    with reading(engine) as session:
        merchant = session.execute(select(merchants)).one()
        connection = session.execute(select(connections)).one()
        saved = {row.scope: row for row in session.execute(select(settings_versions))}
    engine.dispose()
    assert lines["merchant"] == merchant.key
    assert lines["activity"] == f"http://localhost:8000/dev/sign-in/{merchant.key}"
    assert (saved["cart_recovery"].mode, saved["shop"].data["consent_policy"]) == (mode, policy)
    assert connection.platform == merchant.platform == words[0]
    if words[0] == "shopify":
        assert (connection.shop_id, connection.webhook_secret) == ("548380009", None)
    else:
        assert lines["webhooks"].endswith(f"/webhooks/woocommerce/{connection.address}")
        assert lines["secret"].encode() not in connection.webhook_secret


def test_the_platforms_own_word_on_consent_exists_for_shopify_alone(say: Say, sqlite_url: str) -> None:
    status, _, complaint = say("merchant-add", "woocommerce", "--policy", "platform")
    assert status == 2
    assert "shopify" in complaint


def test_rotate_keys_seals_anew_and_says_how_much(say: Say, sqlite_url: str) -> None:
    say("merchant-add", "woocommerce")
    old = development(Path(), sqlite_url).data_keys[0]
    say.settings |= {"DATA_KEYS": f"{new_key()} {old}"}
    assert say("rotate-keys")[:2] == (0, "1 values sealed anew with the newest key.\n")
    assert say("rotate-keys")[:2] == (0, "0 values sealed anew with the newest key.\n")


def test_rotate_keys_warns_of_what_no_key_opens(say: Say, sqlite_url: str) -> None:
    say("merchant-add", "woocommerce")
    say.settings |= {"DATA_KEYS": new_key()}
    status, _, complaint = say("rotate-keys")
    assert status == 1
    assert "keep the old keys" in complaint


def test_with_all_settings_given_production_starts_without_sandbox(production: dict[str, str]) -> None:
    app = create_app(read_config(production))
    client = app.test_client()
    assert client.get("/", base_url="https://kontor.example").status_code == 200
    for path in ("/sandbox", "/sandbox/cart/x", "/dev/sign-in/x"):
        assert client.get(path, base_url="https://kontor.example").status_code == 404, path
    for path in ("/sandbox/clock", "/sandbox/reset", "/sandbox/cart/add"):
        assert client.post(path, base_url="https://kontor.example").status_code in (400, 404), path
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/sandbox")]
    assert app.config["SESSION_COOKIE_SECURE"] is True
    app.extensions["kontor"].db.dispose()


@pytest.mark.parametrize("words", [("merchant-add", "shopify"), ("replay", "x.json", "--sign")])
def test_production_knows_no_commands_of_development(
    say: Say, production: dict[str, str], words: tuple[str, ...]
) -> None:
    say.settings = production
    status, told, complaint = say(*words)
    assert (status, told) == (2, "")
    assert "development only" in complaint
