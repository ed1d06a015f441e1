"""People, for administrators, in a browser."""

from collections.abc import Awaitable, Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity import factors_repository as factors
from hub.identity import openid_sign_in, organizations, people, repository, second_factor, secrets, sessions
from hub.identity.endpoints import CanManageIdentity
from hub.identity.errors import LastAdministrator, NameTaken, OrganizationClosed
from hub.identity.models import Person
from hub.identity.people_page import (
    PasswordIssuedPage,
    PeoplePage,
    PersonForm,
    PersonPage,
    organization_choices,
    person_line,
    role_choices,
)
from hub.identity.repository import PeopleAsked
from hub.identity.roles import Role
from hub.identity.schemas import PersonCreate
from hub.identity.words import role_words
from hub.kit.errors import ErrorItem, HubError
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_key, encode_position
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.typed import chosen, texts, validated
from hub.kit.views import faults_by_field, render, see_other

router = HubRouter(tags=["identity"])

LINES_OF_A_PAGE = 50

Word = Annotated[str, Query(max_length=100)]
Username = Annotated[str, Path(max_length=64)]


@router.get("/people")
async def list_people(
    request: Request,
    session: Transaction,
    subject: CanManageIdentity,
    *,
    q: Word = "",
    organization: Word = "",
    role: Word = "",
    state: Word = "",
    after: After = None,
) -> Response:
    asked = {"q": q.strip(), "organization": organization, "role": role, "state": state}
    meant = PeopleAsked(asked["q"], organization, role, {"active": False, "disabled": True}.get(state))
    found = await repository.list_people(session, limit=LINES_OF_A_PAGE + 1, after=decode_key(after), asked=meant)
    shown = found[:LINES_OF_A_PAGE]
    enrolled = await factors.list_enrolled(session, [person.id for person in shown])
    page = PeoplePage(
        lines=tuple(person_line(person, has_second_factor=person.id in enrolled) for person in shown),
        asked=asked,
        organizations=organization_choices(await organizations.list_organizations(session), but_keep=organization),
        roles=tuple(Choice(one.value, role_words(one)) for one in Role),
        next=_next(asked, shown[-1].username) if len(found) > LINES_OF_A_PAGE else None,
    )
    return render(request, "people.html", page)


def _next(asked: Mapping[str, str], last: str) -> str:
    query = {name: value for name, value in asked.items() if value} | {"after": encode_position([last])}
    return "/people?" + urlencode(query)


@router.get("/people/new")
async def read_new(
    request: Request, session: Transaction, subject: CanManageIdentity, organization: Word = ""
) -> Response:
    form = await _form(session, {"organization": organization}, frozenset(), {})
    return render(request, "person_new.html", form)


@router.post("/people")
async def create_person(request: Request, session: Transaction, subject: CanManageIdentity) -> Response:
    """The answer holds the first password, which is shown this once."""
    form = await request.form()
    typed, roles = texts(form), chosen(form, "roles")
    password = secrets.new_password()
    try:
        body = validated(PersonCreate, {**typed, "roles": roles})
        password_hash = await secrets.hash_password(password)
        await people.create_person(session, subject.actor, **body.model_dump(), password_hash=password_hash)
    except HubError as refusal:
        page = await _form(session, typed, frozenset(roles), faults_by_field(_placed(refusal, "username")))
        return render(request, "person_new.html", page, status=refusal.status)
    return _issued(request, PasswordIssuedPage(body.username, body.display_name, password, is_new=True))


def _placed(refusal: HubError, field: str) -> tuple[ErrorItem, ...]:
    """A refusal that names no field is about one all the same."""
    known: Mapping[type[HubError], str] = {NameTaken: "username", OrganizationClosed: "organization"}
    place = next((name for kind, name in known.items() if isinstance(refusal, kind)), field)
    return refusal.errors or (ErrorItem(f"/{place}", refusal.code, refusal.detail),)


def _issued(request: Request, page: PasswordIssuedPage) -> Response:
    response = render(request, "password_issued.html", page)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _form(
    session: AsyncSession, typed: Mapping[str, str], roles: frozenset[str], faults: Mapping[str, list[str]]
) -> PersonForm:
    held = await organizations.list_organizations(session)
    choices = (Choice("", _("请选择")), *organization_choices(held, but_keep=typed.get("organization", "")))
    return PersonForm(choices, role_choices(), typed, roles, faults)


@router.get("/people/{username}")
async def read_person(
    request: Request, session: Transaction, subject: CanManageIdentity, username: Username
) -> Response:
    return render(request, "person.html", await _page(session, await people.get_person(session, username)))


async def _page(
    session: AsyncSession,
    person: Person,
    *,
    typed: Mapping[str, str] | None = None,
    roles: frozenset[str] | None = None,
    faults: Mapping[str, list[str]] | None = None,
    fault: str | None = None,
) -> PersonPage:
    held = {"display_name": person.display_name, "organization": person.organization.code}
    enrolled = await factors.list_enrolled(session, [person.id])
    return PersonPage(
        line=person_line(person, has_second_factor=person.id in enrolled),
        form=await _form(session, typed or held, frozenset(person.roles) if roles is None else roles, faults or {}),
        created_at=person.created_at,
        is_bound_to_provider=person.openid_subject is not None,
        open_sessions=await sessions.count_open(session, person.id),
        fault=fault,
    )


@router.post("/people/{username}")
async def update_person(
    request: Request, session: Transaction, subject: CanManageIdentity, username: Username
) -> Response:
    person = await people.get_person(session, username)
    form = await request.form()
    typed, roles = texts(form), chosen(form, "roles")
    try:
        body = validated(PersonCreate, {**typed, "username": "unchanged", "roles": roles})
        given = body.model_dump(exclude={"username"})
        await people.update_person(session, subject.actor, username, **given)
    except HubError as refusal:
        faults = faults_by_field(_placed(refusal, "roles"))
        page = await _page(session, person, typed=typed, roles=frozenset(roles), faults=faults)
        return render(request, "person.html", page, status=refusal.status)
    return see_other(f"/people/{username}", notice=_("已保存。"))


@router.post("/people/{username}/password-reset")
async def reset_password(
    request: Request, session: Transaction, subject: CanManageIdentity, username: Username
) -> Response:
    password = await people.reset_password(session, subject.actor, username)
    person = await people.get_person(session, username)
    return _issued(request, PasswordIssuedPage(username, person.display_name, password, is_new=False))


@router.post("/people/{username}/disablement")
async def disable_person(
    request: Request, session: Transaction, subject: CanManageIdentity, username: Username
) -> Response:
    done = people.disable_person(session, subject.actor, username)
    return await _after(request, session, username, done, _("已停用，登录和令牌立即失效。"))


@router.post("/people/{username}/enablement")
async def enable_person(
    request: Request, session: Transaction, subject: CanManageIdentity, username: Username
) -> Response:
    done = people.enable_person(session, subject.actor, username)
    return await _after(request, session, username, done, _("已启用。"))


@router.post("/people/{username}/sessions-end")
async def end_sessions(
    request: Request, session: Transaction, subject: CanManageIdentity, username: Username
) -> Response:
    done = sessions.end_all(session, subject.actor, username)
    return await _after(request, session, username, done, _("已退出此人的全部登录。"))


@router.post("/people/{username}/second-factor-reset")
async def reset_second_factor(
    request: Request, session: Transaction, subject: CanManageIdentity, username: Username
) -> Response:
    done = second_factor.reset(session, subject.actor, username)
    return await _after(request, session, username, done, _("已解除此人的动态验证码。"))


@router.post("/people/{username}/openid-unbind")
async def unbind_openid(
    request: Request, session: Transaction, subject: CanManageIdentity, username: Username
) -> Response:
    done = openid_sign_in.unbind(session, subject.actor, username)
    return await _after(request, session, username, done, _("已解除与统一身份认证账号的绑定。"))


async def _after(
    request: Request, session: AsyncSession, username: str, done: Awaitable[object], notice: str
) -> Response:
    """Back to the person with a sentence; or the person's page with why it was not done."""
    try:
        await done
    except (LastAdministrator, OrganizationClosed) as refusal:
        page = await _page(session, await people.get_person(session, username), fault=refusal.detail)
        return render(request, "person.html", page, status=refusal.status)
    return see_other(f"/people/{username}", notice=notice)
