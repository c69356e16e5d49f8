"""The environment, read once; a bad value ends the start and names itself."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.operator import OperatorSettings
from core.setting_values import DataKeys, HostTable, Words, fault_of_signing

WHERE = "Set it in the environment or in the file .env; .env.example lists every setting."
DEVELOPMENT_SECRET = "development-only-secret-key-do-not-host-with-this"
DEVELOPMENT_DATA_KEY = "ZGV2ZWxvcG1lbnQtb25seS1kYXRhLWtleS0zMi1ieXQ="
HOSTED_SIGNS = ("DYNO", "DATABASE_URL", "REDIS_URL")
NEEDED_IN_PRODUCTION = (
    "app_url",
    "secret_key",
    "data_keys",
    "address_key",
    "database_url",
    "redis_url",
    "smtp_url",
    "mail_from",
    "operator_name",
    "operator_email",
    "operator_address",
    "sub_processors",
    "shopify_client_id",
    "shopify_client_secrets",
)


class ConfigError(SystemExit):
    """Ends the start with a sentence for the operator."""


class Config(OperatorSettings):
    """Every setting with its development default; .env.example mirrors it."""

    model_config = SettingsConfigDict(
        hide_input_in_errors=True,
        frozen=True,
        extra="ignore",
    )

    kontor_env: Literal["production", "development"] = Field(
        "development", description="production or development"
    )
    app_url: str = Field(
        "http://localhost:8000",
        pattern=r"^https?://[^/]+$",
        description="where Kontor is reached, no slash at the end; in development it follows PORT",
    )
    port: int = Field(8000, ge=1, le=65535, description="the port the web process listens on, 1 to 65535")
    secret_key: str = Field(
        DEVELOPMENT_SECRET,
        min_length=32,
        repr=False,
        description="signs sessions and links, at least 32 characters",
    )
    data_keys: DataKeys = Field(
        (DEVELOPMENT_DATA_KEY,),
        min_length=1,
        repr=False,
        description="keys that encrypt stored secrets, 32 bytes in base64 each, newest first, "
        "separated by blanks; "
        "make one with: python app.py new-key",
    )
    address_key: str = Field(
        DEVELOPMENT_SECRET,
        min_length=32,
        repr=False,
        description="makes the keyed hash of addresses, at least 32 characters; never change it: "
        "suppressions of erased people would be forgotten",
    )
    database_url: str = Field(
        "sqlite:///var/kontor.db",
        pattern=r"^(sqlite:///|postgres(ql)?(\+psycopg)?://)",
        repr=False,
        description="sqlite:///FILE or postgres://...",
    )
    redis_url: str | None = Field(
        None, pattern=r"^rediss?://", repr=False, description="redis:// or rediss://; required in production"
    )
    redis_insecure_tls: bool = Field(
        False, description="1 accepts a self-signed certificate of a hosted Redis"
    )
    queue_file: Path = Field(
        Path("var/queue.db"), description="the queue's own SQLite file where no Redis is set"
    )
    smtp_url: str | None = Field(
        None,
        pattern=r"^smtps?://",
        repr=False,
        description="smtp[s]://user:password@host:port; without it mail goes to the mailbox page "
        "(development only)",
    )
    smtp_starttls: Literal["required", "optional", "never"] = Field(
        "optional", description="whether smtp:// must switch to TLS: required, optional or never"
    )
    mail_from: str = Field(
        "kontor@localhost", pattern=r"^[^@\s]+@[^@\s]+$", description="the sender's address of all mails"
    )
    bounce_address: str | None = Field(
        None,
        pattern=r"^[^@\s+]+@[^@\s]+$",
        description="where mail that can't be delivered comes back to, as bounces@mail.example.com; "
        "whatever stands between + and @ must reach it too",
    )
    bounce_secret: str | None = Field(
        None,
        min_length=24,
        pattern=r"^[A-Za-z0-9_-]+$",
        repr=False,
        description="what the address ends in to which returned mail is posted: /mail/bounces/SECRET; "
        "required with BOUNCE_ADDRESS",
    )
    daily_mail_first_week: int = Field(
        200, ge=1, description="messages a shop sends a day at most in the week that begins with its first"
    )
    daily_mail: int = Field(10_000, ge=1, description="messages a shop sends a day at most after that week")
    dkim_domain: str | None = Field(
        None,
        pattern=r"^[a-z0-9.-]+\.[a-z]+$",
        description="the domain in whose name mail is signed (DKIM), that of MAIL_FROM or one above it; for "
        "mail that goes out directly, without a service that signs it",
    )
    dkim_selector: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        description="where the key is published: SELECTOR._domainkey.DOMAIN; required with DKIM_DOMAIN",
    )
    dkim_private_key: str | None = Field(
        None,
        repr=False,
        description="the RSA key that signs, 2048 bits or more, in PEM with \\n for its line breaks; "
        "required with DKIM_DOMAIN",
    )
    spf_include: str | None = Field(
        None,
        pattern=r"^[a-z0-9._-]+\.[a-z]+$",
        description="what a shop's own domain must include in its SPF record so that mail may come from "
        "here; with DKIM_DOMAIN, shops may write from addresses of their own",
    )
    dns_servers: Words = Field(
        (),
        description="name servers asked about shops' domains, as address or address:port; else the machine's",
    )
    shopify_client_id: str | None = Field(None, description="the Shopify app's client id")
    shopify_client_secrets: Words = Field(
        ("development-shopify-client-secret",),
        min_length=1,
        repr=False,
        description="the Shopify app's client secret; two during rotation, newest first",
    )
    shopify_listing_url: str | None = Field(
        None,
        pattern=r"^https://apps\.shopify\.com/[a-z0-9-]+$",
        description="the app's page in Shopify's app store, where merchants install it",
    )
    worker_threads: int = Field(4, ge=1, le=64, description="threads of one worker process")
    lease_seconds: int = Field(60, ge=1, le=3600, description="how long a claimed row belongs to its worker")
    sandbox: bool | None = Field(
        None, description="1 shows the sandbox in production, 0 hides it in development"
    )
    extra_ca_file: Path | None = Field(None, description="a further certificate authority for outgoing calls")
    allow_private_shops: bool = Field(
        False, description="1 lifts the ban on private addresses for shops (development only)"
    )
    development_hosts: HostTable = Field(
        (),
        description="hosts that outgoing calls find elsewhere, as name=address:port, * for any first part, "
        "separated by blanks (development only)",
    )
    trusted_proxies: int = Field(0, ge=0, le=5, description="how many proxies stand before the web process")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `read_config` hands over counts, so that the environment is read once."""
        return (init_settings,)

    @property
    def production(self) -> bool:
        return self.kontor_env == "production"

    @property
    def sandbox_shown(self) -> bool:
        return not self.production if self.sandbox is None else self.sandbox

    @property
    def sqlalchemy_url(self) -> str:
        """The database address as SQLAlchemy wants it, always psycopg 3."""
        scheme, rest = self.database_url.split("://", 1)
        return self.database_url if scheme == "sqlite" else f"postgresql+psycopg://{rest}"

    @model_validator(mode="after")
    def _production_needs_its_own(self) -> Self:
        faults = [_missing(name) for name in NEEDED_IN_PRODUCTION if self._is_development_value(name)]
        if self.allow_private_shops:
            faults.append("ALLOW_PRIVATE_SHOPS is set. Expected: 0, as it is for development only.")
        if self.development_hosts:
            faults.append("DEVELOPMENT_HOSTS is set. Expected: nothing, as it is for development only.")
        if self.production and faults:
            raise PydanticCustomError("production", "{faults}", {"faults": "\n  - ".join(faults)})
        return self

    @model_validator(mode="after")
    def _returned_mail_needs_both(self) -> Self:
        if (self.bounce_address is None) != (self.bounce_secret is None):
            told = "BOUNCE_ADDRESS and BOUNCE_SECRET belong together. Expected: both, or neither."
            raise PydanticCustomError("returned_mail", "{told}", {"told": told})
        return self

    @model_validator(mode="after")
    def _signing_needs_all(self) -> Self:
        told = fault_of_signing(self.dkim_domain, self.dkim_selector, self.dkim_private_key, self.mail_from)
        if told:
            raise PydanticCustomError("signing", "{told}", {"told": told})
        return self

    def _is_development_value(self, name: str) -> bool:
        """Whether the setting is, or among its words has, its development default."""
        value, default = getattr(self, name), type(self).model_fields[name].default
        return bool(set(value) & set(default)) if isinstance(value, tuple) else bool(value == default)


def read_config(environment: Mapping[str, str] | None = None) -> Config:
    """Read the environment and .env, or what is given instead. Ends the start
    with every bad value's name, what was expected and where to set it."""
    given = dict(os.environ) if environment is None else dict(environment)
    if environment is None:
        given = _with_env_file(given)
    _demand_a_stated_environment(given)
    if given.get("PORT") and not given.get("APP_URL") and given.get("KONTOR_ENV") != "production":
        given["APP_URL"] = f"http://localhost:{given['PORT']}"
    try:
        return Config.model_validate({k.lower(): v for k, v in given.items() if _is_setting(k) and v})
    except ValidationError as error:
        raise ConfigError(_told(error)) from None


def _with_env_file(given: dict[str, str]) -> dict[str, str]:
    from dotenv import dotenv_values

    from_file = {k: v for k, v in dotenv_values(".env").items() if v is not None}
    return from_file | given


def _demand_a_stated_environment(given: Mapping[str, str]) -> None:
    """Development defaults are for one's own machine: where a host's settings
    are found, the environment must be named."""
    signs = [name for name in HOSTED_SIGNS if given.get(name)]
    if given.get("APP_URL", "").startswith("https://"):
        signs.append("APP_URL")
    if signs and not given.get("KONTOR_ENV"):
        raise ConfigError(
            f"Kontor can't start: KONTOR_ENV is missing, while {signs[0]} is set. "
            f"Expected: production or development. {WHERE}"
        )


def _is_setting(name: str) -> bool:
    return name.isupper() and name.lower() in Config.model_fields


def _missing(name: str) -> str:
    expected = Config.model_fields[name].description
    return f"{name.upper()} is missing or a development default. Expected: {expected}."


def _told(error: ValidationError) -> str:
    lines = ["Kontor can't start:"]
    for fault in error.errors(include_input=False, include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        expected = Config.model_fields[name].description if name else None
        what = f"{name.upper()} is malformed. Expected: {expected}." if name else fault["msg"]
        lines.append(f"  - {what}")
    return "\n".join([*lines, WHERE])
