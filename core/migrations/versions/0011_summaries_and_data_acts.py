"""The weekly summary, and what members did with stored data."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    _wishes()
    _summaries()
    _data_acts()


def _data_acts() -> None:
    op.create_table(
        "data_acts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_data_acts_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_acts")),
    )
    op.create_index("ix_data_acts_merchant", "data_acts", ["merchant_id", "at"])


def _wishes() -> None:
    op.create_table(
        "summary_wishes",
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_summary_wishes_member_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_summary_wishes_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_summary_wishes")),
    )
    op.create_index("ix_summary_wishes_due", "summary_wishes", ["due_at"])
    op.create_index("ix_summary_wishes_merchant_id", "summary_wishes", ["merchant_id"])


def _summaries() -> None:
    op.create_table(
        "summaries",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("wake_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("settled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_summaries_merchant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_summaries_member_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summaries")),
        sa.UniqueConstraint("member_id", "week", name=op.f("uq_summaries_member_id")),
    )
    op.create_index(
        "ix_summaries_due", "summaries", ["wake_at"], postgresql_where=WAITING, sqlite_where=WAITING
    )
    op.create_index("ix_summaries_merchant_id", "summaries", ["merchant_id"])


def downgrade() -> None:
    op.drop_table("data_acts")
    op.drop_table("summaries")
    op.drop_table("summary_wishes")
