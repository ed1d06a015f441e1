"""The registry on the wire (CONTRACT, "A data element on the wire")."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, PlainValidator, StringConstraints, field_validator

from hub.datatypes import PermissibleValue, ValueDomain
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.wire import WireDate, WireInput
from hub.registry.code_lists import CodeListRevised
from hub.registry.definition import CodeListDefinition, ElementDefinition
from hub.registry.file_models import (
    FacetValue,
    Identifier,
    Number,
    ObjectClass,
    OrganizationCode,
    PeriodType,
    read_facet,
    read_facet_name,
)
from hub.registry.models import CodeList, RegistrationStatusChange, RuleVersion
from hub.registry.service import DescribedElement
from hub.registry.statuses import RegistrationStatus

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Source = Literal["captured", "derived", "supplied"]
SharingType = Literal["unconditional", "conditional", "not_shared"]
Sensitivity = Literal["public", "internal", "sensitive"]
CollectionBasis = Literal["administrative", "statistical"]
Status = Literal[
    "incomplete", "candidate", "recorded", "qualified", "standard", "preferred_standard", "superseded", "retired"
]
FacetName = Annotated[str, PlainValidator(read_facet_name)]
Facet = Annotated[FacetValue, PlainValidator(read_facet)]
# What the registry itself says of an element: taken back as it was read, and not listened to.
OwnWord = Annotated[Any, Field(default=None, json_schema_extra={"readOnly": True}, description="ignored when sent")]


class NamesWrite(WireInput):
    zh: Words
    en: Words | None = None


class ValueDomainWrite(WireInput):
    datatype: Words = Field(description="integer, decimal, boolean, text, code or date")
    unit: Words | None = None
    minimum: Number | None = None
    maximum: Number | None = None
    maximum_length: int | None = None
    decimals: int | None = None
    pattern: Words | None = None
    code_list: Identifier | None = None
    code_list_version: OwnWord
    permissible_values: OwnWord

    def constraints(self) -> dict[str, Any]:
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if name not in {"code_list_version", "permissible_values"}}


class ValueDomainChange(ValueDomainWrite):
    datatype: Words = Field(default="", description="with it the value domain is replaced whole, without it completed")


class ElementWrite(WireInput):
    """What may be said of an element that need not be."""

    aliases: list[Words] = Field(default_factory=list)
    definition: Words | None = None
    facets: dict[FacetName, Facet] = Field(default_factory=dict)
    expression: Words | None = Field(
        default=None, description="how a derived element is computed from its form's others"
    )
    applies_when: Words | None = Field(default=None, description="a statement; where it is false nothing is asked")
    required: bool = False
    topic: Words = Field(default_factory=lambda: _("其他"), description="the section of the form")
    order: int = Field(default=0, ge=0, le=100_000, description="the place on the form; 0: at its end")
    source_organization: OrganizationCode | None = None
    steward: OrganizationCode | None = None
    submitting_organization: OrganizationCode | None = None
    source_decision: Words | None = None
    legal_basis: Words | None = None
    sharing_conditions: Words | None = None
    sensitivity: Sensitivity = "internal"
    collection_basis: CollectionBasis = "administrative"
    example: Words | None = None
    valid_until: WireDate | None = Field(default=None, description="its last day")

    version: OwnWord
    registration_status: OwnWord
    is_breaking: OwnWord
    superseded_by: OwnWord
    contact: OwnWord


class DataElementCreate(ElementWrite):
    identifier: Identifier
    names: NamesWrite
    object_class: ObjectClass
    property: Identifier
    value_domain: ValueDomainWrite
    period_type: PeriodType
    source: Source
    sharing_type: SharingType
    valid_from: WireDate = Field(default_factory=clock.today, description="default: today")

    def element(self) -> ElementDefinition:
        said = _said(self.model_dump(include=SAID))
        return ElementDefinition(
            identifier=self.identifier, domain=ValueDomain(**self.value_domain.constraints()), **said
        )


class DataElementVersionCreate(ElementWrite):
    """Only what changes: whatever is not sent stays as it is in the newest version."""

    names: NamesWrite | None = None
    object_class: ObjectClass | None = None
    property: Identifier | None = None
    value_domain: ValueDomainChange | None = None
    period_type: PeriodType | None = None
    source: Source | None = None
    sharing_type: SharingType | None = None
    valid_from: WireDate | None = Field(default=None, description="default: today")
    breaking: bool = Field(default=False, description="yes, this breaks those who use the current version")
    identifier: OwnWord

    @field_validator(
        "names",
        "object_class",
        "property",
        "value_domain",
        "period_type",
        "source",
        "sharing_type",
        "valid_from",
        mode="before",
    )
    @classmethod
    def _not_removed(cls, value: object) -> object:
        if value is None:
            raise ValueError(_("必须填写。"))
        return value

    def changes(self) -> dict[str, Any]:
        """By the names of `ElementDefinition`; `domain` holds only the parts that were sent."""
        changes = _said(self.model_dump(include=SAID, exclude_unset=True))
        if self.value_domain is not None:
            changes["domain"] = self.value_domain.constraints()
        return changes


RENAMED: Mapping[str, str] = MappingProxyType(
    {"property": "property_name", "required": "is_required", "order": "position"}
)
OWN_WORDS = frozenset({"version", "registration_status", "is_breaking", "superseded_by", "contact"})
SAID = set(DataElementCreate.model_fields) - OWN_WORDS - {"identifier", "value_domain"}


def _said(sent: dict[str, Any]) -> dict[str, Any]:
    """The wire's words in those of `ElementDefinition`."""
    said = {RENAMED.get(name, name): value for name, value in sent.items() if name not in {"names", "aliases"}}
    if "names" in sent:
        said |= {"name_zh": sent["names"]["zh"], "name_en": sent["names"].get("en")}
    if "aliases" in sent:
        said["aliases"] = tuple(dict.fromkeys(sent["aliases"]))
    return said


class NamesRead(BaseModel):
    zh: str
    en: str | None


class PermissibleValueRead(BaseModel):
    value: str
    meaning: str


class ValueDomainRead(BaseModel):
    datatype: str
    unit: str | None
    minimum: int | Decimal | None
    maximum: int | Decimal | None
    maximum_length: int | None
    decimals: int | None
    pattern: str | None
    code_list: str | None
    code_list_version: int | None
    permissible_values: list[PermissibleValueRead] | None = Field(description="what a code may be; null: no code")


class ContactRead(BaseModel):
    """Who answers for the element: its source organisation."""

    organization: str
    name: str | None
    phone: str | None


class DataElementRead(BaseModel):
    identifier: str
    version: int
    names: NamesRead
    aliases: list[str]
    definition: str | None
    object_class: str
    property: str
    facets: dict[str, Any]
    value_domain: ValueDomainRead
    period_type: str
    source: str
    expression: str | None
    applies_when: str | None
    required: bool
    topic: str
    order: int
    source_organization: str | None
    source_decision: str | None
    steward: str | None
    submitting_organization: str | None
    contact: ContactRead | None
    legal_basis: str | None
    collection_basis: str
    sharing_type: str
    sharing_conditions: str | None
    sensitivity: str
    example: str | None
    is_breaking: bool = Field(description="this version broke those who used the one before")
    valid_from: date
    valid_until: date | None
    registration_status: str
    superseded_by: str | None

    @classmethod
    def of(cls, described: DescribedElement) -> Self:
        version, owner = described.version, described.owner
        same = {name: getattr(version, name) for name in cls.model_fields if hasattr(version, name)}
        return cls(
            **same
            | {
                "names": NamesRead(zh=version.name_zh, en=version.name_en),
                "property": version.property_name,
                "required": version.is_required,
                "order": version.position,
                "value_domain": _domain_read(described),
                "contact": owner
                and ContactRead(organization=owner.name, name=owner.contact_name, phone=owner.contact_phone),
            }
        )


def _domain_read(described: DescribedElement) -> ValueDomainRead:
    domain = described.domain
    values = [PermissibleValueRead(value=item.value, meaning=item.meaning) for item in domain.permissible_values]
    return ValueDomainRead(
        datatype=domain.datatype,
        unit=domain.unit,
        minimum=domain.minimum,
        maximum=domain.maximum,
        maximum_length=domain.maximum_length,
        decimals=domain.decimals,
        pattern=domain.pattern,
        code_list=domain.code_list,
        code_list_version=described.version.code_list_version,
        permissible_values=values if domain.code_list else None,
    )


class RegistrationStatusWrite(WireInput):
    status: Status
    note: Note | None = None
    version: int | None = Field(default=None, ge=1, description="default: the newest; to end an element: all of them")
    superseded_by: Identifier | None = Field(default=None, description="who takes its place")

    @property
    def new_status(self) -> RegistrationStatus:
        return RegistrationStatus(self.status)


class RuleStatusWrite(WireInput):
    status: Status
    note: Note | None = None
    version: int | None = Field(default=None, ge=1, description="default: the newest")

    @property
    def new_status(self) -> RegistrationStatus:
        return RegistrationStatus(self.status)


class RegistrationStatusChangeRead(BaseModel):
    version: int
    old_status: str | None
    new_status: str
    note: str | None
    changed_by: str
    changed_at: datetime

    @classmethod
    def of(cls, change: RegistrationStatusChange) -> Self:
        return cls(
            version=change.version,
            old_status=change.old_status,
            new_status=change.new_status,
            note=change.note,
            changed_by=change.changed_by.partition(":")[2],
            changed_at=change.changed_at,
        )


class PermissibleValueWrite(WireInput):
    value: Annotated[str, Field(min_length=1, max_length=100)]
    meaning: Words


class CodeListCreate(WireInput):
    identifier: Identifier
    name: Words
    source: Words | None = None
    permissible_values: list[PermissibleValueWrite] = Field(min_length=1, max_length=10_000)

    def code_list(self) -> CodeListDefinition:
        return CodeListDefinition(self.identifier, self.name, _values(self.permissible_values), self.source)


class CodeListVersionCreate(WireInput):
    """The whole list as it is to be; a name that is not sent stays as it is."""

    name: Words | None = None
    source: Words | None = None
    permissible_values: list[PermissibleValueWrite] = Field(min_length=1, max_length=10_000)
    breaking: bool = Field(default=False, description="yes, codes are taken away or mean something else")

    @property
    def values(self) -> tuple[PermissibleValue, ...]:
        return _values(self.permissible_values)


def _values(written: list[PermissibleValueWrite]) -> tuple[PermissibleValue, ...]:
    return tuple(PermissibleValue(item.value, item.meaning) for item in written)


class CodeListRead(BaseModel):
    identifier: str
    version: int
    name: str
    source: str | None
    permissible_values: list[PermissibleValueRead]
    created_at: datetime

    @classmethod
    def of(cls, code_list: CodeList) -> Self:
        values = [PermissibleValueRead(value=item.value, meaning=item.meaning) for item in code_list.permissible_values]
        return cls(
            identifier=code_list.identifier,
            version=code_list.version,
            name=code_list.name,
            source=code_list.source,
            permissible_values=values,
            created_at=code_list.created_at,
        )


class ElementVersionName(BaseModel):
    identifier: str
    version: int


class CodeListRevisedRead(CodeListRead):
    elements: list[ElementVersionName] = Field(description="the new versions of the elements that use the list")

    @classmethod
    def of_revision(cls, revised: CodeListRevised) -> Self:
        elements = [ElementVersionName(identifier=v.identifier, version=v.version) for v in revised.elements]
        return cls(**CodeListRead.of(revised.code_list).model_dump(), elements=elements)


class RuleRead(BaseModel):
    identifier: str
    version: int
    object_class: str
    period_type: str
    expression: str
    severity: str
    element: str = Field(description="the cell that is blamed")
    elements: list[str]
    messages: NamesRead
    registration_status: str

    @classmethod
    def of(cls, rule: RuleVersion) -> Self:
        same = {name: getattr(rule, name) for name in cls.model_fields if hasattr(rule, name)}
        return cls(**same | {"messages": NamesRead(zh=rule.message_zh, en=rule.message_en)})
