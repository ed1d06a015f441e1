"""A form's versions side by side, and what publishing would make of it beside what is published."""

from typing import Annotated

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.forms import service
from hub.forms.content import FormContent, FormField
from hub.forms.endpoints import CanReadForms, FormCode
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice, instant
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.registry.comparison import ComparisonPage, compare
from hub.registry.words import word

router = HubRouter(tags=["forms"])

# What publishing would freeze, among the numbers of what was frozen.
NEXT = "next"

Asked = Annotated[str, Query(max_length=10)]
Old = Annotated[str, Query(alias="from", max_length=10)]


@router.get("/forms/{code}/compare")
async def compare_form(
    request: Request,
    session: Transaction,
    _subject: CanReadForms,
    code: FormCode,
    old: Old = "",
    new: Annotated[str, Query(alias="to", max_length=10)] = "",
) -> Response:
    following = await service.get_next(session, code)
    published = {str(one.version): one for one in await service.list_versions(session, code)}
    known = [*published, NEXT]
    newer = new if new in known else NEXT
    before = known[: known.index(newer)] or [newer]
    older = old if old in known else before[-1]
    choices = [
        Choice(value, f"{_('第{version}版').format(version=value)} {instant(one.published_at)}")
        for value, one in published.items()
    ]
    page = ComparisonPage(
        title=following.name,
        trail=(("/forms", _("表单")), (f"/forms/{code}", following.name)),
        versions=(Choice(NEXT, _("下一版（尚未发布）")), *reversed(choices)),
        old=older,
        new=newer,
        lines=compare(
            _said(await _content(session, code, older, following)),
            _said(await _content(session, code, newer, following)),
        ),
    )
    return render(request, "comparison.html", page)


async def _content(session: AsyncSession, code: str, version: str, following: FormContent) -> FormContent:
    return following if version == NEXT else await service.get_form(session, code, int(version))


def _said(form: FormContent) -> dict[str, str]:
    """Every field and every rule, in the form's order."""
    fields = {f"{one.spec.name} {one.identifier}": _field(one) for one in form.fields}
    rules = {
        _("规则 {identifier}").format(identifier=rule.identifier): f"{rule.expression}\n{rule.message}"
        for rule in form.spec.rules
    }
    return {**fields, **rules}


def _field(one: FormField) -> str:
    domain = one.spec.domain
    parts = [
        one.section,
        word("datatype", domain.datatype),
        domain.unit or "",
        word("source", one.spec.source),
        _("必填") if one.obligation == "mandatory" else _("选填"),
        _("第{version}版").format(version=one.spec.version),
    ]
    codes = "，".join(f"{item.value} {item.meaning}" for item in domain.permissible_values)
    return "\n".join(part for part in (" · ".join(part for part in parts if part), one.definition or "", codes) if part)
