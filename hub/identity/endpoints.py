"""People and API clients, for administrators; one's own password, for everybody."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from hub.identity import clients, openid_sign_in, people, repository, second_factor, secrets, sessions
from hub.identity.dependencies import SignedIn, requires, session_cookie
from hub.identity.roles import Permission
from hub.identity.schemas import (
    ApiClientCreate,
    ApiClientRead,
    ApiClientSecretRead,
    ApiClientUpdate,
    PasswordChange,
    PasswordIssued,
    PersonCreate,
    PersonRead,
    PersonUpdate,
    SecretIssued,
)
from hub.identity.subject import Subject
from hub.kit.paging import After, Limit, Page, decode_key, page_of, page_within
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction

router = ApiRouter(tags=["identity"])

CanManageIdentity = Annotated[Subject, Depends(requires(Permission.IDENTITY_MANAGE))]


@router.get("/people")
async def list_people(
    session: Transaction,
    subject: CanManageIdentity,
    *,
    q: Annotated[str, Query(max_length=100, description="part of a name or username")] = "",
    organization: Annotated[str, Query(max_length=100)] = "",
    role: Annotated[str, Query(max_length=40)] = "",
    limit: Limit = 100,
    after: After = None,
) -> Page[PersonRead]:
    asked = repository.PeopleAsked(q.strip(), organization, role)
    found = await repository.list_people(session, limit=limit + 1, after=decode_key(after), asked=asked)
    return page_of(found, limit, read=PersonRead.of, key=lambda person: [person.username])


@router.post("/people", status_code=201)
async def create_person(session: Transaction, subject: CanManageIdentity, body: PersonCreate) -> PasswordIssued:
    """Make a person; the answer holds the first password, which is shown once."""
    password = secrets.new_password()
    password_hash = await secrets.hash_password(password)
    await people.create_person(session, subject.actor, **body.model_dump(), password_hash=password_hash)
    return PasswordIssued(username=body.username, password=password)


@router.get("/people/{username}")
async def read_person(session: Transaction, subject: CanManageIdentity, username: str) -> PersonRead:
    return PersonRead.of(await people.get_person(session, username))


@router.patch("/people/{username}")
async def update_person(
    session: Transaction, subject: CanManageIdentity, username: str, body: PersonUpdate
) -> PersonRead:
    """Name, organisation, roles; other rights end the person's sessions and tokens."""
    return PersonRead.of(await people.update_person(session, subject.actor, username, **body.model_dump()))


@router.post("/people/{username}/password-reset", status_code=201)
async def reset_password(session: Transaction, subject: CanManageIdentity, username: str) -> PasswordIssued:
    password = await people.reset_password(session, subject.actor, username)
    return PasswordIssued(username=username, password=password)


@router.post("/people/{username}/disablement", status_code=201)
async def disable_person(session: Transaction, subject: CanManageIdentity, username: str) -> PersonRead:
    """End a person's access at once: sessions and tokens included."""
    return PersonRead.of(await people.disable_person(session, subject.actor, username))


@router.post("/people/{username}/enablement", status_code=201)
async def enable_person(session: Transaction, subject: CanManageIdentity, username: str) -> PersonRead:
    return PersonRead.of(await people.enable_person(session, subject.actor, username))


@router.delete("/people/{username}/sessions", status_code=204, response_class=Response)
async def end_sessions(session: Transaction, subject: CanManageIdentity, username: str) -> Response:
    """Every browser and token of the person, at once."""
    await sessions.end_all(session, subject.actor, username)
    return Response(status_code=204)


@router.delete("/people/{username}/second-factor", status_code=204, response_class=Response)
async def reset_second_factor(session: Transaction, subject: CanManageIdentity, username: str) -> Response:
    """For who lost telephone and recovery codes; the person's sessions end."""
    await second_factor.reset(session, subject.actor, username)
    return Response(status_code=204)


@router.delete("/people/{username}/openid-subject", status_code=204, response_class=Response)
async def unbind_openid(session: Transaction, subject: CanManageIdentity, username: str) -> Response:
    """The next sign-in through the provider binds its account anew."""
    await openid_sign_in.unbind(session, subject.actor, username)
    return Response(status_code=204)


@router.post("/account/password", status_code=204, response_class=Response)
async def change_password(session: Transaction, subject: SignedIn, request: Request, body: PasswordChange) -> Response:
    """Change one's own password; every other session of the person ends."""
    await people.change_password(
        session,
        subject,
        old_password=body.old_password,
        new_password=body.new_password,
        session_token=request.cookies.get(session_cookie()),
    )
    return Response(status_code=204)


@router.get("/api-clients")
async def list_clients(
    session: Transaction, subject: CanManageIdentity, limit: Limit = 100, after: After = None
) -> Page[ApiClientRead]:
    found = await repository.list_clients(session, limit=limit + 1, after=decode_key(after))
    return page_of(found, limit, read=ApiClientRead.of, key=lambda client: [client.client_id])


@router.post("/api-clients", status_code=201)
async def create_client(session: Transaction, subject: CanManageIdentity, body: ApiClientCreate) -> SecretIssued:
    _client, secret = await clients.create_client(session, subject.actor, **body.model_dump())
    return SecretIssued(client_id=body.client_id, client_secret=secret)


@router.get("/api-clients/{client_id}")
async def read_client(session: Transaction, subject: CanManageIdentity, client_id: str) -> ApiClientRead:
    return ApiClientRead.of(await clients.get_client(session, client_id))


@router.patch("/api-clients/{client_id}")
async def update_client(
    session: Transaction, subject: CanManageIdentity, client_id: str, body: ApiClientUpdate
) -> ApiClientRead:
    """Its name, and the networks it may call from."""
    client = await clients.get_client(session, client_id)
    return ApiClientRead.of(await clients.update_client(session, subject.actor, client, **body.model_dump()))


@router.get("/api-clients/{client_id}/secrets")
async def list_secrets(
    session: Transaction, subject: CanManageIdentity, client_id: str, limit: Limit = 100, after: After = None
) -> Page[ApiClientSecretRead]:
    client = await clients.get_client(session, client_id)
    return page_within(
        await repository.list_live_secrets(session, client.id),
        after,
        limit,
        read=lambda row: ApiClientSecretRead(id=str(row.id), created_at=row.created_at),
        key=lambda row: [str(row.id)],
    )


@router.post("/api-clients/{client_id}/secrets", status_code=201)
async def create_secret(session: Transaction, subject: CanManageIdentity, client_id: str) -> SecretIssued:
    """A second secret, so that the first can be replaced without a gap."""
    client = await clients.get_client(session, client_id)
    return SecretIssued(client_id=client_id, client_secret=await clients.create_secret(session, subject.actor, client))


@router.delete("/api-clients/{client_id}/secrets/{secret_id}", status_code=204, response_class=Response)
async def revoke_secret(session: Transaction, subject: CanManageIdentity, client_id: str, secret_id: UUID) -> Response:
    client = await clients.get_client(session, client_id)
    secret = await clients.get_live_secret(session, client, secret_id)
    await clients.revoke_secret(session, subject.actor, client, secret)
    return Response(status_code=204)


@router.post("/api-clients/{client_id}/disablement", status_code=201)
async def disable_client(session: Transaction, subject: CanManageIdentity, client_id: str) -> ApiClientRead:
    """End a program's access at once, tokens included."""
    client = await clients.get_client(session, client_id)
    await clients.disable_client(session, subject.actor, client)
    return ApiClientRead.of(client)


@router.post("/api-clients/{client_id}/enablement", status_code=201)
async def enable_client(session: Transaction, subject: CanManageIdentity, client_id: str) -> ApiClientRead:
    client = await clients.get_client(session, client_id)
    await clients.enable_client(session, subject.actor, client)
    return ApiClientRead.of(client)
