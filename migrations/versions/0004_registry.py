"""Data elements, code lists and rules, with their versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

REGISTRATION_STATUS = (
    "registration_status IN ('incomplete', 'candidate', 'recorded', 'qualified', 'standard', "
    "'preferred_standard', 'superseded', 'retired')"
)


def upgrade() -> None:
    op.create_table(
        "code_lists",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("identifier", "version", name=op.f("pk_code_lists")),
    )
    op.create_table(
        "data_elements",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("identifier", name=op.f("pk_data_elements")),
    )
    op.create_table(
        "registration_status_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_type", sa.String(), nullable=False),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("old_status", sa.String(), nullable=True),
        sa.Column("new_status", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_status_changes")),
    )
    op.create_index(
        op.f("ix_registration_status_changes_identifier"), "registration_status_changes", ["identifier"], unique=False
    )
    op.create_table(
        "data_element_versions",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=True),
        sa.Column("aliases", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("definition", sa.String(), nullable=True),
        sa.Column("object_class", sa.String(), nullable=False),
        sa.Column("property_name", sa.String(), nullable=False),
        sa.Column("facets", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("datatype", sa.String(), nullable=False),
        sa.Column("value_domain", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False),
        sa.Column("code_list", sa.String(), nullable=True),
        sa.Column("code_list_version", sa.Integer(), nullable=True),
        sa.Column("period_type", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("expression", sa.String(), nullable=True),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("collection_basis", sa.String(), nullable=False),
        sa.Column("source_organization", sa.String(), nullable=True),
        sa.Column("steward", sa.String(), nullable=True),
        sa.Column("submitting_organization", sa.String(), nullable=True),
        sa.Column("source_decision", sa.String(), nullable=True),
        sa.Column("legal_basis", sa.String(), nullable=True),
        sa.Column("sharing_type", sa.String(), nullable=False),
        sa.Column("sharing_conditions", sa.String(), nullable=True),
        sa.Column("sensitivity", sa.String(), nullable=False),
        sa.Column("example", sa.String(), nullable=True),
        sa.Column("is_breaking", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("registration_status", sa.String(), nullable=False),
        sa.Column("superseded_by", sa.String(), nullable=True),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            REGISTRATION_STATUS,
            name=op.f("ck_data_element_versions_registration_status"),
        ),
        sa.CheckConstraint(
            "sharing_type IN ('unconditional', 'conditional', 'not_shared')",
            name=op.f("ck_data_element_versions_sharing_type"),
        ),
        sa.CheckConstraint(
            "source IN ('captured', 'derived', 'supplied')", name=op.f("ck_data_element_versions_source")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_data_element_versions_version")),
        sa.ForeignKeyConstraint(
            ["identifier"], ["data_elements.identifier"], name=op.f("fk_data_element_versions_identifier_data_elements")
        ),
        sa.ForeignKeyConstraint(
            ["source_organization"],
            ["organizations.code"],
            name=op.f("fk_data_element_versions_source_organization_organizations"),
        ),
        sa.ForeignKeyConstraint(
            ["steward"], ["organizations.code"], name=op.f("fk_data_element_versions_steward_organizations")
        ),
        sa.ForeignKeyConstraint(
            ["submitting_organization"],
            ["organizations.code"],
            name=op.f("fk_data_element_versions_submitting_organization_organizations"),
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"],
            ["data_elements.identifier"],
            name=op.f("fk_data_element_versions_superseded_by_data_elements"),
        ),
        sa.PrimaryKeyConstraint("identifier", "version", name=op.f("pk_data_element_versions")),
    )
    op.create_index(
        "ix_data_element_versions_form", "data_element_versions", ["object_class", "period_type"], unique=False
    )
    op.create_index(
        op.f("ix_data_element_versions_registration_status"),
        "data_element_versions",
        ["registration_status"],
        unique=False,
    )
    op.create_index(op.f("ix_data_element_versions_steward"), "data_element_versions", ["steward"], unique=False)
    op.create_table(
        "permissible_values",
        sa.Column("code_list", sa.String(), nullable=False),
        sa.Column("code_list_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["code_list", "code_list_version"],
            ["code_lists.identifier", "code_lists.version"],
            name=op.f("fk_permissible_values_code_list_code_list_version_code_lists"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_list", "code_list_version", "value", name=op.f("pk_permissible_values")),
    )
    op.create_table(
        "rule_versions",
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("object_class", sa.String(), nullable=False),
        sa.Column("period_type", sa.String(), nullable=False),
        sa.Column("expression", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("element", sa.String(), nullable=False),
        sa.Column("elements", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("message_zh", sa.String(), nullable=False),
        sa.Column("message_en", sa.String(), nullable=True),
        sa.Column("registration_status", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            REGISTRATION_STATUS,
            name=op.f("ck_rule_versions_registration_status"),
        ),
        sa.CheckConstraint("severity IN ('error', 'warning')", name=op.f("ck_rule_versions_severity")),
        sa.ForeignKeyConstraint(
            ["element"], ["data_elements.identifier"], name=op.f("fk_rule_versions_element_data_elements")
        ),
        sa.PrimaryKeyConstraint("identifier", "version", name=op.f("pk_rule_versions")),
    )
    op.grant_to_application(
        "SELECT, INSERT", "code_lists", "permissible_values", "data_elements", "registration_status_changes"
    )
    # A published version is never edited: only its status, its end and its successor move.
    op.grant_to_application(
        "SELECT, INSERT, UPDATE (registration_status, valid_until, superseded_by)", "data_element_versions"
    )
    op.grant_to_application("SELECT, INSERT, UPDATE (registration_status)", "rule_versions")


def downgrade() -> None:
    op.drop_table("rule_versions")
    op.drop_table("permissible_values")
    op.drop_index(op.f("ix_data_element_versions_steward"), table_name="data_element_versions")
    op.drop_index(op.f("ix_data_element_versions_registration_status"), table_name="data_element_versions")
    op.drop_index("ix_data_element_versions_form", table_name="data_element_versions")
    op.drop_table("data_element_versions")
    op.drop_index(op.f("ix_registration_status_changes_identifier"), table_name="registration_status_changes")
    op.drop_table("registration_status_changes")
    op.drop_table("data_elements")
    op.drop_table("code_lists")
