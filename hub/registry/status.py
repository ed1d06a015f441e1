"""Moving elements and rules along their registration status, by another person than who proposed them."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.identity import organizations
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.registry import repository, rows
from hub.registry.definition import QUALIFIED_NEEDS
from hub.registry.errors import (
    DataElementNotFound,
    DefinitionInvalid,
    NotQualifiable,
    NotSteward,
    OwnProposal,
    RuleNotFound,
    StatusMoveRefused,
    VersionNotFound,
)
from hub.registry.models import DataElementVersion, RuleVersion
from hub.registry.statuses import ENDED, QUALIFIED, RegistrationStatus, can_move, needs_second_person


async def change_registration_status(
    session: AsyncSession,
    subject: Subject,
    identifier: str,
    status: RegistrationStatus,
    *,
    note: str | None = None,
    version: int | None = None,
    superseded_by: str | None = None,
) -> list[DataElementVersion]:
    """Move a version on: the newest, or the one that is named. An end, without a version, ends the whole element.

    Answers the versions that were moved, oldest first.
    """
    await repository.lock_registry(session)
    versions = list(await repository.list_versions(session, identifier))
    if not versions:
        raise DataElementNotFound(identifier)
    moving = _chosen(versions, identifier, version, status)
    _check_steward(subject, {found.steward for found in moving})
    await _check_successor(session, identifier, status, superseded_by)
    for found in moving:
        _check_move(subject, RegistrationStatus(found.registration_status), status, found.proposed_by)
    if status in QUALIFIED:
        await _check_qualifiable(session, moving)
    for found in moving:
        old = RegistrationStatus(found.registration_status)
        found.registration_status = status.value
        found.superseded_by = superseded_by
        rows.add_status_change(session, subject.actor, "data_element", identifier, found.version, old, status, note)
    await session.flush()
    await audit.record(
        session,
        subject.actor,
        AuditAction.DATA_ELEMENT_CHANGE_STATUS,
        "data_element",
        identifier,
        details={"versions": [found.version for found in moving], "status": status.value},
    )
    return moving


async def approve_all(
    session: AsyncSession, subject: Subject, elements: Collection[str], rules: Collection[str], *, note: str
) -> None:
    """Qualify the newest versions of these elements and rules, checked and recorded as one by one."""
    await repository.lock_registry(session)
    versions = {found.identifier: found for found in await repository.list_newest(session)}
    moving = [versions[identifier] for identifier in elements]
    newest_rules = {found.identifier: found for found in await repository.list_newest_rules(session)}
    moving_rules = [newest_rules[identifier] for identifier in rules]
    _check_steward_of_each(subject, [found.steward for found in moving])
    _check_steward_of_each(subject, [versions[rule.element].steward for rule in moving_rules])
    await _check_qualifiable(session, moving)
    everything: list[DataElementVersion | RuleVersion] = [*moving, *moving_rules]
    events = []
    for found in everything:
        old = RegistrationStatus(found.registration_status)
        _check_move(subject, old, RegistrationStatus.QUALIFIED, found.proposed_by)
        found.registration_status = RegistrationStatus.QUALIFIED.value
        events.append(_moved(session, subject, found, old, note))
    await session.flush()
    await audit.record_all(session, events)


def _check_steward_of_each(subject: Subject, stewards: Iterable[str | None]) -> None:
    for steward in set(stewards):
        _check_steward(subject, {steward})


def _moved(
    session: AsyncSession,
    subject: Subject,
    found: DataElementVersion | RuleVersion,
    old: RegistrationStatus,
    note: str | None,
) -> audit.Event:
    """The move, added to the item's own history, and the event that tells of it."""
    is_element = isinstance(found, DataElementVersion)
    item = "data_element" if is_element else "rule"
    status = RegistrationStatus(found.registration_status)
    rows.add_status_change(session, subject.actor, item, found.identifier, found.version, old, status, note)
    action = AuditAction.DATA_ELEMENT_CHANGE_STATUS if is_element else AuditAction.RULE_CHANGE_STATUS
    told: dict[str, object] = {"versions": [found.version]} if is_element else {"version": found.version}
    return audit.Event(subject.actor, action, item, found.identifier, {**told, "status": status.value})


def _chosen(
    versions: list[DataElementVersion], identifier: str, version: int | None, status: RegistrationStatus
) -> list[DataElementVersion]:
    if version is not None:
        chosen = [found for found in versions if found.version == version]
        if not chosen:
            raise VersionNotFound(identifier, version)
        return chosen
    if status in ENDED:
        return [
            found for found in versions if can_move(RegistrationStatus(found.registration_status), status)
        ] or versions[-1:]
    return versions[-1:]


def _check_steward(subject: Subject, stewards: set[str | None]) -> None:
    """The registrar answers for the whole registry, a steward for what the own organisation stewards."""
    if not subject.may(Permission.DATA_ELEMENT_REGISTER) and stewards != {subject.organization.code}:
        raise NotSteward


def _check_move(subject: Subject, old: RegistrationStatus, new: RegistrationStatus, proposed_by: str) -> None:
    if not can_move(old, new):
        raise StatusMoveRefused(
            _("登记状态不能从 {old} 改为 {new}：只能向前，停用后不能恢复。").format(old=old.value, new=new.value)
        )
    if needs_second_person(new) and proposed_by == rows.proposer(subject.actor):
        raise OwnProposal


async def _check_successor(
    session: AsyncSession, identifier: str, status: RegistrationStatus, superseded_by: str | None
) -> None:
    """A superseded element points at the one that readers turn to; a retired one may."""
    if superseded_by is None:
        if status is RegistrationStatus.SUPERSEDED:
            raise _successor_fault("successor_missing", _("请写明由哪个数据元取代（superseded_by）。"))
        return
    if status not in ENDED:
        raise _successor_fault("successor_not_fitting", _("只有 superseded 和 retired 可以写明取代者。"))
    if superseded_by == identifier:
        raise _successor_fault("successor_same", _("不能由自己取代。"))
    successor = await repository.list_versions(session, superseded_by)
    if not any(found.registration_status not in ENDED for found in successor):
        raise _successor_fault("successor_unknown", _("取代者不存在或已停用。"))


def _successor_fault(code: str, message: str) -> DefinitionInvalid:
    return DefinitionInvalid([ErrorItem("/superseded_by", code, message)])


async def _check_qualifiable(session: AsyncSession, moving: Sequence[DataElementVersion]) -> None:
    """Nobody may be asked a field that nobody answers for (Order 809, art. 19; FEATURES R09)."""
    named = {
        "definition": _("定义（口径）"),
        "source_organization": _("数源部门"),
        "steward": _("管理单位"),
        "legal_basis": _("法律依据"),
    }
    held = {organization.code: organization for organization in await organizations.list_organizations(session)}
    faults: dict[str, ErrorItem] = {}
    for version in moving:
        for name in QUALIFIED_NEEDS:
            if not getattr(version, name):
                message = _("缺少{name}。").format(name=named[name])
                faults[name] = ErrorItem(f"/{name}", f"{name}_missing", message)
        owner = held.get(version.source_organization or "")
        if owner is not None and not owner.contact_phone:
            message = _("数源部门“{name}”没有登记联系电话。").format(name=owner.name)
            faults["contact"] = ErrorItem("/contact/phone", "contact_phone_missing", message)
    if faults:
        raise NotQualifiable(list(faults.values()))


async def change_rule_status(
    session: AsyncSession,
    subject: Subject,
    identifier: str,
    status: RegistrationStatus,
    *,
    note: str | None = None,
    version: int | None = None,
) -> RuleVersion:
    """Move a rule on: the newest version, or the one that is named; a superseded rule is simply retired."""
    await repository.lock_registry(session)
    versions = list(await repository.list_rule_versions(session, identifier))
    if not versions:
        raise RuleNotFound(identifier)
    chosen = [found for found in versions if version is None or found.version == version]
    if not chosen:
        raise VersionNotFound(identifier, version or 0)
    rule = chosen[-1]
    blamed = await repository.list_versions(session, rule.element)
    _check_steward(subject, {blamed[-1].steward if blamed else None})
    old = RegistrationStatus(rule.registration_status)
    _check_move(subject, old, status, rule.proposed_by)
    rule.registration_status = status.value
    event = _moved(session, subject, rule, old, note)
    await session.flush()
    await audit.record_all(session, [event])
    return rule
