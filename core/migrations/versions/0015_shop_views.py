"""What shoppers look at, as their pages tell with their leave."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sqlmodel.sql.sqltypes.AutoString()
TIME = sqlmodel.sql.sqltypes.UTCDateTime()


def upgrade() -> None:
    op.create_table(
        "shop_views",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("merchant_id", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        *(sa.Column(name, TEXT, nullable=True) for name in ("product_ref", "variant_ref", "cart")),
        sa.Column("client", TEXT, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["merchant_id"],
            ["merchants.id"],
            name=op.f("fk_shop_views_merchant_id_merchants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_views")),
    )
    op.create_index("ix_shop_views_at", "shop_views", ["at"])
    op.create_index("ix_shop_views_client", "shop_views", ["merchant_id", "client", "at"])


def downgrade() -> None:
    op.drop_table("shop_views")
