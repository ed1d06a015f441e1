"""How many departments a figure served, counted from the read log."""

import httpx
import pytest

from hub.kit.db import Database
from hub.oversight.served import Reading, Served, ServedElement, count_served
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, POOR, create_element
from tests.people import EAST, VILLAGES, WEST, People
from tests.store.factories import make_row

CLIENTS = {
    "human-resources": "client_human_resources",
    "poverty-relief": "client_poverty_relief",
    "civil-affairs": "client_civil_affairs",
}


class TestCountServed:
    def test_nobody_read_anything(self) -> None:
        assert count_served([]) == Served((), 0, 0, 0)

    @pytest.mark.parametrize(
        ("readings", "expected"),
        [
            ("a1x", ((("a", 1, 1, 0),), 1, 0, 0)),
            ("a1x a1y a1z", ((("a", 3, 1, 2),), 3, 2, 2)),
            ("a1x a2y", ((("a", 2, 2, 0),), 2, 0, 0)),
            ("a1x a1y a2x a2y", ((("a", 2, 2, 2),), 2, 2, 2)),
            ("a1x a1y b1x b1y", ((("a", 2, 1, 1), ("b", 2, 1, 1)), 2, 1, 2)),
            ("b1x b1y b1z a1x", ((("b", 3, 1, 2), ("a", 1, 1, 0)), 3, 2, 2)),
        ],
    )
    def test_each_department_beyond_the_first_saves_one(
        self, readings: str, expected: tuple[tuple[tuple[str, int, int, int], ...], int, int, int]
    ) -> None:
        found = count_served(Reading(one[0], "village", one[1], one[2]) for one in readings.split())
        elements, departments, forms, items = expected
        assert found == Served(tuple(ServedElement(*one) for one in elements), departments, forms, items)

    def test_forms_of_different_objects_are_different_forms(self) -> None:
        found = count_served([Reading("a", "village", "1", "x"), Reading("b", "township", "1", "y")])
        assert (found.departments, found.forms_avoided, found.items_avoided) == (2, 0, 0)


class TestServed:
    URL = "/api/v1/usage/served"

    @pytest.mark.subject("reporter_east")
    async def test_three_departments_read_one_value(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        async with database.transaction() as session:
            await create_element(session)
            await create_element(session, identifier=POOR)
        await submit(database, make_row(division=VILLAGES[EAST][0], **{MIGRANTS: 1, POOR: 2}))
        await submit(database, make_row(division=VILLAGES[WEST][0], **{MIGRANTS: 1}), period="2026-09")
        assert (await client.get(self.URL)).json()["departments"] == 0
        for organization, name in CLIENTS.items():
            number = await grant(database, organization=organization)
            async with calling(database, people, name, grants=(number,)) as program:
                for query in ({"period": "2026-10"}, {"period": "2026-10"}, {"period": "2020-01"}):
                    answer = await program.get("/api/v1/data-values", params={"elements": MIGRANTS, **query})
                    assert answer.status_code in {200, 403}, answer.text
                await program.get(
                    "/api/v1/data-values", params={"elements": MIGRANTS, "period": "2026-09", "division": WEST}
                )
        served = (await client.get(self.URL)).json()
        assert served == {
            "departments": 3,
            "forms_avoided": 2,
            "items_avoided": 2,
            "elements": [{"element": MIGRANTS, "departments": 3, "periods": 1, "forms_avoided": 2}],
        }
        assert (await client.get(self.URL, params={"to": "2020-01-01"})).json()["departments"] == 0

    async def test_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(self.URL)).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_another_place_is_not_there(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(self.URL, params={"division": WEST})).status_code == 404
