"""What may stand in the registry files, in the words of the public contract."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, Strict, StrictBool, StrictInt

from hub.datatypes import PermissibleValue, ValueDomain
from hub.kit.i18n import gettext as _

FacetValue = str | int | bool | Decimal


def read_number(raw: object) -> int | Decimal:
    """Whole numbers stay whole, so that a limit reads back as it was written."""
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        raise ValueError(_("必须是数字，不加引号"))  # noqa: TRY004 - pydantic reports ValueError, and lets TypeError pass
    return int(raw) if raw == int(raw) else raw


def read_facet(raw: object) -> FacetValue:
    if isinstance(raw, str) and raw.strip():
        return raw.strip()
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int | Decimal):
        return read_number(raw)
    raise ValueError(_("必须是一个词或一个数"))


def read_facet_name(raw: object) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", raw):
        raise ValueError(_("分面的名称只能用小写字母、数字和下划线"))
    return raw


Words = Annotated[str, Field(min_length=1, max_length=2000)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=80)]
OrganizationCode = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=63)]
Number = Annotated[int | Decimal, PlainValidator(read_number)]
Day = Annotated[date, Strict()]
ObjectClass = Literal["village", "township", "household", "person"]
PeriodType = Literal["month", "quarter", "half_year", "year"]


class Declaration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Contact(Declaration):
    name: Words
    phone: Words


class OrganizationDeclaration(Declaration):
    """Owners need a contact: a field that nobody answers for cannot be published (FEATURES R09)."""

    code: OrganizationCode
    name: Words
    kind: Literal["authority", "department", "township", "inspectorate"]
    contact: Contact


class PermissibleValueDeclaration(Declaration):
    value: Words
    meaning: Words


class CodeListDeclaration(Declaration):
    identifier: Identifier
    name: Words
    source: Words | None = None
    permissible_values: tuple[PermissibleValueDeclaration, ...] = Field(min_length=1)


class Names(Declaration):
    zh: Words
    en: Words | None = None


class ValueDomainDeclaration(Declaration):
    datatype: Words
    unit: Words | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    maximum_length: StrictInt | None = None
    decimals: StrictInt | None = None
    pattern: Words | None = None
    code_list: Identifier | None = None

    def with_values(self, code_list: CodeListDeclaration | None) -> ValueDomain:
        values = code_list.permissible_values if code_list else ()
        return ValueDomain(
            **self.model_dump(),
            permissible_values=tuple(PermissibleValue(item.value, item.meaning) for item in values),
        )


class ElementDeclaration(Declaration):
    """A data element (ISO/IEC 11179, GB/T 18391) as the contract shows it, without version and status:

    those are the registry's own, and a file brings an element to `recorded` at most.
    """

    identifier: Identifier
    topic: Words
    order: Annotated[StrictInt, Field(ge=0, le=100_000)]
    names: Names
    aliases: tuple[Words, ...] = ()
    definition: Annotated[str, Field(min_length=8, max_length=2000)]
    example: Words | None = None
    object_class: ObjectClass
    property: Identifier
    facets: Mapping[Annotated[str, PlainValidator(read_facet_name)], Annotated[FacetValue, PlainValidator(read_facet)]]
    value_domain: ValueDomainDeclaration
    period_type: PeriodType
    source: Literal["captured", "derived", "supplied"]
    expression: Words | None = None
    applies_when: Words | None = None
    required: StrictBool
    source_organization: OrganizationCode
    source_decision: Words | None = None
    steward: OrganizationCode
    submitting_organization: OrganizationCode | None = None
    legal_basis: Words
    sharing_type: Literal["unconditional", "conditional", "not_shared"]
    sharing_conditions: Words | None = None
    sensitivity: Literal["public", "internal", "sensitive"]
    collection_basis: Literal["administrative", "statistical"]
    valid_from: Day
    valid_until: Day | None = None
    # Said on purpose: what this file changes breaks those who use the element. Nothing the registry keeps.
    breaking: StrictBool = False


class RuleDeclaration(Declaration):
    """A cross-check as data: what holds, how grave it is, whom it blames, what to tell."""

    identifier: Identifier
    expression: Words
    severity: Literal["error", "warning"]
    object_class: ObjectClass
    period_type: PeriodType
    element: Identifier
    messages: Names
