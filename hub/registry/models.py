from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.kit import clock
from hub.kit.db import Base

_STATUSES = (
    "'incomplete', 'candidate', 'recorded', 'qualified', 'standard', 'preferred_standard', 'superseded', 'retired'"
)


class CodeList(Base):
    """A value domain that is enumerated, owned once; a version of it is never edited."""

    __tablename__ = "code_lists"

    identifier: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    source: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    permissible_values: Mapped[list["PermissibleValue"]] = relationship(
        lazy="raise", order_by="PermissibleValue.position"
    )


class PermissibleValue(Base):
    __tablename__ = "permissible_values"
    __table_args__ = (
        ForeignKeyConstraint(
            ["code_list", "code_list_version"], ["code_lists.identifier", "code_lists.version"], ondelete="CASCADE"
        ),
    )

    code_list: Mapped[str] = mapped_column(primary_key=True)
    code_list_version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[str] = mapped_column(primary_key=True)
    meaning: Mapped[str]
    position: Mapped[int]


class DataElement(Base):
    """The identifier of a fact; everything said of it stands in its versions."""

    __tablename__ = "data_elements"

    identifier: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class DataElementVersion(Base):
    """One definition of a data element (ISO/IEC 11179; GB/T 18391). Only its registration status moves."""

    __tablename__ = "data_element_versions"
    __table_args__ = (
        CheckConstraint(f"registration_status IN ({_STATUSES})", name="registration_status"),
        CheckConstraint("source IN ('captured', 'derived', 'supplied')", name="source"),
        CheckConstraint("sharing_type IN ('unconditional', 'conditional', 'not_shared')", name="sharing_type"),
        CheckConstraint("version >= 1", name="version"),
        Index("ix_data_element_versions_form", "object_class", "period_type"),
        Index("ix_data_element_versions_concept", "object_class", "property_name"),
    )

    identifier: Mapped[str] = mapped_column(ForeignKey("data_elements.identifier"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name_zh: Mapped[str]
    name_en: Mapped[str | None]
    aliases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    definition: Mapped[str | None]
    object_class: Mapped[str]
    property_name: Mapped[str]
    facets: Mapped[dict[str, Any]]
    datatype: Mapped[str]
    value_domain: Mapped[dict[str, Any]]
    code_list: Mapped[str | None]
    code_list_version: Mapped[int | None]
    period_type: Mapped[str]
    source: Mapped[str]
    expression: Mapped[str | None]
    applies_when: Mapped[str | None]
    is_required: Mapped[bool]
    topic: Mapped[str]
    position: Mapped[int]
    collection_basis: Mapped[str]
    source_organization: Mapped[str | None] = mapped_column(ForeignKey("organizations.code"))
    steward: Mapped[str | None] = mapped_column(ForeignKey("organizations.code"), index=True)
    submitting_organization: Mapped[str | None] = mapped_column(ForeignKey("organizations.code"))
    source_decision: Mapped[str | None]
    legal_basis: Mapped[str | None]
    sharing_type: Mapped[str]
    sharing_conditions: Mapped[str | None]
    sensitivity: Mapped[str]
    example: Mapped[str | None]
    is_breaking: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    registration_status: Mapped[str] = mapped_column(index=True)
    superseded_by: Mapped[str | None] = mapped_column(ForeignKey("data_elements.identifier"))
    proposed_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    search_entry: Mapped["ElementSearchEntry | None"] = relationship(lazy="raise")


class ElementSearchEntry(Base):
    """What a version is found by (search.py). Nothing that was registered: it is made again whenever that is needed."""

    __tablename__ = "element_search_entries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["identifier", "version"],
            ["data_element_versions.identifier", "data_element_versions.version"],
            ondelete="CASCADE",
        ),
        Index("ix_element_search_entries_grams", "grams", postgresql_using="gin"),
    )

    identifier: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scheme: Mapped[int]
    names: Mapped[str]
    aliases: Mapped[str]
    definition: Mapped[str]
    name_readings: Mapped[str]
    alias_readings: Mapped[str]
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text))


class RegistrationStatusChange(Base):
    """Who moved an element version or a rule version from where to where, and what they noted."""

    __tablename__ = "registration_status_changes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    item_type: Mapped[str]
    identifier: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    old_status: Mapped[str | None]
    new_status: Mapped[str]
    note: Mapped[str | None]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)


class RuleVersion(Base):
    """A cross-check over the elements of one form, as data; a version is never edited."""

    __tablename__ = "rule_versions"
    __table_args__ = (
        CheckConstraint(f"registration_status IN ({_STATUSES})", name="registration_status"),
        CheckConstraint("severity IN ('error', 'warning')", name="severity"),
    )

    identifier: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    object_class: Mapped[str]
    period_type: Mapped[str]
    expression: Mapped[str]
    severity: Mapped[str]
    element: Mapped[str] = mapped_column(ForeignKey("data_elements.identifier"))
    elements: Mapped[list[str]] = mapped_column(ARRAY(Text))
    message_zh: Mapped[str]
    message_en: Mapped[str | None]
    registration_status: Mapped[str]
    proposed_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
