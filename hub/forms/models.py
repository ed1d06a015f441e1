from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.kit import clock
from hub.kit.db import Base


class Form(Base):
    """All elements about one object class with one period type: nobody designs it, the registry does."""

    __tablename__ = "forms"

    code: Mapped[str] = mapped_column(primary_key=True)
    object_class: Mapped[str]
    period_type: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class FormVersion(Base):
    """A frozen form: which element versions it asks and which rule versions judge it."""

    __tablename__ = "form_versions"

    code: Mapped[str] = mapped_column(ForeignKey("forms.code"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    published_by: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(default=clock.now)

    items: Mapped[list["FormItem"]] = relationship(lazy="raise", order_by="FormItem.position")
    rules: Mapped[list["FormRule"]] = relationship(lazy="raise", order_by="FormRule.identifier")


class FormItem(Base):
    __tablename__ = "form_items"
    __table_args__ = (
        ForeignKeyConstraint(["code", "version"], ["form_versions.code", "form_versions.version"]),
        ForeignKeyConstraint(
            ["identifier", "element_version"],
            ["data_element_versions.identifier", "data_element_versions.version"],
        ),
        CheckConstraint("obligation IN ('mandatory', 'optional')", name="obligation"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    identifier: Mapped[str] = mapped_column(primary_key=True, index=True)
    element_version: Mapped[int]
    section: Mapped[str]
    position: Mapped[int]
    obligation: Mapped[str]


class FormRule(Base):
    __tablename__ = "form_rules"
    __table_args__ = (
        ForeignKeyConstraint(["code", "version"], ["form_versions.code", "form_versions.version"]),
        ForeignKeyConstraint(["identifier", "rule_version"], ["rule_versions.identifier", "rule_versions.version"]),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    identifier: Mapped[str] = mapped_column(primary_key=True)
    rule_version: Mapped[int]
