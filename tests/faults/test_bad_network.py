"""REL-R4 at its CI size. Longer: `python -m tests.faults bad-network --rounds 20000`."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults import bad_network
from tests.faults.stand import Stand, new_stand

CUTS = 1000
CONTROL_CUTS = 60


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with new_stand(settings={"fsync": "off"}) as made:
        yield made


def test_every_write_is_there_once_and_its_answer_is_given_again(stand: Stand) -> None:
    outcome = asyncio.run(bad_network.cut_at_random(stand, CUTS))
    print(outcome)
    assert outcome.cuts >= CUTS
    for verdict in (outcome.submissions, outcome.receipts):
        assert verdict.is_good, verdict
        assert verdict.retried > 0
    assert outcome.different == 0


def test_without_keys_receipts_are_doubled() -> None:
    """The control: the network really is so bad that writes arrive twice."""
    with new_stand(settings={"fsync": "off"}) as stand:
        outcome = asyncio.run(bad_network.cut_at_random(stand, CONTROL_CUTS, has_key=False))
    assert outcome.receipts.double > 0
