"""Registering an element, or another version of it, in a browser."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any

from fastapi import Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity import organizations
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.typed import as_typed
from hub.kit.views import render, see_other
from hub.registry import repository, service
from hub.registry.breaking import Break
from hub.registry.definition import CONSTRAINTS, ElementDefinition
from hub.registry.endpoints import CanRegisterElements
from hub.registry.errors import (
    BreakingChange,
    DefinitionInvalid,
    IdentifierTaken,
    NothingChanged,
    RegistrationEnded,
)
from hub.registry.models import DataElementVersion
from hub.registry.register import breaks_between, check_proposal
from hub.registry.register_form import ReadForm, read_form, typed_of
from hub.registry.register_page import Alike, Offers, OnTheForm, RegisterPage, form_parts
from hub.registry.specifications import element_definition
from hub.registry.surroundings import newest_code_lists
from hub.registry.words import element_label, word

router = HubRouter(tags=["registry"])

Identifier = Annotated[str, Path(max_length=80)]
CONFIRMED, BREAKING = "is_not_the_same", "breaking"


@dataclass(frozen=True)
class _Proposal:
    """What the form holds, and the version that it continues."""

    typed: dict[str, str]
    read: ReadForm
    held: DataElementVersion | None = None
    current: DataElementVersion | None = None

    @property
    def wants_to_save(self) -> bool:
        return self.typed.get("action") == "save"


@router.get("/data-elements/new")
async def ask_for_element(request: Request, session: Transaction, subject: CanRegisterElements) -> Response:
    typed = {
        "valid_from": clock.today().isoformat(),
        "submitting_organization": subject.organization.code,
        "collection_basis": "administrative",
        "sensitivity": "internal",
        "required": "yes",
    }
    return await _show(request, session, _Proposal(typed, ReadForm(None)))


@router.post("/data-elements/new")
async def register_element(request: Request, session: Transaction, subject: CanRegisterElements) -> Response:
    """Shows what it would be, and registers it once that was seen and nothing stands against it."""
    typed = as_typed(await request.form())
    proposal = _Proposal(typed, read_form(typed))
    return await _answer(request, session, subject, proposal)


@router.get("/data-elements/{identifier}/versions/new")
async def ask_for_version(
    request: Request, session: Transaction, subject: CanRegisterElements, identifier: Identifier
) -> Response:
    held = (await service.list_versions(session, identifier))[-1]
    typed = typed_of(element_definition(held)) | {"valid_from": _earliest(held).isoformat()}
    return await _show(request, session, _Proposal(typed, ReadForm(None), held))


@router.post("/data-elements/{identifier}/versions/new")
async def register_version(
    request: Request, session: Transaction, subject: CanRegisterElements, identifier: Identifier
) -> Response:
    held = (await service.list_versions(session, identifier))[-1]
    typed = as_typed(await request.form()) | {"identifier": identifier}
    read = read_form(typed, element_definition(held))
    current = await service.get_current(session, identifier)
    return await _answer(request, session, subject, _Proposal(typed, read, held, current))


def _earliest(held: DataElementVersion) -> Any:
    return max(clock.today(), held.valid_from)


async def _answer(request: Request, session: AsyncSession, subject: Subject, proposal: _Proposal) -> Response:
    element, faults = proposal.read.element, list(proposal.read.faults)
    if element is None:
        return await _show(request, session, proposal, faults=faults)
    held = element_definition(proposal.held) if proposal.held else None
    told = {item.pointer for item in faults}
    faults += [item for item in await check_proposal(session, subject, element, held=held) if item.pointer not in told]
    alike = await service.list_alike(session, element)
    breaks = await breaks_between(session, proposal.current, element) if proposal.current else []
    is_clear = not faults and (not alike or CONFIRMED in proposal.typed or proposal.held is not None)
    if proposal.wants_to_save and is_clear:
        try:
            return await _save(session, subject, proposal, element)
        except (DefinitionInvalid, IdentifierTaken, NothingChanged, BreakingChange, RegistrationEnded) as refusal:
            faults = list(refusal.errors) or [ErrorItem("", refusal.code, refusal.detail)]
            return await _show(
                request, session, proposal, faults=faults, alike=alike, breaks=breaks, status=refusal.status
            )
    return await _show(request, session, proposal, faults=faults, alike=alike, breaks=breaks)


async def _save(session: AsyncSession, subject: Subject, proposal: _Proposal, element: ElementDefinition) -> Response:
    if proposal.held is None:
        version = await service.register_data_element(session, subject, element)
        notice = _("已登记“{name}”，等另一人核准。").format(name=element_label(version))
    else:
        changes = _changes(element, proposal.held)
        version = await service.register_version(
            session, subject, element.identifier, changes, breaking=BREAKING in proposal.typed
        )
        notice = _("已登记第{version}版，等另一人核准。").format(version=version.version)
    return see_other(f"/data-elements/{version.identifier}", notice=notice)


def _changes(element: ElementDefinition, held: DataElementVersion) -> dict[str, Any]:
    """Everything that the form says; a day that was only offered is no change."""
    left_out = {"identifier", "domain", "code_list_version"}
    changes = {part.name: getattr(element, part.name) for part in fields(element) if part.name not in left_out}
    if not changes["position"]:
        changes["position"] = held.position
    if element.valid_from == _earliest(held):
        del changes["valid_from"]
    domain = {name: getattr(element.domain, name) for name in ("datatype", "code_list", *CONSTRAINTS)}
    return changes | {"domain": domain}


async def _show(
    request: Request,
    session: AsyncSession,
    proposal: _Proposal,
    *,
    faults: Sequence[ErrorItem] = (),
    alike: Sequence[DataElementVersion] = (),
    breaks: Sequence[Break] = (),
    status: int | None = None,
) -> Response:
    held, typed = proposal.held, proposal.typed
    parts, links = form_parts(typed, faults, await _offers(session), is_new=held is None)
    element = proposal.read.element
    page = RegisterPage(
        identifier=held.identifier if held else "",
        name=element_label(held) if held else "",
        version=held.version + 1 if held else None,
        action=f"/data-elements/{held.identifier}/versions/new" if held else "/data-elements/new",
        parts=parts,
        faults=links,
        alike=tuple(_alike(one) for one in alike) if held is None else (),
        is_alike_confirmed=CONFIRMED in typed,
        breaks=tuple(dict.fromkeys(found.message for found in breaks)),
        is_breaking=BREAKING in typed,
        preview=await _on_the_form(session, element) if element is not None and not faults else None,
    )
    return render(request, "element_form.html", page, status=status or (422 if faults else 200))


def _alike(version: DataElementVersion) -> Alike:
    facets = "，".join(f"{word('facet', name)} {word('facet_value', value)}" for name, value in version.facets.items())
    return Alike(
        version.identifier,
        element_label(version),
        version.definition or "",
        f"{word('object_class', version.object_class)} · {word('period_type', version.period_type)} · {facets}",
        word("status", version.registration_status),
    )


async def _offers(session: AsyncSession) -> Offers:
    units, topics = await repository.list_units(session), await repository.list_topics(session)
    return Offers(
        organizations=tuple(
            Choice(one.code, one.name)
            for one in await organizations.list_organizations(session)
            if one.kind in {"authority", "department"}
        ),
        code_lists=tuple(
            Choice(name, f"{one.name} ({name})") for name, one in (await newest_code_lists(session)).items()
        ),
        units=tuple(Choice(unit, unit) for unit in units),
        topics=tuple(Choice(topic, topic) for topic in topics),
    )


async def _on_the_form(session: AsyncSession, element: ElementDefinition) -> OnTheForm:
    notes = {"derived": _("自动计算"), "supplied": _("部门提供")}
    lists = await newest_code_lists(session)
    code_list = lists.get(element.domain.code_list or "")
    values = code_list.permissible_values if code_list else ()
    return OnTheForm(
        form=_("{object}{period}报表").format(
            object=word("object_class", element.object_class), period=word("period_type", element.period_type)
        ),
        section=element.topic,
        label=element.name_zh,
        unit=element.domain.unit or "",
        note=notes.get(element.source, _("必填") if element.is_required else _("选填")),
        definition=element.definition or "",
        choices=tuple(Choice(item.value, f"{item.value} {item.meaning}") for item in values),
    )
