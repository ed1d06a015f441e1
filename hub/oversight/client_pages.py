"""A department's programs, for administrators: made, given secrets, held to addresses, disabled; what they may read
and how much they do.
"""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.grants import service as grants
from hub.grants.words import TONES, state_words
from hub.identity import clients, organizations, repository
from hub.identity.endpoints import CanManageIdentity
from hub.identity.errors import NameTaken, OrganizationClosed, TooManySecrets
from hub.identity.models import ApiClient
from hub.identity.people_page import organization_choices
from hub.identity.schemas import ApiClientCreate, ApiClientUpdate
from hub.kit import clock
from hub.kit.errors import ErrorItem, HubError
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_key, encode_position
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.typed import texts, validated
from hub.kit.views import faults_by_field, render, see_other
from hub.oversight import traffic
from hub.oversight.traffic import Span, Traffic

router = HubRouter(tags=["oversight"])

LINES_OF_A_PAGE = 50
DAYS_SHOWN = 30
GRANTS_SHOWN = 200

ClientId = Annotated[str, Path(max_length=64)]
Word = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True)
class ClientLine:
    client_id: str
    name: str
    organization: str
    networks: tuple[str, ...]
    last_used_at: datetime | None
    is_disabled: bool


@dataclass(frozen=True)
class ClientsPage:
    """`organization`: the filter as it was asked."""

    lines: tuple[ClientLine, ...]
    organizations: tuple[Choice, ...]
    organization: str
    next: str | None


@dataclass(frozen=True)
class ClientForm:
    """A new program: what was typed, with every fault at its field. Networks are typed one to a line."""

    organizations: tuple[Choice, ...]
    typed: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


@dataclass(frozen=True)
class SecretLine:
    id: str
    created_at: datetime


@dataclass(frozen=True)
class GrantLine:
    number: str
    state: str
    tone: str
    scenario: str


@dataclass(frozen=True)
class ClientPage:
    """One program. `secret`: a new one, shown this once. `fault`: why the last button did nothing."""

    line: ClientLine
    created_at: datetime
    secrets: tuple[SecretLine, ...]
    grants: tuple[GrantLine, ...]
    traffic: Traffic
    form: ClientForm
    may_have_secret: bool
    secret: str | None = None
    fault: str | None = None


@router.get("/api-clients")
async def list_clients(
    request: Request,
    session: Transaction,
    subject: CanManageIdentity,
    organization: Word = "",
    after: After = None,
) -> Response:
    found = await repository.list_clients(
        session, limit=LINES_OF_A_PAGE + 1, after=decode_key(after), organization=organization
    )
    shown = found[:LINES_OF_A_PAGE]
    query = {"organization": organization, "after": encode_position([shown[-1].client_id])} if shown else {}
    page = ClientsPage(
        lines=tuple(_line(client) for client in shown),
        organizations=organization_choices(await organizations.list_organizations(session), but_keep=organization),
        organization=organization,
        next="/api-clients?" + urlencode(query) if len(found) > LINES_OF_A_PAGE else None,
    )
    return render(request, "api_clients.html", page)


def _line(client: ApiClient) -> ClientLine:
    return ClientLine(
        client.client_id,
        client.name,
        client.organization.name,
        tuple(client.allowed_networks),
        client.last_used_at,
        client.disabled_at is not None,
    )


@router.get("/api-clients/new")
async def read_new(
    request: Request, session: Transaction, subject: CanManageIdentity, organization: Word = ""
) -> Response:
    return render(request, "api_client_new.html", await _form(session, {"organization": organization}, {}))


async def _form(session: AsyncSession, typed: Mapping[str, str], faults: Mapping[str, Sequence[str]]) -> ClientForm:
    held = await organizations.list_organizations(session)
    choices = (Choice("", _("请选择")), *organization_choices(held, but_keep=typed.get("organization", "")))
    return ClientForm(choices, typed, faults)


@router.post("/api-clients")
async def create_client(request: Request, session: Transaction, subject: CanManageIdentity) -> Response:
    """The answer holds the first secret, which is shown this once."""
    typed = texts(await request.form())
    try:
        body = validated(ApiClientCreate, {**typed, "allowed_networks": _networks(typed)})
        client, secret = await clients.create_client(session, subject.actor, **body.model_dump())
    except HubError as refusal:
        page = await _form(session, typed, faults_by_field(_placed(refusal)))
        return render(request, "api_client_new.html", page, status=refusal.status)
    return await _shown(request, session, subject, client, secret=secret)


def _networks(typed: Mapping[str, str]) -> list[str]:
    return typed.get("allowed_networks", "").replace(",", " ").replace("，", " ").split()


def _placed(refusal: HubError) -> Sequence[ErrorItem]:
    if isinstance(refusal, NameTaken):
        return (ErrorItem("/client_id", refusal.code, refusal.detail),)
    if isinstance(refusal, OrganizationClosed):
        return (ErrorItem("/organization", refusal.code, refusal.detail),)
    if not refusal.errors:
        raise refusal
    return refusal.errors


@router.get("/api-clients/{client_id}")
async def read_client(
    request: Request, session: Transaction, subject: CanManageIdentity, client_id: ClientId
) -> Response:
    return await _shown(request, session, subject, await clients.get_client(session, client_id))


async def _shown(
    request: Request,
    session: AsyncSession,
    subject: CanManageIdentity,
    client: ApiClient,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, Sequence[str]] | None = None,
    secret: str | None = None,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    live = await clients.list_live_secrets(session, client)
    today = clock.today()
    span = Span(today - timedelta(days=DAYS_SHOWN - 1), today)
    held = {"name": client.name, "allowed_networks": "\n".join(client.allowed_networks)}
    page = ClientPage(
        line=_line(client),
        created_at=client.created_at,
        secrets=tuple(SecretLine(str(row.id), row.created_at) for row in live),
        grants=await _grants(session, client),
        traffic=await traffic.count(session, subject, span, reader=client.client_id),
        form=await _form(session, typed or held, faults or {}),
        may_have_secret=len(live) < clients.LIVE_SECRETS and client.disabled_at is None,
        secret=secret,
        fault=fault,
    )
    response = render(request, "api_client.html", page, status=status)
    if secret is not None:
        response.headers["Cache-Control"] = "no-store"
    return response


async def _grants(session: AsyncSession, client: ApiClient) -> tuple[GrantLine, ...]:
    """What its department was granted: a program of it may be bound to any of these."""
    found = await grants.list_grants_of(session, client.organization.code, limit=GRANTS_SHOWN)
    return tuple(
        GrantLine(one.number, state_words(one.state), TONES.get(one.state, "plain"), one.scenario) for one in found
    )


@router.post("/api-clients/{client_id}")
async def update_client(
    request: Request, session: Transaction, subject: CanManageIdentity, client_id: ClientId
) -> Response:
    client = await clients.get_client(session, client_id)
    typed = texts(await request.form())
    try:
        given = {"name": typed.get("name", ""), "allowed_networks": _networks(typed)}
        body = validated(ApiClientCreate, {**given, "client_id": "unchanged", "organization": "unchanged"})
        changed = ApiClientUpdate(name=body.name, allowed_networks=body.allowed_networks)
        await clients.update_client(session, subject.actor, client, **changed.model_dump())
    except HubError as refusal:
        faults = faults_by_field(_placed(refusal))
        return await _shown(request, session, subject, client, typed=typed, faults=faults, status=refusal.status)
    return see_other(f"/api-clients/{client_id}", notice=_("已保存。"))


@router.post("/api-clients/{client_id}/secrets")
async def create_secret(
    request: Request, session: Transaction, subject: CanManageIdentity, client_id: ClientId
) -> Response:
    client = await clients.get_client(session, client_id)
    try:
        secret = await clients.create_secret(session, subject.actor, client)
    except TooManySecrets as refusal:
        return await _shown(request, session, subject, client, fault=refusal.detail, status=refusal.status)
    return await _shown(request, session, subject, client, secret=secret)


@router.post("/api-clients/{client_id}/secrets/{secret_id}/revocation")
async def revoke_secret(
    session: Transaction, subject: CanManageIdentity, client_id: ClientId, secret_id: UUID
) -> Response:
    client = await clients.get_client(session, client_id)
    secret = await clients.get_live_secret(session, client, secret_id)
    done = clients.revoke_secret(session, subject.actor, client, secret)
    return await _after(client_id, done, _("密钥已撤销，用它取得的令牌立即失效。"))


@router.post("/api-clients/{client_id}/disablement")
async def disable_client(session: Transaction, subject: CanManageIdentity, client_id: ClientId) -> Response:
    client = await clients.get_client(session, client_id)
    done = clients.disable_client(session, subject.actor, client)
    return await _after(client_id, done, _("已停用，令牌立即失效。"))


@router.post("/api-clients/{client_id}/enablement")
async def enable_client(session: Transaction, subject: CanManageIdentity, client_id: ClientId) -> Response:
    client = await clients.get_client(session, client_id)
    return await _after(client_id, clients.enable_client(session, subject.actor, client), _("已启用。"))


async def _after(client_id: str, done: Awaitable[object], notice: str) -> Response:
    await done
    return see_other(f"/api-clients/{client_id}", notice=notice)
