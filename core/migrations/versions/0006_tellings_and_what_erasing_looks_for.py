"""Whom a notice has reached, and indexes for what is looked for when somebody is erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_carts_address", "carts", "address_id"),
    ("ix_orders_address", "orders", "address_id"),
    ("ix_decisions_enrolment", "decisions", "enrolment_id"),
    ("ix_sign_in_links_merchant_id", "sign_in_links", "merchant_id"),
    ("ix_sign_in_links_member_id", "sign_in_links", "member_id"),
    ("ix_member_sessions_merchant_id", "member_sessions", "merchant_id"),
    ("ix_member_sessions_member_id", "member_sessions", "member_id"),
)


def upgrade() -> None:
    numbers = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("round", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("reached", numbers, nullable=False, server_default="[]"))
    for name, table, column in INDEXES:
        op.create_index(name, table, [column])


def downgrade() -> None:
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_column("reached")
        batch_op.drop_column("round")
