"""The consolidated forms in a browser: what they ask, and freezing the next version."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.forms import service
from hub.forms.content import FormContent, FormField, FormOverview
from hub.forms.endpoints import CanPublishForms, CanReadForms, FormCode
from hub.forms.errors import FormEmpty, FormNotJudgeable, FormUnchanged
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render, see_other
from hub.registry.words import word

router = HubRouter(tags=["forms"])


@dataclass(frozen=True)
class FormLine:
    """`is_changed`: publishing now would freeze something else."""

    code: str
    name: str
    version: int | None
    published_at: datetime | None
    element_count: int
    rule_count: int
    is_changed: bool


@dataclass(frozen=True)
class FormsPage:
    lines: tuple[FormLine, ...]


@dataclass(frozen=True)
class FieldLine:
    identifier: str
    label: str
    unit: str
    source: str
    is_required: bool
    definition: str


@dataclass(frozen=True)
class FormPageSection:
    title: str
    fields: tuple[FieldLine, ...]


@dataclass(frozen=True)
class RuleLine:
    identifier: str
    severity: str
    message: str
    expression: str


@dataclass(frozen=True)
class PendingLine:
    """One element or rule that publishing would add, take away or ask in another version."""

    kind: str
    tone: str
    label: str
    href: str


@dataclass(frozen=True)
class FormPage:
    """`pending`: what publishing would change. `has_next`: there is something to preview."""

    line: FormLine
    published_by: str | None
    sections: tuple[FormPageSection, ...]
    rules: tuple[RuleLine, ...]
    pending: tuple[PendingLine, ...]
    has_next: bool
    may_publish: bool
    refusal: str | None


@router.get("/forms")
async def list_forms(request: Request, session: Transaction, subject: CanReadForms) -> Response:
    overviews = await service.list_forms(session)
    return render(request, "forms.html", FormsPage(tuple(_line(one) for one in overviews)))


@router.get("/forms/{code}")
async def read_form(request: Request, session: Transaction, subject: CanReadForms, code: FormCode) -> Response:
    return render(request, "form.html", await _page(session, subject, code))


@router.post("/forms/{code}/publication")
async def publish_form(request: Request, session: Transaction, subject: CanPublishForms, code: FormCode) -> Response:
    try:
        published = await service.publish_version(session, subject, code)
    except (FormUnchanged, FormEmpty, FormNotJudgeable) as refusal:
        page = await _page(session, subject, code, refusal.detail)
        return render(request, "form.html", page, status=refusal.status)
    notice = _("已发布“{name}”第{version}版，之后开放的填报都用这一版。").format(
        name=published.name, version=published.version
    )
    return see_other(f"/forms/{code}", notice=notice)


def _line(overview: FormOverview) -> FormLine:
    form = overview.form
    return FormLine(
        code=form.code,
        name=form.name,
        version=form.version,
        published_at=form.published_at,
        element_count=len(form.fields),
        rule_count=len(form.spec.rules),
        is_changed=overview.is_changed,
    )


async def _page(session: AsyncSession, subject: Subject, code: str, refusal: str | None = None) -> FormPage:
    overview = await service.get_overview(session, code)
    following = await service.get_next(session, code)
    form = overview.form
    severities = {"error": _("错误"), "warning": _("提醒")}
    return FormPage(
        line=_line(overview),
        published_by=form.published_by,
        sections=tuple(
            FormPageSection(section.title, tuple(_field(one) for one in section.fields)) for section in form.sections
        ),
        rules=tuple(
            RuleLine(rule.identifier, severities[rule.severity], rule.sentence, rule.expression)
            for rule in form.spec.rules
        ),
        pending=tuple(_pending(overview, following)) if form.version is not None else (),
        has_next=bool(following.fields),
        may_publish=subject.may(Permission.FORM_PUBLISH) and overview.is_changed,
        refusal=refusal,
    )


def _pending(overview: FormOverview, following: FormContent) -> Iterator[PendingLine]:
    names = {one.identifier: one.spec.label for form in (overview.form, following) for one in form.fields}
    kinds = (
        (_("将增加"), "good", overview.pending.added),
        (_("将删去"), "error", overview.pending.removed),
        (_("将改版"), "warning", overview.pending.revised),
    )
    for kind, tone, identifiers in kinds:
        for identifier in identifiers:
            room = "data-elements" if identifier in names else "rules"
            label = names.get(identifier) or _("规则 {identifier}").format(identifier=identifier)
            yield PendingLine(kind, tone, label, f"/{room}/{identifier}")


def _field(one: FormField) -> FieldLine:
    return FieldLine(
        identifier=one.identifier,
        label=one.spec.label,
        unit=one.spec.domain.unit or "",
        source=word("source", one.spec.source),
        is_required=one.obligation == "mandatory",
        definition=one.definition or "",
    )
