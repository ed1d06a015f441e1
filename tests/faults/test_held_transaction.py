"""REL-R8. The hub's own timeout is fifteen seconds, so this test takes twenty."""

import asyncio
from collections.abc import Iterator

import pytest

from hub.kit.db import Database
from hub.store import repository
from hub.store.errors import AreaBusy
from tests.faults import held_transaction
from tests.faults.stand import Stand, new_stand
from tests.people import EAST, VILLAGES, WEST
from tests.store.factories import create_values, make_row

LONGEST_SECONDS = 45


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with new_stand(settings={"fsync": "off"}) as made:
        yield made


def test_only_its_county_waits_and_is_told_to_come_back(stand: Stand) -> None:
    outcome = asyncio.run(held_transaction.hold_the_clock(stand))
    print(outcome)
    assert outcome.refusal is not None
    assert (outcome.refusal.status_code, outcome.refusal.json()["code"]) == (503, "area_busy")
    assert int(outcome.refusal.headers["retry-after"]) > 0
    assert outcome.reads_while_held > 1
    assert outcome.others_while_held > 0
    assert (outcome.missed, outcome.repeated) == (0, 0)
    assert outcome.is_submitted_at_last
    assert outcome.held_seconds < LONGEST_SECONDS


@pytest.mark.parametrize("limit", ["100ms", "0"])
def test_without_its_bound_a_submitter_would_just_wait(
    stand: Stand, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the bounded wait is what answers."""
    monkeypatch.setattr(repository, "LONGEST_WAIT", limit)

    async def submit_behind_another() -> None:
        database = Database(stand.url, pool_size=2)
        try:
            async with database.transaction() as holding, database.transaction() as waiting:
                await create_values(holding, make_row(division=VILLAGES[EAST][0], workers=1), period="2026-10")
                row = make_row(division=VILLAGES[WEST][0], workers=1)
                await asyncio.wait_for(create_values(waiting, row, period="2026-10"), timeout=3)
        finally:
            await database.close()

    with pytest.raises(AreaBusy if limit != "0" else TimeoutError):
        asyncio.run(submit_behind_another())
