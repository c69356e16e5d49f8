"""What every part of a running Kontor shares: settings, database, vault."""

from dataclasses import dataclass

from sqlalchemy import Engine

from core.config import Config
from core.db import connect
from core.vault import Vault


@dataclass(frozen=True)
class Runtime:
    """Opened once per process and handed down; there are no globals."""

    config: Config
    db: Engine
    vault: Vault

    @classmethod
    def open(cls, config: Config) -> "Runtime":
        return cls(config, connect(config.sqlalchemy_url), Vault(config.data_keys, config.address_key))
