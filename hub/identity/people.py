"""People: made, given roles, disabled; their passwords changed by themselves or reset for them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.identity import repository, secrets
from hub.identity.errors import LastAdministrator, NameTaken, OrganizationClosed, PasswordNotAccepted
from hub.identity.models import Organization, Person
from hub.identity.roles import Role
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import ErrorItem, NotFound
from hub.kit.i18n import gettext as _
from hub.settings import settings


async def create_person(
    session: AsyncSession,
    actor: Actor,
    *,
    username: str,
    display_name: str,
    organization: str,
    roles: Sequence[Role],
    password_hash: str,
    must_change_password: bool = True,
) -> Person:
    """A person of an organisation. The password is hashed by the caller, before its transaction begins."""
    owner = await _open_organization(session, organization)
    if await repository.get_person(session, username) is not None:
        raise NameTaken(_("用户名 {username} 已被使用。").format(username=username))
    person = Person(
        username=username,
        display_name=display_name,
        password_hash=password_hash,
        must_change_password=must_change_password,
        organization=owner,
        organization_id=owner.id,
        roles=sorted({role.value for role in roles}),
    )
    repository.add(session, person)
    await session.flush()
    await audit.record(
        session, actor, AuditAction.PERSON_CREATE, "person", username, details={"roles": list(person.roles)}
    )
    return person


async def display_names(session: AsyncSession, usernames: Sequence[str]) -> dict[str, str]:
    """How people are called on pages, by username; programs and those who are gone are not among them."""
    return dict(await repository.list_display_names(session, usernames)) if usernames else {}


async def has_holder(session: AsyncSession, division: str, role: Role) -> bool:
    """Whether anybody of the organisations of this division has this role and may sign in."""
    return await repository.has_holder(session, division, role.value)


async def _open_organization(session: AsyncSession, code: str) -> Organization:
    owner = await repository.get_organization(session, code)
    if owner is None:
        raise NotFound(_("没有编码为 {code} 的单位。").format(code=code))
    if owner.closed_at is not None:
        raise OrganizationClosed(_("单位“{name}”已停用。").format(name=owner.name))
    return owner


async def update_person(
    session: AsyncSession,
    actor: Actor,
    username: str,
    *,
    display_name: str | None = None,
    organization: str | None = None,
    roles: Sequence[Role] | None = None,
) -> Person:
    """Change what is given. Other rights want another sign-in (ASVS 5.0, 7.2.4): sessions and tokens end."""
    person = await get_person(session, username)
    given = sorted(person.roles) if roles is None else sorted({role.value for role in roles})
    changed = [
        name
        for name, is_other in (
            ("display_name", display_name not in (None, person.display_name)),
            ("organization", organization not in (None, person.organization.code)),
            ("roles", given != sorted(person.roles)),
        )
        if is_other
    ]
    if not changed:
        return person
    if Role.ADMINISTRATOR not in given:
        await _keep_an_administrator(session, person)
    if display_name is not None:
        person.display_name = display_name
    if "organization" in changed and organization is not None:
        person.organization = await _open_organization(session, organization)
        person.organization_id = person.organization.id
    person.roles = given
    if changed != ["display_name"]:
        await end_access(session, person)
    details = {"changed": changed, "roles": given, "organization": person.organization.code}
    await audit.record(session, actor, AuditAction.PERSON_UPDATE, "person", username, details=details)
    return person


async def _keep_an_administrator(session: AsyncSession, person: Person) -> None:
    """Raise `LastAdministrator` when this person is the last who can let anybody in. Two changes at once meet here."""
    others = await repository.lock_administrators(session, Role.ADMINISTRATOR.value)
    if Role.ADMINISTRATOR in person.roles and person.disabled_at is None and others == [person.id]:
        raise LastAdministrator(
            _("{name}是唯一的系统管理员，不能停用或去掉这个角色；请先让另一个人成为系统管理员。").format(
                name=person.display_name
            )
        )


async def get_person(session: AsyncSession, username: str) -> Person:
    person = await repository.get_person(session, username)
    if person is None:
        raise NotFound(_("没有用户名为 {username} 的人员。").format(username=username))
    return person


def check_password(password: str, username: str) -> None:
    """Raise `PasswordNotAccepted` with everything that is wrong with a new password."""
    faults = secrets.password_faults(password, username, policy=settings().password_policy)
    if faults:
        errors = [ErrorItem("/new_password", "password_not_accepted", fault) for fault in faults]
        raise PasswordNotAccepted("".join(faults), errors=errors)


async def change_password(
    session: AsyncSession, subject: Subject, *, old_password: str, new_password: str, session_token: str | None
) -> None:
    """Change one's own password; every other session and every token of the person ends."""
    person = await get_person(session, subject.name)
    if not await secrets.verify_password(old_password, person.password_hash):
        fault = _("原密码不对。")
        raise PasswordNotAccepted(fault, errors=[ErrorItem("/old_password", "password_wrong", fault)])
    check_password(new_password, person.username)
    person.password_hash = await secrets.hash_password(new_password)
    person.must_change_password = False
    await end_access(session, person, keep=session_token)
    await audit.record(session, subject.actor, AuditAction.PASSWORD_CHANGE, "person", person.username)


async def reset_password(session: AsyncSession, actor: Actor, username: str) -> str:
    """A new password that an administrator hands over; the person must change it at the next sign-in."""
    person = await get_person(session, username)
    password = secrets.new_password()
    person.password_hash = await secrets.hash_password(password)
    person.must_change_password = True
    await end_access(session, person)
    await audit.record(session, actor, AuditAction.PASSWORD_RESET, "person", username)
    return password


async def disable_person(session: AsyncSession, actor: Actor, username: str) -> Person:
    """Nobody is deleted: the audit log names them. What they held ends at once."""
    person = await get_person(session, username)
    await _keep_an_administrator(session, person)
    person.disabled_at = person.disabled_at or clock.now()
    await end_access(session, person)
    await audit.record(session, actor, AuditAction.PERSON_DISABLE, "person", username)
    return person


async def enable_person(session: AsyncSession, actor: Actor, username: str) -> Person:
    """May sign in again, with the password of before; whoever forgot it is given a new one."""
    person = await get_person(session, username)
    if person.organization.closed_at is not None:
        raise OrganizationClosed(_("单位“{name}”已停用。").format(name=person.organization.name))
    person.disabled_at = None
    await audit.record(session, actor, AuditAction.PERSON_ENABLE, "person", username)
    return person


async def end_access(session: AsyncSession, person: Person, *, keep: str | None = None) -> None:
    """Every session and token of the person, but for the session whose token is kept."""
    now = clock.now()
    await repository.end_sessions(session, person.id, now, but=secrets.digest(keep) if keep else None)
    await repository.revoke_tokens_of_person(session, person.id, now)


async def has_anybody(session: AsyncSession) -> bool:
    return bool(await repository.list_people(session, limit=1))


async def comes_first(session: AsyncSession) -> bool:
    """Whether there is nobody yet, asked by whoever is about to make the first; others who ask wait for its end."""
    await repository.lock_first_people(session)
    return not await has_anybody(session)
