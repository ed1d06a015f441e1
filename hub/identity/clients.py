"""A department's programs: made, given secrets, rotated, disabled, and recognised."""

import ipaddress
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.identity import repository, secrets, throttling
from hub.identity.authentication import is_allowed_from
from hub.identity.errors import InvalidClient, NameTaken, OrganizationClosed, TooManySecrets
from hub.identity.models import ApiClient, ApiClientSecret
from hub.kit import clock
from hub.kit.errors import ErrorItem, NotFound, Unprocessable
from hub.kit.i18n import gettext as _

LIVE_SECRETS = 2


async def create_client(
    session: AsyncSession,
    actor: Actor,
    *,
    client_id: str | None = None,
    name: str,
    organization: str,
    allowed_networks: Sequence[str] = (),
) -> tuple[ApiClient, str]:
    """A client and its first secret, which is shown now and never again. Without an id it gets its department's."""
    owner = await repository.get_organization(session, organization)
    if owner is None:
        raise NotFound(_("没有编码为 {code} 的单位。").format(code=organization))
    if owner.closed_at is not None:
        raise OrganizationClosed(_("单位“{name}”已停用。").format(name=owner.name))
    if client_id is None:
        client_id = await _free_id(session, organization)
    elif await repository.get_client(session, client_id) is not None:
        raise NameTaken(_("客户端编号 {client_id} 已被使用。").format(client_id=client_id))
    check_networks(allowed_networks)
    client = ApiClient(
        client_id=client_id,
        name=name,
        organization=owner,
        organization_id=owner.id,
        allowed_networks=list(allowed_networks),
    )
    repository.add(session, client)
    await session.flush()
    await audit.record(session, actor, AuditAction.API_CLIENT_CREATE, "api_client", client_id)
    return client, await create_secret(session, actor, client)


async def _free_id(session: AsyncSession, organization: str) -> str:
    """The department's code; for its second program and those after it, with a number."""
    number, client_id = 1, organization
    while await repository.get_client(session, client_id) is not None:
        number += 1
        client_id = f"{organization}-{number}"
    return client_id


def check_networks(networks: Sequence[str]) -> None:
    faults = []
    for index, network in enumerate(networks):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            message = _("{network} 不是有效的网段，例如 10.1.2.0/24。").format(network=network)
            faults.append(ErrorItem(f"/allowed_networks/{index}", "network_not_valid", message))
    if faults:
        raise Unprocessable(_("地址名单有误。"), errors=faults)


async def create_secret(session: AsyncSession, actor: Actor, client: ApiClient) -> str:
    """Another secret beside the live one, so that it can be rotated without a gap."""
    if len(await repository.list_live_secrets(session, client.id)) >= LIVE_SECRETS:
        raise TooManySecrets(_("这个客户端已有两个有效密钥，请先撤销一个。"))
    secret = secrets.new_secret("hubs")
    row = ApiClientSecret(api_client_id=client.id, secret_sha256=secrets.digest(secret))
    repository.add(session, row)
    await session.flush()
    await audit.record(
        session,
        actor,
        AuditAction.API_CLIENT_SECRET_CREATE,
        "api_client",
        client.client_id,
        details={"secret": str(row.id)},
    )
    return secret


async def list_live_secrets(session: AsyncSession, client: ApiClient) -> Sequence[ApiClientSecret]:
    return await repository.list_live_secrets(session, client.id)


async def get_live_secret(session: AsyncSession, client: ApiClient, secret_id: UUID) -> ApiClientSecret:
    live = {row.id: row for row in await repository.list_live_secrets(session, client.id)}
    if secret_id not in live:
        raise NotFound(_("没有这个有效密钥。"))
    return live[secret_id]


async def revoke_secret(session: AsyncSession, actor: Actor, client: ApiClient, secret: ApiClientSecret) -> None:
    """End a secret and every token it obtained, at once."""
    secret.revoked_at = clock.now()
    await repository.revoke_tokens_of_secret(session, secret.id, secret.revoked_at)
    await audit.record(
        session,
        actor,
        AuditAction.API_CLIENT_SECRET_REVOKE,
        "api_client",
        client.client_id,
        details={"secret": str(secret.id)},
    )


async def update_client(
    session: AsyncSession,
    actor: Actor,
    client: ApiClient,
    *,
    name: str | None = None,
    allowed_networks: Sequence[str] | None = None,
) -> ApiClient:
    """Its name, and from where it may call; tokens it holds are held to the new list from the next call on."""
    changed = []
    if name is not None and name != client.name:
        client.name = name
        changed.append("name")
    if allowed_networks is not None and list(allowed_networks) != client.allowed_networks:
        check_networks(allowed_networks)
        client.allowed_networks = list(allowed_networks)
        changed.append("allowed_networks")
    if changed:
        details = {"changed": changed}
        await audit.record(
            session, actor, AuditAction.API_CLIENT_UPDATE, "api_client", client.client_id, details=details
        )
    return client


async def disable_client(session: AsyncSession, actor: Actor, client: ApiClient) -> None:
    client.disabled_at = clock.now()
    await repository.revoke_tokens_of_client(session, client.id, client.disabled_at)
    await audit.record(session, actor, AuditAction.API_CLIENT_DISABLE, "api_client", client.client_id)


async def enable_client(session: AsyncSession, actor: Actor, client: ApiClient) -> None:
    """It may ask for tokens again, with its live secrets; those it held stay ended."""
    if client.organization.closed_at is not None:
        raise OrganizationClosed(_("单位“{name}”已停用。").format(name=client.organization.name))
    client.disabled_at = None
    await audit.record(session, actor, AuditAction.API_CLIENT_ENABLE, "api_client", client.client_id)


async def get_client(session: AsyncSession, client_id: str) -> ApiClient:
    client = await repository.get_client(session, client_id)
    if client is None:
        raise NotFound(_("没有编号为 {client_id} 的客户端。").format(client_id=client_id))
    return client


async def authenticate_client(
    session: AsyncSession, client_id: str, secret: str, address: str
) -> tuple[ApiClient, ApiClientSecret]:
    """The client with this id and secret.

    Raises `InvalidClient` for every kind of mismatch, in one sentence; the caller notes the failure
    with `throttling.note_failure` in a transaction of its own. Raises `SignInThrottled` after too many.
    """
    await throttling.check(session, client_id, address)
    client = await repository.get_client(session, client_id)
    given = secrets.digest(secret)
    if client is not None and client.disabled_at is None and is_allowed_from(client.allowed_networks, address):
        for live in await repository.list_live_secrets(session, client.id):
            if secrets.same(live.secret_sha256, given):
                return client, live
    raise InvalidClient(_("客户端编号或密钥不对，或不在允许的地址上。"), extra={"error": "invalid_client"})
