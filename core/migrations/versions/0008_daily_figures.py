"""What flows brought, day by day; which message an objection came by."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_figures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("flow", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mode", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("entered", "held_out", "accepted", "in_doubt", "failed", "waiting")
        ),
        sa.Column(
            "left_out",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
        ),
        sa.Column("clicked", sa.Integer(), nullable=False),
        sa.Column("unsubscribed", sa.Integer(), nullable=False),
        sa.Column("counted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_daily_figures_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_figures")),
        sa.UniqueConstraint("merchant_id", "day", "flow", "mode", name=op.f("uq_daily_figures_merchant_id")),
    )
    op.create_index(
        "ix_daily_figures_open",
        "daily_figures",
        ["counted_at"],
        postgresql_where=sa.text("waiting > 0 OR in_doubt > 0"),
        sqlite_where=sa.text("waiting > 0 OR in_doubt > 0"),
    )
    op.create_table(
        "daily_takings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("flow", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("mode", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("recovered", sa.Integer(), nullable=False),
        sa.Column("recovered_minor", sa.BigInteger(), nullable=False),
        sa.Column("bought_anyway", sa.Integer(), nullable=False),
        sa.Column("bought_anyway_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_daily_takings_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_takings")),
        sa.UniqueConstraint(
            "merchant_id", "day", "flow", "mode", "currency", name=op.f("uq_daily_takings_merchant_id")
        ),
    )
    op.create_table(
        "counted_days",
        sa.Column("merchant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("before", sa.Date(), nullable=False),
        sa.Column("zone", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("counted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("next_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_counted_days_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("merchant_id", name=op.f("pk_counted_days")),
    )
    op.create_index("ix_counted_days_next", "counted_days", ["next_at"])
    op.create_table(
        "late_days",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("noted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_late_days_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_days")),
    )
    op.create_index("ix_late_days_merchant", "late_days", ["merchant_id", "day"])
    _of_known_tables()


def _of_known_tables() -> None:
    """Days are found by when messages were due; nothing asks by number any more."""
    op.add_column("consents", sa.Column("effect_id", sa.BigInteger(), nullable=True))
    _index("ix_consents_effect", "consents", ["effect_id"], "effect_id IS NOT NULL")
    _index("ix_codes_used", "discount_codes", ["merchant_id", "used_at"], "used_at IS NOT NULL")
    _index("ix_enrolments_held", "enrolments", ["merchant_id", "flow"], "state = 'held'")
    op.create_index("ix_effects_day", "effects", ["merchant_id", "due_at"])
    op.drop_index("ix_effects_merchant", "effects")
    _make_newest()


def _make_newest() -> None:
    """Of indexes that fit alike SQLite takes the newest: those of few rows must come last."""
    waits = "state = 'pending' AND wake_at IS NOT NULL"
    for name, columns, where in (
        ("ix_effects_due", ["merchant_id", "wake_at"], waits),
        ("ix_effects_held", ["merchant_id"], "state = 'held'"),
        ("ix_effects_unknown", ["merchant_id", "id"], "state = 'unknown'"),
    ):
        op.drop_index(name, "effects")
        _index(name, "effects", columns, where)


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))


def downgrade() -> None:
    op.create_index("ix_effects_merchant", "effects", ["merchant_id", "id"])
    op.drop_index("ix_effects_day", "effects")
    op.drop_index("ix_enrolments_held", "enrolments")
    op.drop_index("ix_codes_used", "discount_codes")
    op.drop_index("ix_consents_effect", "consents")
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_column("effect_id")
    for table in ("late_days", "counted_days", "daily_takings", "daily_figures"):
        op.drop_table(table)
