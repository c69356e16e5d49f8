"""Letters that are wanted: the same row whoever asks, and counted whoever is removed."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "letter_wishes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merchant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"], ["merchants.id"], name=op.f("fk_letter_wishes_merchant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_wishes")),
    )
    with op.batch_alter_table("letter_wishes", schema=None) as batch_op:
        batch_op.create_index("ix_letter_wishes_address", ["address"], unique=False)
        batch_op.create_index("ix_letter_wishes_merchant_id", ["merchant_id"], unique=False)


def downgrade() -> None:
    op.drop_table("letter_wishes")
