"""The start: a bad value ends it and says its name, what was expected and where to set it."""

import pytest

from core.config import (
    DEVELOPMENT_DATA_KEY,
    DEVELOPMENT_SECRET,
    NEEDED_IN_PRODUCTION,
    Config,
    ConfigError,
    read_config,
)

OWN_KEY = "dGhpcyBpcyBhIGtleSBvZiAzMiBieXRlcyBvZiBvdXI="
HOSTED = {
    "KONTOR_ENV": "production",
    "APP_URL": "https://kontor.example",
    "SECRET_KEY": "s" * 32,
    "DATA_KEYS": OWN_KEY,
    "ADDRESS_KEY": "a" * 32,
    "DATABASE_URL": "postgres://kontor:pa55@db.example/kontor",
    "REDIS_URL": "rediss://redis.example",
    "SMTP_URL": "smtps://kontor:pa55@mail.example:465",
    "MAIL_FROM": "shop@kontor.example",
    "OPERATOR_NAME": "Kontor GmbH",
    "OPERATOR_EMAIL": "hello@kontor.example",
    "OPERATOR_ADDRESS": "Hafenstr. 1, 20457 Hamburg, Germany",
    "SUB_PROCESSORS": "Host Ltd - hosting - Ireland; Mail GmbH - sending mail - Germany",
    "SHOPIFY_CLIENT_ID": "our-client-id",
    "SHOPIFY_CLIENT_SECRETS": "new-secret old-secret",
}


def told(environment: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(environment)
    return str(caught.value)


def test_a_newcomer_needs_to_set_nothing() -> None:
    config = read_config({})
    assert not config.production
    assert config.sandbox_shown
    assert config.sqlalchemy_url == "sqlite:///var/kontor.db"


def test_a_complete_environment_is_production() -> None:
    config = read_config(HOSTED)
    assert config.production
    assert not config.sandbox_shown
    assert config.sqlalchemy_url == "postgresql+psycopg://kontor:pa55@db.example/kontor"
    assert config.shopify_client_secrets == ("new-secret", "old-secret")


@pytest.mark.parametrize("name", [name.upper() for name in NEEDED_IN_PRODUCTION])
def test_no_development_default_is_ever_hosted(name: str) -> None:
    said = told({key: value for key, value in HOSTED.items() if key != name})
    assert f"{name} is missing" in said
    assert ".env.example" in said
    assert said.count("  - ") == 1
    assert f"{name} is missing" in told(HOSTED | {name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", DEVELOPMENT_SECRET),
        ("ADDRESS_KEY", DEVELOPMENT_SECRET),
        ("DATA_KEYS", f"{OWN_KEY} {DEVELOPMENT_DATA_KEY}"),
        ("SHOPIFY_CLIENT_SECRETS", "real development-shopify-client-secret"),
        ("OPERATOR_NAME", "Kontor (development)"),
    ],
)
def test_nor_when_it_is_written_out(name: str, value: str) -> None:
    assert name in told(HOSTED | {name: value})


def test_everything_that_is_missing_is_said_at_once() -> None:
    said = told({"KONTOR_ENV": "production"})
    assert all(name.upper() in said for name in NEEDED_IN_PRODUCTION)


@pytest.mark.parametrize("sign", ["DYNO", "DATABASE_URL", "REDIS_URL"])
def test_where_it_looks_hosted_the_environment_must_be_named(sign: str) -> None:
    said = told({sign: HOSTED.get(sign, "web.1")})
    assert "KONTOR_ENV is missing" in said
    assert sign in said
    assert "production or development" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KONTOR_ENV", "staging"),
        ("APP_URL", "kontor.example"),
        ("APP_URL", "https://kontor.example/"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("SECRET_KEY", "short"),
        ("DATA_KEYS", "not-base64"),
        ("DATA_KEYS", "c2hvcnQ="),
        ("DATA_KEYS", "   "),
        ("DATABASE_URL", "mysql://db.example/kontor"),
        ("REDIS_URL", "localhost:6379"),
        ("SMTP_URL", "mail.example"),
        ("SMTP_STARTTLS", "maybe"),
        ("MAIL_FROM", "shop at kontor"),
        ("WORKER_THREADS", "0"),
        ("SANDBOX", "perhaps"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_malformed_value_is_named_but_not_repeated(name: str, value: str) -> None:
    said = told({"KONTOR_ENV": "development", name: value})
    assert f"{name} is malformed. Expected: {Config.model_fields[name.lower()].description}." in said
    assert value not in said.replace("Expected: smtp[s]://user:password@host:port", "")


def test_private_shops_are_for_development_only() -> None:
    assert read_config({"ALLOW_PRIVATE_SHOPS": "1"}).allow_private_shops
    assert "ALLOW_PRIVATE_SHOPS" in told(HOSTED | {"ALLOW_PRIVATE_SHOPS": "1"})


@pytest.mark.parametrize("alone", [{"BOUNCE_ADDRESS": "back@mail.example"}, {"BOUNCE_SECRET": "x" * 24}])
def test_taking_returned_mail_needs_an_address_and_a_secret(alone: dict[str, str]) -> None:
    assert "BOUNCE_ADDRESS and BOUNCE_SECRET belong together" in told(HOSTED | alone)


def test_the_sandbox_may_be_shown_in_production_and_hidden_in_development() -> None:
    assert read_config(HOSTED | {"SANDBOX": "1"}).sandbox_shown
    assert not read_config({"SANDBOX": "0"}).sandbox_shown


def test_what_was_handed_over_counts_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert read_config({}).port == 8000
    assert read_config().port == 9000


def test_the_environment_outweighs_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("home")
    (folder / ".env").write_text("PORT=9001\nWORKER_THREADS=2\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PORT", "9002")
    config = read_config()
    assert (config.port, config.worker_threads) == (9002, 2)


def test_secrets_do_not_show_where_the_configuration_is_printed() -> None:
    shown = repr(read_config(HOSTED))
    for name in ("SECRET_KEY", "DATA_KEYS", "ADDRESS_KEY", "DATABASE_URL", "SMTP_URL"):
        assert HOSTED[name] not in shown
    assert "new-secret" not in shown


def test_the_operator_is_named_line_by_line_and_who_works_for_it_one_by_one() -> None:
    config = read_config(HOSTED)
    assert config.address_lines == ["Hafenstr. 1", "20457 Hamburg", "Germany"]
    assert config.processors == [("Host Ltd", "hosting", "Ireland"), ("Mail GmbH", "sending mail", "Germany")]
    assert read_config(HOSTED | {"SUB_PROCESSORS": "none"}).processors == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPERATOR_ADDRESS", "Hamburg"),
        ("OPERATOR_ADDRESS", "Hafenstr. 1, , Hamburg"),
        ("SUB_PROCESSORS", "Host Ltd"),
        ("SUB_PROCESSORS", "Host Ltd - hosting"),
        ("SUB_PROCESSORS", "Host Ltd - hosting - Ireland; Mail"),
        ("SHOPIFY_LISTING_URL", "https://evil.example/kontor"),
    ],
)
def test_what_the_public_pages_name_is_whole(name: str, value: str) -> None:
    assert f"{name} is malformed. Expected: " in told(HOSTED | {name: value})
