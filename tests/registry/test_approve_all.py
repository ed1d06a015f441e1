"""Approving a whole registry does what approving its parts one by one would do."""

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.registry.errors import NotSteward, OwnProposal
from hub.registry.models import RegistrationStatusChange
from hub.registry.status import approve_all
from tests.people import People
from tests.registry.factories import create_element

IDENTIFIERS = ("village_one", "village_two")


class TestApproveAll:
    async def test_moves_and_tells_of_each(self, session: AsyncSession, people: People) -> None:
        for identifier in IDENTIFIERS:
            await create_element(session, people, identifier=identifier, property_name=identifier, status=None)
        await approve_all(session, people.subject("registrar_two"), IDENTIFIERS, (), note="一致")
        events = (await session.scalars(select(AuditEventRow).where(AuditEventRow.object_id.in_(IDENTIFIERS)))).all()
        moves = [event for event in events if event.action == "data_element.change_status"]
        assert {(move.object_id, move.details["status"]) for move in moves} == {(i, "qualified") for i in IDENTIFIERS}
        changes = (await session.scalars(select(RegistrationStatusChange))).all()
        qualified = {(one.identifier, one.note) for one in changes if one.new_status == "qualified"}
        assert qualified == {(i, "一致") for i in IDENTIFIERS}

    async def test_nobody_approves_what_they_proposed_or_what_is_anothers(
        self, session: AsyncSession, people: People
    ) -> None:
        element = await create_element(session, people, status=None)
        with pytest.raises(OwnProposal):
            await approve_all(session, people.subject("registrar"), [element.identifier], (), note="")
        with pytest.raises(NotSteward):
            await approve_all(session, people.subject("steward_civil_affairs"), [element.identifier], (), note="")
