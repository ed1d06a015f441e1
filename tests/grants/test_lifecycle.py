from datetime import date

import pytest

from hub.grants.lifecycle import MOVES, Decision, GrantState, deciding_organization, next_state, shown_state

ALLOWED = {
    ("requested", "approval"): "active",
    ("requested", "refusal"): "refused",
    ("active", "suspension"): "suspended",
    ("active", "revocation"): "revoked",
    ("suspended", "approval"): "active",
    ("suspended", "revocation"): "revoked",
}
STATES: tuple[GrantState, ...] = ("requested", "active", "refused", "suspended", "revoked")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("decision", MOVES)
def test_only_these_moves(state: GrantState, decision: Decision) -> None:
    assert next_state(state, decision) == ALLOWED.get((state, decision))


@pytest.mark.parametrize(
    ("state", "today", "shown"),
    [
        ("active", date(2026, 11, 22), "active"),
        ("active", date(2026, 11, 23), "expired"),
        ("revoked", date(2026, 11, 23), "revoked"),
    ],
)
def test_a_grant_ends_by_its_date(state: GrantState, today: date, shown: str) -> None:
    assert shown_state(state, date(2026, 11, 22), today) == shown


@pytest.mark.parametrize(
    ("stewards", "asking", "decides"),
    [
        ({"human-resources"}, "poverty-relief", "human-resources"),
        ({"human-resources"}, "human-resources", "data-authority"),
        ({"human-resources", "civil-affairs"}, "poverty-relief", "data-authority"),
        ({"human-resources", "civil-affairs"}, "civil-affairs", "data-authority"),
    ],
)
def test_who_answers(stewards: set[str], asking: str, decides: str) -> None:
    assert deciding_organization(frozenset(stewards), asking, "data-authority") == decides
