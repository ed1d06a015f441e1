"""Forms on the wire."""

from datetime import datetime
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, Field

from hub.datatypes import ValueDomain
from hub.forms.assembly import Difference
from hub.forms.content import FormContent, FormField, FormOverview, FormSection
from hub.validation import RuleSpec


class PendingRead(BaseModel):
    """What publishing would change, by identifier of element or rule."""

    added: list[str]
    removed: list[str]
    revised: list[str]

    @classmethod
    def of(cls, difference: Difference) -> Self:
        return cls(added=list(difference.added), removed=list(difference.removed), revised=list(difference.revised))


class FormSummary(BaseModel):
    code: str = Field(examples=["village-month"])
    version: int | None = Field(description="the newest published version; null: only assembled so far")
    name: str
    object_class: str
    period_type: str
    element_count: int
    rule_count: int
    published_at: datetime | None
    is_changed: bool = Field(description="publishing now would freeze something else")

    @classmethod
    def of(cls, overview: FormOverview) -> Self:
        form = overview.form
        return cls(
            code=form.code,
            version=form.version,
            name=form.name,
            object_class=form.object_class,
            period_type=form.period_type,
            element_count=len(form.fields),
            rule_count=len(form.spec.rules),
            published_at=form.published_at,
            is_changed=overview.is_changed,
        )


class PermissibleValueRead(BaseModel):
    value: str
    meaning: str


class FormValueDomain(BaseModel):
    datatype: str
    unit: str | None
    minimum: int | Decimal | None
    maximum: int | Decimal | None
    maximum_length: int | None
    decimals: int | None
    pattern: str | None
    code_list: str | None
    permissible_values: list[PermissibleValueRead]

    @classmethod
    def of(cls, domain: ValueDomain) -> Self:
        return cls(
            datatype=domain.datatype,
            unit=domain.unit,
            minimum=domain.minimum,
            maximum=domain.maximum,
            maximum_length=domain.maximum_length,
            decimals=domain.decimals,
            pattern=domain.pattern,
            code_list=domain.code_list,
            permissible_values=[
                PermissibleValueRead(value=item.value, meaning=item.meaning) for item in domain.permissible_values
            ],
        )


class FormItemRead(BaseModel):
    identifier: str
    version: int = Field(description="the element version that is asked")
    names: dict[str, str | None]
    definition: str | None
    value_domain: FormValueDomain
    source: str
    expression: str | None
    obligation: str = Field(description="`mandatory`: wants a value, or a reason why there is none")
    example: str | None
    source_organization: str | None
    legal_basis: str | None

    @classmethod
    def of(cls, field: FormField) -> Self:
        spec = field.spec
        return cls(
            identifier=spec.identifier,
            version=spec.version,
            names={"zh": spec.name, "en": spec.name_en},
            definition=field.definition,
            value_domain=FormValueDomain.of(spec.domain),
            source=spec.source,
            expression=spec.expression,
            obligation=field.obligation,
            example=field.example,
            source_organization=field.source_organization,
            legal_basis=field.legal_basis,
        )


class FormSectionRead(BaseModel):
    title: str
    items: list[FormItemRead]

    @classmethod
    def of(cls, section: FormSection) -> Self:
        return cls(title=section.title, items=[FormItemRead.of(field) for field in section.fields])


class FormRuleRead(BaseModel):
    identifier: str
    version: int
    expression: str
    severity: str
    element: str | None = Field(description="the one that is blamed")
    message: str

    @classmethod
    def of(cls, rule: RuleSpec) -> Self:
        return cls(
            identifier=rule.identifier,
            version=rule.version,
            expression=rule.expression,
            severity=rule.severity,
            element=rule.blamed,
            message=rule.sentence,
        )


class FormRead(FormSummary):
    pending: PendingRead
    sections: list[FormSectionRead]
    rules: list[FormRuleRead]

    @classmethod
    def of(cls, overview: FormOverview) -> Self:
        return cls(
            **FormSummary.of(overview).model_dump(),
            pending=PendingRead.of(overview.pending),
            sections=[FormSectionRead.of(section) for section in overview.form.sections],
            rules=[FormRuleRead.of(rule) for rule in overview.form.spec.rules],
        )


class PublicationRead(BaseModel):
    code: str
    version: int | None
    name: str
    published_at: datetime | None
    published_by: str | None
    element_count: int
    rule_count: int

    @classmethod
    def of(cls, form: FormContent) -> Self:
        return cls(
            code=form.code,
            version=form.version,
            name=form.name,
            published_at=form.published_at,
            published_by=form.published_by,
            element_count=len(form.fields),
            rule_count=len(form.spec.rules),
        )
