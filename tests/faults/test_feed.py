"""REL-R6 at its CI size. Longer: `python -m tests.faults feed --rounds 1000000`."""

import asyncio

from tests.faults import feed
from tests.faults.stand import new_stand

ROWS = 50_000


def test_no_reader_misses_or_repeats_a_row_and_the_naive_one_misses_some() -> None:
    with new_stand(settings={"fsync": "off"}) as stand:
        outcome = asyncio.run(feed.read_while_writing(stand, ROWS))
    print(outcome)
    assert outcome.rows >= ROWS
    assert (outcome.missed, outcome.repeated) == (0, 0)
    assert outcome.kills > 0
    assert outcome.naive_missed > 0, "the negative control must miss what committed late"
