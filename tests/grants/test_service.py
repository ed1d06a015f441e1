import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.grants import service
from hub.store.scope import ScopeRequest, outside
from tests.grants.factories import MIGRANTS, POOR, create_element, create_grant
from tests.people import COUNTY, EAST, People

OCTOBER = [Period.parse("2026-10")]


@pytest.fixture(autouse=True)
async def elements(people: People, session: AsyncSession) -> None:
    await create_element(session)
    await create_element(session, identifier=POOR)


class TestReadScope:
    async def test_a_department_reads_with_its_active_grants(self, session: AsyncSession, people: People) -> None:
        number = (await create_grant(session)).number
        await create_grant(session, elements=[POOR], state="requested")
        await create_grant(session, elements=[POOR], state="refused")
        scope = await service.read_scope(session, people.subject("steward_poverty_relief"))
        assert [box.grant for box in scope.boxes] == [number]
        assert [found.code for found in outside(scope, ScopeRequest([POOR], OCTOBER))] == ["element_not_granted"]

    async def test_a_token_reads_with_the_grants_it_is_bound_to(self, session: AsyncSession, people: People) -> None:
        first = (await create_grant(session)).number
        second = (await create_grant(session, elements=[POOR], scenario="另一个目的")).number
        scope = await service.read_scope(session, people.subject("client_poverty_relief", grants=(first,)))
        assert [box.grant for box in scope.boxes] == [first]
        found = outside(scope, ScopeRequest([POOR], OCTOBER))
        assert [(item.code, item.grant) for item in found] == [("grant_not_in_token", second)]

    async def test_a_token_bound_to_nothing_reads_nothing(self, session: AsyncSession, people: People) -> None:
        await create_grant(session)
        assert (await service.read_scope(session, people.subject("client_poverty_relief"))).boxes == ()

    async def test_a_township_reads_its_own_division_whole(self, session: AsyncSession, people: People) -> None:
        scope = await service.read_scope(session, people.subject("reporter_east"))
        (box,) = scope.boxes
        assert (box.elements, box.divisions, box.grant) == (None, frozenset({EAST}), None)

    @pytest.mark.parametrize("name", ["registrar", "administrator", "auditor"])
    async def test_nobody_else_reads_values(self, session: AsyncSession, people: People, name: str) -> None:
        assert (await service.read_scope(session, people.subject(name))).boxes == ()

    @pytest.mark.parametrize("name", ["registrar", "auditor"])
    async def test_who_supervises_sees_the_county(self, session: AsyncSession, people: People, name: str) -> None:
        scope = await service.read_scope(session, people.subject(name), supervising=True)
        assert scope.divisions == {COUNTY}

    async def test_supervising_widens_no_department(self, session: AsyncSession, people: People) -> None:
        scope = await service.read_scope(session, people.subject("steward_poverty_relief"), supervising=True)
        assert scope.boxes == ()

    async def test_active_numbers(self, session: AsyncSession) -> None:
        number = (await create_grant(session)).number
        await create_grant(session, state="suspended")
        await create_grant(session, organization="civil-affairs")
        assert await service.list_active_numbers(session, "poverty-relief") == [number]


async def test_not_shared_closes_what_was_granted(session: AsyncSession, people: People) -> None:
    await create_grant(session)
    await create_element(session, version=2, sharing_type="not_shared")
    scope = await service.read_scope(session, people.subject("steward_poverty_relief"))
    assert [found.code for found in outside(scope, ScopeRequest([MIGRANTS], OCTOBER))] == ["element_not_shared"]
