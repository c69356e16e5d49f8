"""What a shop sends on which day, what pauses it, from which address and by whom."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WORDS = sqlmodel.sql.sqltypes.AutoString()
MOMENT = sqlmodel.sql.sqltypes.UTCDateTime()
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _mail_days()
    _flow_pauses()
    _sender_addresses()
    _mail_servers()


def _mail_days() -> None:
    op.create_table(
        "mail_days",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_mail_days_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_days")),
        sa.UniqueConstraint("merchant_id", "day", "lane", name=op.f("uq_mail_days_merchant_id")),
    )
    # A shop that has been sending for long is no newcomer.
    op.execute(
        "INSERT INTO mail_days (merchant_id, day, lane, sent)"
        " SELECT merchant_id, date(acted_at), 0, count(*) FROM effects"
        " WHERE kind = 'send_message' AND mode = 'live' AND state IN ('done', 'unknown', 'failed')"
        " AND acted_at IS NOT NULL GROUP BY merchant_id, date(acted_at)"
    )


def _flow_pauses() -> None:
    op.create_table(
        "flow_pauses",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("flow", WORDS, nullable=False),
        sa.Column("why", WORDS, nullable=False),
        sa.Column("came", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("over_at", MOMENT, nullable=True),
        sa.Column("over_by", WORDS, nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_flow_pauses_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_pauses")),
    )
    op.create_index(
        "uq_flow_pauses_open",
        "flow_pauses",
        ["merchant_id", "flow"],
        unique=True,
        postgresql_where=sa.text("over_at IS NULL"),
        sqlite_where=sa.text("over_at IS NULL"),
    )


def _sender_addresses() -> None:
    op.create_table(
        "sender_addresses",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("address", WORDS, nullable=False),
        sa.Column("domain", WORDS, nullable=False),
        sa.Column("by", WORDS, nullable=False),
        sa.Column("code", WORDS, nullable=True),
        sa.Column("code_ends_at", MOMENT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column("codes_since", MOMENT, nullable=False),
        sa.Column("proven_at", MOMENT, nullable=True),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.Column("records", JSON, nullable=False),
        sa.Column("looked_at", MOMENT, nullable=True),
        sa.Column("look_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
            name=op.f("fk_sender_addresses_merchant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender_addresses")),
        sa.UniqueConstraint("merchant_id", name=op.f("uq_sender_addresses_merchant_id")),
    )
    op.create_index(
        "ix_sender_addresses_look",
        "sender_addresses",
        ["look_at"],
        postgresql_where=sa.text("look_at IS NOT NULL"),
        sqlite_where=sa.text("look_at IS NOT NULL"),
    )


def _mail_servers() -> None:
    op.create_table(
        "mail_servers",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("host", WORDS, nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("login", WORDS, nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("sender", WORDS, nullable=False),
        sa.Column("by", WORDS, nullable=False),
        sa.Column("code", WORDS, nullable=True),
        sa.Column("code_ends_at", MOMENT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("accounts_since", MOMENT, nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.Column("refused_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_mail_servers_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_servers")),
        sa.UniqueConstraint("merchant_id", name=op.f("uq_mail_servers_merchant_id")),
    )


def downgrade() -> None:
    op.drop_table("mail_servers")
    op.drop_table("sender_addresses")
    op.drop_table("flow_pauses")
    op.drop_table("mail_days")
