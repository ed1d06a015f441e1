"""The states of a grant, and what moves it from one to the next (Order 809, arts. 20, 21, 25 and 27)."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Literal

GrantState = Literal["requested", "active", "refused", "suspended", "revoked"]
ShownState = Literal["requested", "active", "refused", "suspended", "revoked", "expired"]
Decision = Literal["approval", "refusal", "suspension", "revocation"]

MOVES: Mapping[Decision, Mapping[GrantState, GrantState]] = MappingProxyType(
    {
        "approval": {"requested": "active", "suspended": "active"},
        "refusal": {"requested": "refused"},
        "suspension": {"active": "suspended"},
        "revocation": {"active": "revoked", "suspended": "revoked"},
    }
)

# Art. 27: also the authority may stop a use that goes wrong; whether to grant is the steward's alone.
OF_THE_AUTHORITY_TOO: frozenset[Decision] = frozenset({"suspension", "revocation"})


def next_state(state: GrantState, decision: Decision) -> GrantState | None:
    """The state after the decision; None when it cannot be taken in this state."""
    return MOVES[decision].get(state)


def shown_state(state: GrantState, valid_until: date, today: date) -> ShownState:
    """A grant ends by its date without anybody deciding; nobody writes that down in the night."""
    return "expired" if state == "active" and valid_until < today else state


def deciding_organization(stewards: frozenset[str], asking: str, authority: str) -> str:
    """Who answers: the one steward of all the elements, unless it asks itself; else the authority."""
    if len(stewards) == 1 and asking not in stewards:
        return next(iter(stewards))
    return authority
