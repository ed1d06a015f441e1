from itertools import product

import pytest

from hub.registry.statuses import CHAIN, ENDED, QUALIFIED, RegistrationStatus, can_move, needs_second_person

S = RegistrationStatus


@pytest.mark.parametrize(("old", "new"), list(product(CHAIN, CHAIN)))
def test_along_the_chain_only_forward(old: S, new: S) -> None:
    assert can_move(old, new) == (CHAIN.index(new) > CHAIN.index(old))


@pytest.mark.parametrize("old", CHAIN)
def test_anything_may_end(old: S) -> None:
    assert can_move(old, S.SUPERSEDED)
    assert can_move(old, S.RETIRED)


@pytest.mark.parametrize(("old", "new"), list(product(sorted(ENDED), S)))
def test_an_end_is_an_end(old: S, new: S) -> None:
    assert can_move(old, new) == ((old, new) == (S.SUPERSEDED, S.RETIRED))


@pytest.mark.parametrize("status", list(S))
def test_a_second_person_for_what_may_stand_on_a_form(status: S) -> None:
    assert needs_second_person(status) == (status in QUALIFIED)
