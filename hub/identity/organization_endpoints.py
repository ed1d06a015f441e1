"""Organisations, for administrators: made, renamed, given a contact, closed."""

from hub.identity import organizations
from hub.identity.endpoints import CanManageIdentity
from hub.identity.schemas import OrganizationCreate, OrganizationRead, OrganizationUpdate
from hub.kit.paging import After, Limit, Page, page_within
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction

router = ApiRouter(tags=["identity"])


@router.get("/organizations")
async def list_organizations(
    session: Transaction, subject: CanManageIdentity, limit: Limit = 100, after: After = None
) -> Page[OrganizationRead]:
    found = await organizations.list_organizations(session)
    return page_within(found, after, limit, read=OrganizationRead.of, key=lambda one: [one.code])


@router.post("/organizations", status_code=201)
async def create_organization(
    session: Transaction, subject: CanManageIdentity, body: OrganizationCreate
) -> OrganizationRead:
    return OrganizationRead.of(await organizations.create(session, subject.actor, **body.model_dump()))


@router.put("/organizations/{code}")
async def update_organization(
    session: Transaction, subject: CanManageIdentity, code: str, body: OrganizationUpdate
) -> OrganizationRead:
    """Its name, and whom to ask about its data elements."""
    return OrganizationRead.of(await organizations.update(session, subject.actor, code, **body.model_dump()))


@router.post("/organizations/{code}/closure", status_code=201)
async def close_organization(session: Transaction, subject: CanManageIdentity, code: str) -> OrganizationRead:
    """Refused while it has people or programs that may come in."""
    return OrganizationRead.of(await organizations.close(session, subject.actor, code))


@router.delete("/organizations/{code}/closure")
async def reopen_organization(session: Transaction, subject: CanManageIdentity, code: str) -> OrganizationRead:
    return OrganizationRead.of(await organizations.reopen(session, subject.actor, code))
