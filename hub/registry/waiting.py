"""What waits for a second person: proposals that somebody may approve, and one's own that wait for others."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.registry import repository, rows
from hub.registry.models import DataElementVersion, RuleVersion
from hub.registry.statuses import RegistrationStatus

# Complete enough to be approved; an incomplete one waits for whoever proposed it.
READY = frozenset({RegistrationStatus.CANDIDATE, RegistrationStatus.RECORDED})
MOST = 500


@dataclass(frozen=True)
class Waiting:
    """`for_me`: this person may approve it. `mine`: this person proposed it, and somebody else must approve it."""

    elements_for_me: tuple[DataElementVersion, ...]
    elements_of_mine: tuple[DataElementVersion, ...]
    rules_for_me: tuple[RuleVersion, ...]
    rules_of_mine: tuple[RuleVersion, ...]


async def list_waiting(session: AsyncSession, subject: Subject) -> Waiting:
    elements = await repository.list_pending(session, MOST)
    rules = await repository.list_pending_rules(session, MOST)
    stewards = {one.identifier: one.steward for one in await repository.list_current_of(session, _blamed(rules))}
    me = rows.proposer(subject.actor)
    return Waiting(
        tuple(one for one in elements if one.proposed_by != me and _may_decide(subject, one, one.steward)),
        tuple(one for one in elements if one.proposed_by == me),
        tuple(one for one in rules if one.proposed_by != me and _may_decide(subject, one, stewards.get(one.element))),
        tuple(one for one in rules if one.proposed_by == me),
    )


def _blamed(rules: Sequence[RuleVersion]) -> set[str]:
    return {rule.element for rule in rules}


def _may_decide(subject: Subject, item: DataElementVersion | RuleVersion, steward: str | None) -> bool:
    """As the service decides when it is asked (status.py): the registrar all, a steward the own."""
    if item.registration_status not in READY or not subject.may(Permission.DATA_ELEMENT_DECIDE):
        return False
    return subject.may(Permission.DATA_ELEMENT_REGISTER) or steward == subject.organization.code
