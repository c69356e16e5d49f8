"""Letters about sign-ups, tries that are counted, and an index for who waits for what."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
TIME = sqlmodel.sql.sqltypes.UTCDateTime()
OWNERS = {"merchant": "merchants", "sign_up": "sign_ups"}


def upgrade() -> None:
    op.create_table(
        "sign_up_letters",
        sa.Column("id", NUMBER, nullable=False),
        *(sa.Column(f"{owner}_id", NUMBER, nullable=False) for owner in OWNERS),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("send_at", TIME, nullable=True),
        sa.Column("asked_at", TIME, nullable=False),
        *(_owned(owner, table) for owner, table in OWNERS.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up_letters")),
        sa.UniqueConstraint("key", name=op.f("uq_sign_up_letters_key")),
    )
    _index("ix_sign_up_letters_due", "sign_up_letters", ["send_at"], "send_at IS NOT NULL")
    op.create_index("ix_sign_up_letters_sign_up", "sign_up_letters", ["sign_up_id", "asked_at"])
    op.create_index("ix_sign_up_letters_merchant", "sign_up_letters", ["merchant_id"])
    op.create_table(
        "tallies",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tallies")),
        sa.UniqueConstraint("key", name=op.f("uq_tallies_key")),
    )
    op.create_index("ix_tallies_since", "tallies", ["since"])
    demand = ["merchant_id", "variant_id", "place_at"]
    _index("ix_sign_ups_demand", "sign_ups", demand, "state IN ('waiting', 'called')")


def _owned(owner: str, owners: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_sign_up_letters_{owner}_id")
    return sa.ForeignKeyConstraint([f"{owner}_id"], [f"{owners}.id"], name=name, ondelete="CASCADE")


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    op.drop_index("ix_sign_ups_demand", "sign_ups")
    op.drop_table("tallies")
    op.drop_table("sign_up_letters")
