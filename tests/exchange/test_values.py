import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.grants.models import DataRead
from hub.kit import clock
from hub.kit.db import Database
from hub.registry.status import change_registration_status
from hub.registry.statuses import RegistrationStatus
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, POOR, create_element
from tests.people import COUNTY, EAST, VILLAGES, WEST, People
from tests.store.factories import VILLAGE, make_row

URL = "/api/v1/data-values"
ASKED = {"elements": MIGRANTS, "period": "2026-10"}
SECOND = VILLAGES[EAST][1]


def row(migrants: Any, *, division: str = VILLAGE, **more: Any) -> Any:
    return make_row(division=division, **{MIGRANTS: migrants}, **more)


def codes(response: httpx.Response) -> list[tuple[str, str]]:
    assert response.status_code in {403, 422}, response.text
    return [(item["pointer"], item["code"]) for item in response.json()["errors"]]


@pytest.fixture(autouse=True)
async def registry(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)
        await create_element(session, identifier=POOR)


async def read(
    database: Database, people: People, *grants: str, accept: str | None = None, **query: Any
) -> httpx.Response:
    headers = {"Accept": accept} if accept else {}
    async with calling(database, people, "client_poverty_relief", grants=grants) as program:
        return await program.get(URL, params=ASKED | query, headers=headers)


class TestReadValues:
    async def test_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL, params=ASKED)).status_code == 401

    @pytest.mark.subject("auditor")
    async def test_an_inspector_reads_no_values(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL, params=ASKED)).status_code == 403

    @pytest.mark.subject("registrar")
    async def test_the_authority_reads_no_values(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL, params=ASKED)).status_code == 403

    async def test_what_the_contract_shows(self, database: Database, people: People) -> None:
        number = await grant(database)
        await submit(database, row(213, **{POOR: 4}), row(None, division=SECOND, missing={MIGRANTS: "not_applicable"}))
        response = await read(database, people, number)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["next"] is None
        first, second = answer["items"]
        assert first.pop("submitted_at").endswith("Z")
        assert first == {
            "division": VILLAGE,
            "period": "2026-10",
            "entity": None,
            "values": {MIGRANTS: 213},
            "missing": {},
            "versions": {MIGRANTS: 1},
            "revision": 1,
            "submission": f"{COUNTY}-0000000001",
        }
        assert (second["values"], second["missing"]) == ({MIGRANTS: None}, {MIGRANTS: "not_applicable"})
        assert response.headers["hub-grant"] == number
        assert response.headers["hub-cursor"]
        assert response.headers["cache-control"] == "private, no-cache"

    async def test_default_is_everything_granted(self, database: Database, people: People) -> None:
        first = await grant(database, divisions=[EAST])
        second = await grant(database, elements=[POOR], divisions=[WEST])
        await submit(database, row(1, **{POOR: 2}), row(3, division=VILLAGES[WEST][0], **{POOR: 4}))
        response = await read(database, people, first, second, elements=[])
        items = response.json()["items"]
        assert [(item["division"], item["values"]) for item in items] == [
            (VILLAGE, {MIGRANTS: 1}),
            (VILLAGES[WEST][0], {POOR: 4}),
        ]
        assert response.headers["hub-grant"] == f"{first}, {second}"

    async def test_pages(self, database: Database, people: People) -> None:
        number = await grant(database)
        villages = [*VILLAGES[EAST], *VILLAGES[WEST]]
        await submit(database, *(row(index, division=code) for index, code in enumerate(villages)))
        first = (await read(database, people, number, limit=4)).json()
        second = (await read(database, people, number, limit=4, after=first["next"])).json()
        assert [item["division"] for item in first["items"] + second["items"]] == villages
        assert second["next"] is None

    async def test_a_range_of_periods_and_a_place(self, database: Database, people: People) -> None:
        number = await grant(database)
        for period in ("2026-09", "2026-10"):
            await submit(database, row(1), row(2, division=VILLAGES[WEST][0]), period=period)
        response = await read(database, people, number, period="2026-09..2026-10", division=WEST)
        assert [(item["period"], item["division"]) for item in response.json()["items"]] == [
            ("2026-09", VILLAGES[WEST][0]),
            ("2026-10", VILLAGES[WEST][0]),
        ]

    async def test_as_it_stood(self, database: Database, people: People) -> None:
        number = await grant(database)
        first = datetime(2026, 11, 3, 1, tzinfo=UTC)
        for days, migrants in enumerate((213, 220)):
            with clock.travel(first + timedelta(days=days)):
                await submit(database, row(migrants))
        read_at = {
            day: (await read(database, people, number, as_of=day)).json()["items"]
            for day in ("2026-11-02", "2026-11-03", "2026-11-04")
        }
        values = {day: [item["values"][MIGRANTS] for item in items] for day, items in read_at.items()}
        assert values == {"2026-11-02": [], "2026-11-03": [213], "2026-11-04": [220]}

    async def test_the_cursor_of_an_old_state_brings_what_came_after(self, database: Database, people: People) -> None:
        number = await grant(database)
        first = datetime(2026, 11, 3, 1, tzinfo=UTC)
        for days, migrants in enumerate((213, 220)):
            with clock.travel(first + timedelta(days=days)):
                await submit(database, row(migrants))
        cursor = (await read(database, people, number, as_of="2026-11-03")).headers["hub-cursor"]
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            changes = (await program.get("/api/v1/changes", params={"after": cursor})).json()["items"]
        assert [change["values"] for change in changes] == [{MIGRANTS: 220}]

    @pytest.mark.subject("steward_poverty_relief")
    async def test_a_person_reads_with_all_grants_of_the_department(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        number = await grant(database)
        await submit(database, row(213))
        response = await client.get(URL, params=ASKED)
        assert (len(response.json()["items"]), response.headers["hub-grant"]) == (1, number)

    @pytest.mark.subject("reporter_east")
    async def test_a_township_reads_its_own(self, client: httpx.AsyncClient, database: Database) -> None:
        await submit(database, row(213, **{POOR: 4}), row(3, division=VILLAGES[WEST][0]))
        response = await client.get(URL, params={"period": "2026-10"})
        assert [(i["division"], i["values"]) for i in response.json()["items"]] == [(VILLAGE, {MIGRANTS: 213, POOR: 4})]
        assert "hub-grant" not in response.headers
        outside = await client.get(URL, params=ASKED | {"division": WEST})
        assert codes(outside) == [("query:/division", "division_not_granted")]


class TestDenyByDefault:
    async def test_names_each_thing_outside(self, database: Database, people: People) -> None:
        number = await grant(database, period_from="2026-01", period_to="2026-10", divisions=[EAST])
        response = await read(
            database, people, number, elements=f"{POOR},{MIGRANTS},no_such", period="2026-10..2026-12"
        )
        assert (response.status_code, response.json()["code"]) == (403, "not_granted")
        assert [(e["code"], e["message"].split()[1]) for e in response.json()["errors"]] == [
            ("element_not_granted", POOR),
            ("period_not_granted", MIGRANTS),
            ("period_not_granted", MIGRANTS),
            ("element_not_granted", "no_such"),
        ]
        assert "access-grants" in response.json()["detail"]
        response = await read(database, people, number, division=COUNTY)
        assert codes(response) == [("query:/division", "division_not_granted")]

    async def test_the_same_token_has_one_purpose(self, database: Database, people: People) -> None:
        first = await grant(database)
        await grant(database, elements=[POOR], scenario="另一个目的")
        assert codes(await read(database, people, first, elements=POOR)) == [("query:/elements", "grant_not_in_token")]

    async def test_a_grant_ends_by_its_date(self, database: Database, people: People) -> None:
        number = await grant(database, valid_until=date(2026, 11, 30))
        await submit(database, row(213))
        with clock.travel(datetime(2026, 11, 30, 15, 59, tzinfo=UTC)):
            assert (await read(database, people, number)).status_code == 200
        with clock.travel(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)):
            assert codes(await read(database, people, number)) == [("query:/elements", "grant_expired")]
            assert codes(await read(database, people, number, elements=[])) == [("query:/elements", "grant_expired")]

    @pytest.mark.parametrize(("state", "code"), [("suspended", "grant_suspended"), ("revoked", "grant_revoked")])
    async def test_a_stopped_grant(self, database: Database, people: People, state: str, code: str) -> None:
        number = await grant(database, state=state)
        assert codes(await read(database, people, number)) == [("query:/elements", code)]

    async def test_not_shared_is_read_by_its_source_alone(self, database: Database, people: People) -> None:
        theirs = await grant(database)
        own = await grant(database, organization="human-resources", steward="data-authority")
        await submit(database, row(213))
        async with database.transaction() as session:
            await create_element(session, version=2, sharing_type="not_shared")
        assert codes(await read(database, people, theirs)) == [("query:/elements", "element_not_shared")]
        async with calling(database, people, "client_human_resources", grants=(own,)) as source:
            assert (await source.get(URL, params=ASKED)).status_code == 200

    async def test_a_breaking_version_needs_consent_again(self, database: Database, people: People) -> None:
        number = await grant(database)
        async with database.transaction() as session:
            await create_element(session, version=2, is_breaking=True)
        await submit(database, row(213))
        assert (await read(database, people, number)).status_code == 200
        await submit(database, row(213, version=2))
        assert codes(await read(database, people, number)) == [("query:/elements", "element_version_not_granted")]
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            assert codes(await program.get("/api/v1/changes")) == [("query:/elements", "element_version_not_granted")]

    @pytest.mark.parametrize("elements", [[MIGRANTS], []])
    async def test_a_division_that_nobody_knows_is_outside_too(
        self, database: Database, people: People, elements: list[str]
    ) -> None:
        number = await grant(database)
        response = await read(database, people, number, elements=elements, division="999999")
        assert codes(response) == [("query:/division", "division_not_granted")]

    async def test_without_any_grant(self, database: Database, people: People) -> None:
        assert codes(await read(database, people, elements=[])) == [("query:/elements", "element_not_granted")]

    async def test_a_refused_read_is_in_the_audit_log(
        self, database: Database, people: People, session: AsyncSession
    ) -> None:
        await read(database, people)
        event = (await session.scalars(select(AuditEventRow))).one()
        assert (event.action, event.outcome, event.details["code"]) == ("access.refuse", "refused", "not_granted")


class TestQuestions:
    @pytest.mark.parametrize(
        ("query", "fault"),
        [
            ({"period": []}, ("query:/period", "missing")),
            ({"period": "2026-13"}, ("query:/period", "period_not_valid")),
            ({"period": "2026"}, ("query:/period", "period_type_differs")),
            ({"division": f"{EAST}999"}, ("query:/division", "division_unknown")),
            ({"as_of": "x"}, ("query:/as_of", "instant_not_valid")),
            ({"after": "x"}, ("query:/after", "cursor_not_valid")),
            ({"elements": f"{MIGRANTS},township_roads"}, ("query:/elements", "elements_of_several_forms")),
            ({"elements": []}, ("query:/object_class", "object_class_missing")),
        ],
    )
    async def test_invalid(self, database: Database, people: People, query: Any, fault: tuple[str, str]) -> None:
        async with database.transaction() as session:
            await create_element(session, identifier="township_roads", object_class="township")
        number = await grant(database, elements=[MIGRANTS, "township_roads"])
        response = await read(database, people, number, **query)
        assert (response.status_code, codes(response)) == (422, [fault])

    async def test_the_form_may_be_named(self, database: Database, people: People) -> None:
        async with database.transaction() as session:
            await create_element(session, identifier="township_roads", object_class="township")
        number = await grant(database, elements=[MIGRANTS, "township_roads"])
        await submit(database, make_row(division=EAST, township_roads=3), object_class="township")
        response = await read(database, people, number, elements=[], object_class="township")
        assert [item["values"] for item in response.json()["items"]] == [{"township_roads": 3}]

    async def test_a_township_is_told_of_an_unknown_element(self, database: Database, people: People) -> None:
        async with calling(database, people, "reporter_east") as township:
            response = await township.get(URL, params=ASKED | {"elements": "no_such"})
        assert codes(response) == [("query:/elements", "element_unknown")]

    async def test_unknown_format(self, database: Database, people: People) -> None:
        number = await grant(database)
        assert (await read(database, people, number, accept="text/html")).status_code == 406


class TestEtag:
    async def test_unchanged_until_the_clock_moves(
        self, database: Database, people: People, session: AsyncSession
    ) -> None:
        number = await grant(database)
        await submit(database, row(213))
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            etag = (await program.get(URL, params=ASKED)).headers["etag"]
            same = await program.get(URL, params=ASKED, headers={"If-None-Match": f'"x", W/{etag}'})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
            assert same.headers["hub-cursor"]
            other = await program.get(URL, params=ASKED | {"limit": 5}, headers={"If-None-Match": etag})
            assert other.status_code == 200
            await submit(database, row(214))
            assert (await program.get(URL, params=ASKED, headers={"If-None-Match": etag})).status_code == 200
        events = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "data_values.read"))).all()
        assert sum(event.details["unchanged"] for event in events) == 1
        assert len((await session.scalars(select(DataRead))).all()) == len(events) - 1

    async def test_on_its_way_out(self, database: Database, people: People) -> None:
        async with database.transaction() as session:
            await create_element(session, identifier="old_element", valid_until=date(2027, 6, 30))
        number = await grant(database, elements=["old_element"])
        headers = (await read(database, people, number, elements="old_element")).headers
        assert headers["sunset"] == "Wed, 30 Jun 2027 15:59:59 GMT"
        assert headers["deprecation"].startswith("@")
        assert "sunset" not in (await read(database, people, await grant(database))).headers

    async def test_a_superseded_one_names_its_end_and_its_successor(self, database: Database, people: People) -> None:
        async with database.transaction() as session:
            await create_element(session, identifier="old_element")
            await create_element(session, identifier="new_element")
        number = await grant(database, elements=["old_element"])
        async with database.transaction() as session:
            await change_registration_status(
                session,
                people.subject("registrar"),
                "old_element",
                RegistrationStatus.SUPERSEDED,
                note="",
                superseded_by="new_element",
            )
        headers = (await read(database, people, number, elements="old_element")).headers
        assert {"deprecation", "sunset"} <= set(headers)
        assert headers["link"] == '</api/v1/data-elements/new_element>; rel="successor-version"'


class TestStreams:
    async def test_ndjson_is_the_whole_result(self, database: Database, people: People) -> None:
        number = await grant(database)
        await submit(database, *(row(index, division=code) for index, code in enumerate(VILLAGES[EAST])))
        response = await read(database, people, number, accept="application/x-ndjson", limit=1)
        assert response.headers["content-type"] == "application/x-ndjson"
        assert len(response.text.splitlines()) == 3
        assert response.headers["hub-cursor"]
        assert response.headers["etag"]

    async def test_csv(self, database: Database, people: People, session: AsyncSession) -> None:
        number = await grant(database)
        await submit(database, row(213))
        response = await read(database, people, number, accept="text/csv")
        assert response.headers["content-type"] == "text/csv; charset=utf-8"
        head, line, end = response.text.split("\r\n")
        assert head == f"division,period,entity,{MIGRANTS},missing,versions,revision,submission,submitted_at"
        assert line.startswith(f'{VILLAGE},2026-10,,213,,"{{""{MIGRANTS}"": 1}}",1,{COUNTY}-0000000001,2')
        assert end == ""
        read_event, delivered = (
            await session.scalars(
                select(AuditEventRow).where(AuditEventRow.object_type == "object_class").order_by(AuditEventRow.id)
            )
        ).all()
        assert (read_event.action, read_event.details["rows"]) == ("data_values.read", 1)
        assert (delivered.action, delivered.details) == (
            "data_values.deliver",
            {
                "grants": [number],
                "media_type": "text/csv",
                "rows": 1,
                "sha256": hashlib.sha256(response.content).hexdigest(),
                "complete": True,
            },
        )

    async def test_head_makes_no_stream(self, database: Database, people: People, session: AsyncSession) -> None:
        number = await grant(database)
        await submit(database, row(213))
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            response = await program.head(URL, params=ASKED, headers={"Accept": "text/csv"})
        assert (response.status_code, response.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        assert response.headers["etag"]
        assert "content-length" not in response.headers
        event = (await session.scalars(select(AuditEventRow))).one()
        assert event.action == "data_values.read"


class TestReadLog:
    async def test_one_line_for_each_grant_with_all_five(
        self, database: Database, people: People, session: AsyncSession
    ) -> None:
        first = await grant(database, scenario="目的一")
        second = await grant(database, scenario="目的二", elements=[MIGRANTS, POOR], divisions=[EAST])
        await submit(database, row(213))
        await read(database, people, first, second, elements=f"{MIGRANTS},{POOR}", division=EAST)
        lines = (await session.scalars(select(DataRead).order_by(DataRead.grant))).all()
        assert [
            (
                line.reader,
                line.organization,
                line.grant,
                line.purpose,
                line.elements,
                line.divisions,
                line.periods,
                line.rows,
            )
            for line in lines
        ] == [
            ("poverty-relief", "poverty-relief", first, "目的一", [MIGRANTS], [EAST], ["2026-10"], 1),
            ("poverty-relief", "poverty-relief", second, "目的二", [MIGRANTS, POOR], [EAST], ["2026-10"], 1),
        ]

    async def test_the_audit_event_tells_purpose_counts_and_hash(
        self, database: Database, people: People, session: AsyncSession
    ) -> None:
        number = await grant(database)
        await submit(database, row(987654))
        response = await read(database, people, number)
        event = (await session.scalars(select(AuditEventRow))).one()
        assert (event.action, event.purpose, event.actor_name) == (
            "data_values.read",
            "防返贫监测帮扶",
            "poverty-relief",
        )
        assert event.details["rows"] == 1
        assert event.details["sha256"] == hashlib.sha256(response.content).hexdigest()
        assert "987654" not in str(event.details)


class TestEveryFaultAtOnce:
    async def test_a_bad_limit_is_told_with_the_rest(self, database: Database, people: People) -> None:
        number = await grant(database)
        answer = await read(
            database, people, number, period="2026-13", division="x", limit="9999", after="?", provisional="maybe"
        )
        assert codes(answer) == [
            ("query:/period", "period_not_valid"),
            ("query:/division", "division_not_valid"),
            ("query:/limit", "less_than_equal"),
            ("query:/provisional", "bool_parsing"),
            ("query:/after", "cursor_not_valid"),
        ]
        for limit in ("0", "x", "1.5"):
            assert codes(await read(database, people, number, limit=limit))[0][0] == "query:/limit"

    async def test_a_parameter_stands_once(self, database: Database, people: People) -> None:
        number = await grant(database)
        answer = await read(database, people, number, period=["2026-09", "2026-10"])
        assert codes(answer) == [("query:/period", "parameter_repeated")]

    async def test_the_limits_headers_are_in_the_document(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/api/v1/openapi.json")).json()
        answers = document["paths"]["/api/v1/data-values"]["get"]["responses"]
        assert answers["200"]["headers"]["RateLimit"] == {"$ref": "#/components/headers/RateLimit"}
        assert answers["default"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}
        parameters = {one["name"]: one for one in document["paths"]["/api/v1/data-values"]["get"]["parameters"]}
        assert parameters["limit"]["schema"]["maximum"] == 1000
        assert parameters["provisional"]["required"] is False
