"""REL-R1 at its CI size. Longer: `python -m tests.faults server-killed --rounds 2000`."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults import server_killed
from tests.faults.stand import Stand, new_stand

KILLS = 100
WRITES = 4


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with new_stand(settings={"fsync": "off"}) as made:  # the operating system lives on; what fails is the server
        yield made


def test_what_was_acknowledged_is_there_once_and_whole(stand: Stand) -> None:
    outcome = asyncio.run(server_killed.kill_at_random(stand, KILLS))
    print(outcome)
    verdict = outcome.verdict
    assert verdict.is_good, verdict
    assert verdict.acknowledged > len(stand.tasks)
    assert verdict.retried, "no kill met a write under way"


def test_a_reply_that_never_came_is_given_again_under_its_key(stand: Stand) -> None:
    verdict = asyncio.run(server_killed.kill_at_reply(stand, WRITES, moment="before"))
    assert verdict.retried == verdict.acknowledged == WRITES
    assert verdict.is_good, verdict


def test_a_reply_that_came_is_kept(stand: Stand) -> None:
    verdict = asyncio.run(server_killed.kill_at_reply(stand, WRITES, moment="after"))
    assert verdict.acknowledged == WRITES
    assert verdict.is_good, verdict


class TestControls:
    """With a protection switched off, the harness sees what it protects from."""

    def test_without_a_key_every_one_is_doubled(self, stand: Stand) -> None:
        verdict = asyncio.run(server_killed.kill_at_reply(stand, WRITES, moment="before", has_key=False))
        assert verdict.double >= WRITES

    def test_committed_after_the_answer_they_are_lost(self, stand: Stand) -> None:
        verdict = asyncio.run(server_killed.kill_at_reply(stand, WRITES, moment="after", is_late=True))
        assert verdict.lost == WRITES
