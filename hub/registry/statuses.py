"""The registration status and how it moves (ISO/IEC 11179-6). Pure."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class RegistrationStatus(StrEnum):
    INCOMPLETE = "incomplete"
    CANDIDATE = "candidate"
    RECORDED = "recorded"
    QUALIFIED = "qualified"
    STANDARD = "standard"
    PREFERRED_STANDARD = "preferred_standard"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


_S = RegistrationStatus

# The way up, step by step; steps may be taken together, none is ever taken back.
CHAIN = (_S.INCOMPLETE, _S.CANDIDATE, _S.RECORDED, _S.QUALIFIED, _S.STANDARD, _S.PREFERRED_STANDARD)
# May stand on a form (docs/decisions: which statuses may stand on a form).
QUALIFIED = frozenset({_S.QUALIFIED, _S.STANDARD, _S.PREFERRED_STANDARD})
UNDECIDED = frozenset({_S.INCOMPLETE, _S.CANDIDATE, _S.RECORDED})
ENDED = frozenset({_S.SUPERSEDED, _S.RETIRED})

_RANKS: Mapping[RegistrationStatus, int] = MappingProxyType({status: rank for rank, status in enumerate(CHAIN)})


def can_move(old: RegistrationStatus, new: RegistrationStatus) -> bool:
    """Forward along the chain, from anywhere on it to an end, and from superseded to retired."""
    if old in ENDED:
        return (old, new) == (_S.SUPERSEDED, _S.RETIRED)
    return new in ENDED or _RANKS[new] > _RANKS[old]


def needs_second_person(new: RegistrationStatus) -> bool:
    """Nobody approves what they proposed."""
    return new in QUALIFIED
