"""REL-R5 at its CI size. Longer: `python -m tests.faults idempotency --rounds 100000`."""

from collections.abc import Iterator

import pytest

from tests.faults import idempotency
from tests.faults.idempotency import Desk
from tests.faults.stand import new_stand

STEPS = 10_000


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with new_stand(settings={"fsync": "off"}) as stand:
        made = Desk(stand)
        yield made
        made.close()


def test_every_answer_is_the_models(desk: Desk) -> None:
    assert idempotency.play(desk, STEPS) >= STEPS


def test_of_fifty_at_once_one_executes(desk: Desk) -> None:
    before = desk.count()
    idempotency.write_together(desk, "fifty", 1, idempotency.AT_ONCE)
    assert desk.count() == before + 1


def test_without_a_key_all_fifty_do(desk: Desk) -> None:
    """The control."""
    before = desk.count()
    with pytest.raises(AssertionError):
        idempotency.write_together(desk, None, 1, idempotency.AT_ONCE)
    assert desk.count() == before + idempotency.AT_ONCE
