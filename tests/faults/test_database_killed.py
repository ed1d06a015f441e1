"""REL-R3 at its CI size. Longer: `python -m tests.faults database-killed --rounds 300`."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults import database_killed
from tests.faults.stand import new_stand

CRASHES = 30
CONTROL_CRASHES = 3


@pytest.fixture(autouse=True)
def _reaping() -> Iterator[None]:
    with database_killed.reaping_orphans():
        yield


def test_what_was_acknowledged_is_there_after_every_crash() -> None:
    with new_stand() as stand:
        outcome = asyncio.run(database_killed.crash_at_random(stand, CRASHES))
    print(outcome)
    verdict = outcome.verdict
    assert verdict.is_good, verdict
    assert verdict.acknowledged >= CRASHES


def test_committed_after_the_answer_acknowledged_ones_are_lost() -> None:
    """The control: the same crashes under a hub that answers first."""
    with new_stand() as stand:
        outcome = asyncio.run(database_killed.crash_at_random(stand, CONTROL_CRASHES, is_late=True))
    assert outcome.verdict.lost > 0
