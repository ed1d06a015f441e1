"""The consolidated forms in a browser: what they ask, and freezing the next version."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response

from hub.forms import service
from hub.forms.content import FormField, FormOverview
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
class FormPage:
    """`added`, `removed`, `revised`: what publishing would change, by identifier."""

    line: FormLine
    published_by: str | None
    sections: tuple[FormPageSection, ...]
    rules: tuple[RuleLine, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    revised: tuple[str, ...]
    may_publish: bool
    refusal: str | None


@router.get("/forms")
async def list_forms(request: Request, session: Transaction, subject: CanReadForms) -> Response:
    overviews = await service.list_forms(session)
    return render(request, "forms.html", FormsPage(tuple(_line(one) for one in overviews)))


@router.get("/forms/{code}")
async def read_form(request: Request, session: Transaction, subject: CanReadForms, code: FormCode) -> Response:
    return render(request, "form.html", _page(subject, await service.get_overview(session, code)))


@router.post("/forms/{code}/publication")
async def publish_form(request: Request, session: Transaction, subject: CanPublishForms, code: FormCode) -> Response:
    try:
        published = await service.publish_version(session, subject, code)
    except (FormUnchanged, FormEmpty, FormNotJudgeable) as refusal:
        page = _page(subject, await service.get_overview(session, code), refusal.detail)
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


def _page(subject: Subject, overview: FormOverview, refusal: str | None = None) -> FormPage:
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
        added=overview.pending.added,
        removed=overview.pending.removed,
        revised=overview.pending.revised,
        may_publish=subject.may(Permission.FORM_PUBLISH) and overview.is_changed,
        refusal=refusal,
    )


def _field(one: FormField) -> FieldLine:
    return FieldLine(
        identifier=one.identifier,
        label=one.spec.label,
        unit=one.spec.domain.unit or "",
        source=word("source", one.spec.source),
        is_required=one.obligation == "mandatory",
        definition=one.definition or "",
    )
