"""Companions that shops have installed, and the proofs that their admins have spent."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT, TIME = sqlmodel.sql.sqltypes.AutoString, sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "companions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("version", TEXT(), nullable=False),
        sa.Column("page", TEXT(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("found_at", TIME(), nullable=False),
        sa.Column("seen_at", TIME(), nullable=False),
        sa.Column("gone_at", TIME(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_companions_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companions")),
    )
    op.create_index("ix_companions_merchant", "companions", ["merchant_id"], unique=True)
    op.create_table(
        "spent_proofs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("proof", TEXT(), nullable=False),
        sa.Column("at", TIME(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_spent_proofs_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spent_proofs")),
        sa.UniqueConstraint("merchant_id", "proof", name=op.f("uq_spent_proofs_merchant_id")),
    )
    op.create_index("ix_spent_proofs_at", "spent_proofs", ["at"])


def downgrade() -> None:
    op.drop_table("spent_proofs")
    op.drop_table("companions")
