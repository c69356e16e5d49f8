"""Who waits for what to be back in stock, and its waves."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
TIME = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    _sign_ups()
    _restocks()
    op.add_column("variants", sa.Column("gone_at", TIME, nullable=True))


def _sign_ups() -> None:
    op.create_table(
        "sign_ups",
        sa.Column("id", NUMBER, nullable=False),
        *(sa.Column(f"{owner}_id", NUMBER, nullable=False) for owner in OWNERS),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("locale", TEXT, nullable=True),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=True),
        sa.Column("price_minor", sa.Integer(), nullable=True),
        sa.Column("place_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("confirmed_at", TIME, nullable=True),
        sa.Column("not_before", TIME, nullable=True),
        sa.Column("rehearsed", sa.BigInteger(), nullable=True),
        sa.Column("told_at", TIME, nullable=True),
        sa.Column("over_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        *(_owned("sign_ups", owner, table) for owner, table in OWNERS.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ups")),
        sqlite_autoincrement=True,
    )
    opened = "state IN ('unconfirmed', 'waiting', 'called')"
    _index("uq_sign_ups_open", "sign_ups", ["merchant_id", "variant_id", "address_id"], opened, unique=True)
    _index("ix_sign_ups_line", "sign_ups", ["variant_id", "place_at", "id"], "state = 'waiting'")
    later = "state = 'waiting' AND not_before IS NOT NULL"
    _index("ix_sign_ups_later", "sign_ups", ["variant_id", "not_before"], later)
    _index("ix_sign_ups_called", "sign_ups", ["variant_id"], "state = 'called'")
    _index("ix_sign_ups_told", "sign_ups", ["variant_id", "told_at"], "told_at IS NOT NULL")
    _index("ix_sign_ups_ends", "sign_ups", ["ends_at"], "state IN ('unconfirmed', 'waiting')")
    op.create_index("ix_sign_ups_merchant", "sign_ups", ["merchant_id", "place_at"])
    op.create_index("ix_sign_ups_person", "sign_ups", ["person_id"])
    op.create_index("ix_sign_ups_address", "sign_ups", ["address_id"])


def _restocks() -> None:
    op.create_table(
        "restocks",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("variant_id", NUMBER, nullable=False),
        sa.Column("flow", TEXT, nullable=False),
        sa.Column("mode", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("wave_at", TIME, nullable=True),
        sa.Column("called", sa.Integer(), nullable=False),
        sa.Column("wave_called", sa.Integer(), nullable=False),
        sa.Column("look_id", sa.BigInteger(), nullable=True),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("over_at", TIME, nullable=True),
        _owned("restocks", "merchant", "merchants"),
        _owned("restocks", "variant", "variants"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restocks")),
    )
    running = ["merchant_id", "variant_id", "flow", "mode"]
    _index("uq_restocks_running", "restocks", running, "state = 'running'", unique=True)
    op.create_index("ix_restocks_merchant", "restocks", ["merchant_id", "began_at"])
    op.create_index("ix_restocks_variant", "restocks", ["variant_id"])


OWNERS = {"merchant": "merchants", "variant": "variants", "person": "people", "address": "addresses"}


def _owned(table: str, owner: str, owners: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{owner}_id")
    return sa.ForeignKeyConstraint([f"{owner}_id"], [f"{owners}.id"], name=name, ondelete="CASCADE")


def _index(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    op.drop_column("variants", "gone_at")
    op.drop_table("restocks")
    op.drop_table("sign_ups")
