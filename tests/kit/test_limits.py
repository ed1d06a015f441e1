"""How often a program may call, and how much a process works on at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import func, select

from hub.app import create_app
from hub.audit.models import AuditEventRow
from hub.identity.models import Person
from hub.kit import clock, places
from hub.kit.db import Database
from hub.kit.disk import Disk
from hub.kit.errors import StorageFull
from hub.kit.limits import Limits, Policy, RequestWindow, _forget_old_windows
from hub.kit.places import Overloaded, Places
from tests.people import People

NOON = datetime(2026, 11, 22, 4, 0, 10, tzinfo=UTC)


@asynccontextmanager
async def process(
    database: Database, headers: dict[str, str], *, per_minute: int = 5, reads_per_day: int = 0, sign_ins: int = 0
) -> AsyncIterator[httpx.AsyncClient]:
    """One serving process with these limits."""
    app = create_app(database)
    app.state.limits = Limits(per_minute=per_minute, reads_per_day=reads_per_day, sign_ins_per_minute=sign_ins)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
        yield client


async def refusals(database: Database) -> list[AuditEventRow]:
    async with database.transaction() as session:
        statement = select(AuditEventRow).where(AuditEventRow.action == "access.refuse")
        return list((await session.scalars(statement)).all())


async def statuses(client: httpx.AsyncClient, count: int, path: str = "/api/v1/divisions") -> list[int]:
    return [(await client.get(path)).status_code for _ in range(count)]


class TestMinute:
    async def test_the_call_past_the_limit_is_told_when_to_come_back(self, database: Database, people: People) -> None:
        headers = await people.authorization("client_civil_affairs")
        with clock.travel(NOON):
            async with process(database, headers) as program:
                first = await program.get("/api/v1/divisions")
                assert first.status_code == 200
                assert first.headers["ratelimit-policy"] == '"minute";q=5;w=60'
                assert first.headers["ratelimit"] == '"minute";r=4;t=50'
                assert first.headers["x-ratelimit-limit"] == "5"
                assert first.headers["x-ratelimit-remaining"] == "4"
                assert first.headers["x-ratelimit-reset"] == str(int(NOON.timestamp()) + 50)
                assert await statuses(program, 4) == [200] * 4
                refused = await program.get("/api/v1/divisions")
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "too_many_requests"
        assert refused.headers["retry-after"] == "50"
        assert refused.headers["ratelimit"] == '"minute";r=0;t=50'
        assert refused.headers["x-ratelimit-remaining"] == "0"

    async def test_the_next_minute_is_a_new_one(self, database: Database, people: People) -> None:
        headers = await people.authorization("client_civil_affairs")
        async with process(database, headers) as program:
            with clock.travel(NOON):
                assert (await statuses(program, 6))[-1] == 429
            with clock.travel(NOON + timedelta(seconds=50)):
                assert await statuses(program, 5) == [200] * 5

    async def test_holds_over_processes_and_is_each_callers_own(self, database: Database, people: People) -> None:
        headers = await people.authorization("client_civil_affairs")
        other = await people.authorization("client_human_resources")
        with clock.travel(NOON):
            async with process(database, headers) as one, process(database, headers) as two:
                answers = [status for _ in range(4) for client in (one, two) for status in await statuses(client, 1)]
                assert sorted(answers) == [200] * 5 + [429] * 3
            async with process(database, other) as program:
                assert await statuses(program, 5) == [200] * 5

    async def test_calls_at_once_are_all_counted(self, database: Database, people: People) -> None:
        headers = await people.authorization("client_civil_affairs")
        with clock.travel(NOON):
            async with process(database, headers, per_minute=45) as program:
                await statuses(program, 1)
                limits: Limits = program._transport.app.state.limits
                caller = people.subject("client_civil_affairs").key
                policy = limits._policies[0]
                taken = [await limits._take(database, caller, policy, NOON) for _ in range(60)]
        assert taken.count(True) == 44

    @pytest.mark.parametrize("path", ["/api/v1/people", "/api/v1/divisions/99"])
    async def test_refusals_of_other_kinds_count_and_tell_it_too(
        self, database: Database, people: People, path: str
    ) -> None:
        async with process(database, await people.authorization("client_civil_affairs")) as program:
            with clock.travel(NOON):
                first = await program.get(path)
                assert first.status_code in {403, 404}
                assert first.headers["x-ratelimit-remaining"] == "4"
                assert (await statuses(program, 5, path))[-1] == 429


class TestDay:
    async def test_reads_are_counted_over_restarts(self, database: Database, people: People) -> None:
        headers = await people.authorization("client_civil_affairs")
        with clock.travel(NOON):
            for _restart in range(3):
                async with process(database, headers, per_minute=1000, reads_per_day=3) as program:
                    assert await statuses(program, 1) == [200]
            async with process(database, headers, per_minute=1000, reads_per_day=3) as program:
                refused = await program.get("/api/v1/divisions")
                assert (refused.status_code, refused.json()["code"]) == (429, "quota_exhausted")
                assert refused.headers["retry-after"] == str(12 * 3600 - 10)  # midnight in China
                assert refused.headers["x-ratelimit-limit"] == "3"
                written = await program.post("/api/v1/receipts", json={})
                assert written.status_code == 422  # a receipt is no read
        with clock.travel(NOON + timedelta(hours=12)):
            headers = await people.authorization("client_civil_affairs")  # a token lives for half an hour
            async with process(database, headers, per_minute=1000, reads_per_day=3) as program:
                assert await statuses(program, 3) == [200] * 3


class TestTrace:
    async def test_one_refusal_in_a_window_is_audited_and_all_are_counted(
        self, database: Database, people: People
    ) -> None:
        counted = {"policy": "minute"}
        before = REGISTRY.get_sample_value("hub_limit_refusals_total", counted) or 0
        headers = await people.authorization("client_civil_affairs")
        with clock.travel(NOON):
            async with process(database, headers) as one, process(database, headers) as two:
                await statuses(one, 8)
                await statuses(two, 8)
        (event,) = await refusals(database)
        assert (event.actor_name, event.details["status"], event.details["code"]) == (
            "civil-affairs",
            429,
            "too_many_requests",
        )
        assert (REGISTRY.get_sample_value("hub_limit_refusals_total", counted) or 0) - before == 11


class TestPeople:
    @pytest.mark.parametrize("who", ["reporter_east", "registrar"])
    async def test_never_meet_a_limit(self, database: Database, people: People, who: str) -> None:
        async with process(database, await people.authorization(who), per_minute=1, reads_per_day=1) as person:
            responses = [await person.get("/api/v1/divisions") for _ in range(5)]
            assert [response.status_code for response in responses] == [200] * 5
            assert "ratelimit" not in responses[0].headers
        async with database.transaction() as session:
            assert await session.scalar(select(func.count()).select_from(RequestWindow)) == 0


class TestNoLimit:
    async def test_zero_means_none(self, database: Database, people: People) -> None:
        headers = await people.authorization("client_civil_affairs")
        async with process(database, headers, per_minute=0) as program:
            response = await program.get("/api/v1/divisions")
            assert response.status_code == 200
            assert "ratelimit" not in response.headers


class TestDoors:
    @pytest.mark.parametrize("path", ["/oauth/token", "/sign-in"])
    async def test_tries_from_one_address_are_bounded_and_audited_once(
        self, database: Database, people: People, path: str
    ) -> None:
        async with process(database, {}, sign_ins=3) as stranger:
            responses = [await stranger.post(path, data={"grant_type": "password"}) for _ in range(6)]
        codes = [response.status_code for response in responses]
        assert 429 not in codes[:3]
        assert codes[3:] == [429] * 3
        assert 1 <= int(responses[-1].headers["retry-after"]) <= 61
        assert len([event for event in await refusals(database) if event.details["status"] == 429]) == 1

    async def test_a_token_request_is_refused_in_oauths_words(self, database: Database, people: People) -> None:
        async with process(database, {}, sign_ins=1) as stranger:
            await stranger.post("/oauth/token")
            assert (await stranger.post("/oauth/token")).json()["error"] == "invalid_request"


class TestForgetting:
    async def test_old_windows_go(self, database: Database) -> None:
        async with database.transaction() as session:
            for age in (1, 3):
                session.add(
                    RequestWindow(caller="c", policy="day", starts_at=clock.now() - timedelta(days=age), taken=1)
                )
        await _forget_old_windows(database)
        async with database.transaction() as session:
            assert await session.scalar(select(func.count()).select_from(RequestWindow)) == 1


class TestPolicy:
    def test_a_day_begins_at_midnight_in_china(self) -> None:
        policy = Policy.of("day", 10)
        assert policy.start(NOON).isoformat() == "2026-11-22T00:00:00+08:00"
        assert policy.start(NOON + timedelta(hours=12)).isoformat() == "2026-11-23T00:00:00+08:00"

    @pytest.mark.parametrize(("amount", "block"), [(1, 1), (10, 1), (100, 5), (1200, 60), (200_000, 60)])
    def test_a_block_is_a_small_part(self, amount: int, block: int) -> None:
        assert Policy.of("minute", amount).block == block


class TestPlaces:
    async def test_what_is_too_much_waits_in_order_and_the_rest_is_turned_away(self) -> None:
        room = Places(working=2, waiting=3)
        go, order = asyncio.Event(), []

        async def work(number: int) -> str:
            try:
                async with room.one():
                    order.append(number)
                    await go.wait()
                    return "done"
            except Overloaded as error:
                return error.headers["Retry-After"]

        tasks = [asyncio.create_task(work(number)) for number in range(8)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert order == [0, 1]
        with pytest.raises(Overloaded):
            room.check()
        go.set()
        done = await asyncio.gather(*tasks)
        assert done[:5] == ["done"] * 5
        assert all(int(seconds) >= places.RETRY_FROM_SECONDS for seconds in done[5:])
        assert order == [0, 1, 2, 3, 4]
        room.check()

    async def test_nobody_waits_longer_than_that(self) -> None:
        room = Places(working=1, waiting=3, longest_wait=0.01)
        async with room.one():
            with pytest.raises(Overloaded):
                async with room.one():
                    pass
        async with room.one():
            pass

    async def test_a_place_is_given_back_when_the_caller_hangs_up(self) -> None:
        room = Places(working=1, waiting=1)
        async with room.one():
            waiting = asyncio.create_task(room._take())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with room.one():
            room.check()

    async def test_what_waits_for_its_caller_stands_aside_and_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(places, "ASIDE", 1)
        room = Places(working=1, waiting=0)
        async with room.aside():
            async with room.one():
                pass
            with pytest.raises(Overloaded):
                async with room.aside():
                    pass


@pytest.mark.full_transaction
class TestOverload:
    """REL-R14: thrice what a process can carry; what was acknowledged is there, the rest was told to come back."""

    async def test_loses_nothing_that_was_acknowledged(self, database: Database, people: People) -> None:
        app = create_app(database)
        app.state.places = Places(working=2, waiting=4)
        headers = await people.authorization("administrator")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:

            async def create(number: int) -> httpx.Response:
                body = {"username": f"clerk-{number}", "display_name": "办事员", "organization": "human-resources"}
                return await client.post("/api/v1/people", json=body | {"roles": ["requester"]})

            responses = await asyncio.gather(*[create(number) for number in range(30)])
            probes = await asyncio.gather(*[client.get("/healthz") for _ in range(20)])
        shed = [response for response in responses if response.status_code == 503]
        assert {response.status_code for response in responses} == {201, 503}
        assert len(shed) >= 10
        assert all(int(response.headers["retry-after"]) > 0 for response in shed)
        assert {response.json()["code"] for response in shed} == {"overloaded"}
        assert {probe.status_code for probe in probes} == {200}
        acknowledged = {response.json()["username"] for response in responses if response.status_code == 201}
        async with database.transaction() as session:
            stored = set(await session.scalars(select(Person.username).where(Person.username.like("clerk-%"))))
        assert stored == acknowledged


class TestDisk:
    def test_writes_stop_below_the_reserve(self, tmp_path: Path) -> None:
        Disk(tmp_path, reserve=1).check()
        Disk(tmp_path, reserve=0).check()
        with pytest.raises(StorageFull) as refused:
            Disk(tmp_path, reserve=2**60).check()
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (507, "60")

    @pytest.mark.subject("administrator")
    async def test_reading_goes_on(self, database: Database, people: People, tmp_path: Path) -> None:
        app = create_app(database)
        app.state.disk = Disk(tmp_path, reserve=2**60)
        headers = await people.authorization("administrator")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
            assert (await client.get("/api/v1/people")).status_code == 200
            refused = await client.post("/api/v1/people", json={})
            assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
            assert (await client.post("/oauth/token")).status_code == 401
