"""Versions of an element or of a code list, side by side."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from hub.identity import organizations
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.registry import code_lists, service
from hub.registry.comparison import ComparisonPage, chosen_pair, compare, version_choices
from hub.registry.element_facts import facet_facts, facts
from hub.registry.endpoints import CanReadElements
from hub.registry.models import CodeList
from hub.registry.schemas import DataElementRead
from hub.registry.words import element_label, word

router = HubRouter(tags=["registry"])

Identifier = Annotated[str, Path(max_length=80)]
Old = Annotated[int | None, Query(alias="from", ge=1, le=1_000_000)]
New = Annotated[int | None, Query(alias="to", ge=1, le=1_000_000)]


@router.get("/data-elements/{identifier}/compare")
async def compare_element(
    request: Request,
    session: Transaction,
    _subject: CanReadElements,
    identifier: Identifier,
    old: Old = None,
    new: New = None,
) -> Response:
    versions = await service.list_versions(session, identifier)
    pair = chosen_pair([one.version for one in versions], old, new)
    shown = [next(one for one in versions if one.version == version) for version in pair]
    named = {one.code: one.name for one in await organizations.list_organizations(session)}
    before, after = [DataElementRead.of(one) for one in await service.describe(session, shown)]
    page = ComparisonPage(
        title=element_label(shown[1]),
        trail=(("/data-elements", _("数据元")), (f"/data-elements/{identifier}", element_label(shown[1]))),
        versions=version_choices((one.version, word("status", one.registration_status)) for one in versions),
        old=str(pair[0]),
        new=str(pair[1]),
        lines=compare(_said(before, named), _said(after, named)),
    )
    return render(request, "comparison.html", page)


def _said(version: DataElementRead, organizations_named: dict[str, str]) -> dict[str, str]:
    """What a version says, nothing left out: facets and permissible values too."""
    values = "\n".join(f"{item.value} {item.meaning}" for item in version.value_domain.permissible_values or ())
    said = [
        (_("名称"), version.names.zh),
        (_("口径"), version.definition or ""),
        *facet_facts(version),
        *facts(version, organizations_named),
        (_("允许的取值"), values),
    ]
    return {label: text for label, text in said if text}


@router.get("/code-lists/{identifier}/compare")
async def compare_code_list(
    request: Request,
    session: Transaction,
    _subject: CanReadElements,
    identifier: Identifier,
    old: Old = None,
    new: New = None,
) -> Response:
    versions = {one.version: one for one in await code_lists.list_versions(session, identifier)}
    pair = chosen_pair(list(versions), old, new)
    before, after = (versions[version] for version in pair)
    page = ComparisonPage(
        title=after.name,
        trail=(("/code-lists", _("代码表")), (f"/code-lists/{identifier}", after.name)),
        versions=version_choices((version, "") for version in versions),
        old=str(pair[0]),
        new=str(pair[1]),
        lines=compare(_values(before), _values(after)),
    )
    return render(request, "comparison.html", page)


def _values(code_list: CodeList) -> dict[str, str]:
    said = {_("名称"): code_list.name, _("出处"): code_list.source or ""}
    codes = {_("代码 {value}").format(value=item.value): item.meaning for item in code_list.permissible_values}
    return {label: text for label, text in {**said, **codes}.items() if text}
