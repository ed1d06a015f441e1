"""Forms, frozen when published."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forms",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("object_class", sa.String(), nullable=False),
        sa.Column("period_type", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_forms")),
    )
    op.create_table(
        "form_versions",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["forms.code"], name=op.f("fk_form_versions_code_forms")),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_form_versions")),
    )
    op.create_table(
        "form_items",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("element_version", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("obligation", sa.String(), nullable=False),
        sa.CheckConstraint("obligation IN ('mandatory', 'optional')", name=op.f("ck_form_items_obligation")),
        sa.ForeignKeyConstraint(
            ["code", "version"],
            ["form_versions.code", "form_versions.version"],
            name=op.f("fk_form_items_code_version_form_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["identifier", "element_version"],
            ["data_element_versions.identifier", "data_element_versions.version"],
            name=op.f("fk_form_items_identifier_element_version_data_element_versions"),
        ),
        sa.PrimaryKeyConstraint("code", "version", "identifier", name=op.f("pk_form_items")),
    )
    op.create_index(op.f("ix_form_items_identifier"), "form_items", ["identifier"], unique=False)
    op.create_table(
        "form_rules",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code", "version"],
            ["form_versions.code", "form_versions.version"],
            name=op.f("fk_form_rules_code_version_form_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["identifier", "rule_version"],
            ["rule_versions.identifier", "rule_versions.version"],
            name=op.f("fk_form_rules_identifier_rule_version_rule_versions"),
        ),
        sa.PrimaryKeyConstraint("code", "version", "identifier", name=op.f("pk_form_rules")),
    )
    op.grant_to_application("SELECT, INSERT", "forms", "form_versions", "form_items", "form_rules")


def downgrade() -> None:
    op.drop_table("form_rules")
    op.drop_index(op.f("ix_form_items_identifier"), table_name="form_items")
    op.drop_table("form_items")
    op.drop_table("form_versions")
    op.drop_table("forms")
