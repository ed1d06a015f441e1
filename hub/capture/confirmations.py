"""A warning passes with a reason. Which warnings still want one, and which reasons are kept with a submission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.validation import Finding


@dataclass(frozen=True)
class Confirmation:
    """The township says that a warning is true, and why. Without `rule` it answers every rule at that cell."""

    code: str
    division: str
    element: str | None
    reason: str
    rule: str | None = None


@dataclass(frozen=True)
class ConfirmedWarning:
    """Kept with the submission: what was said, what was seen, and by which version of the rule."""

    code: str
    division: str
    element: str | None
    elements: tuple[str, ...]
    rule: str | None
    rule_version: int | None
    value: object
    message: str
    reason: str


def confirmed_warning(stored: Mapping[str, Any]) -> ConfirmedWarning:
    """As it was kept with a submission."""
    return ConfirmedWarning(**{**stored, "elements": tuple(stored["elements"])})


def reason_for(
    warning: Finding, confirmations: Sequence[Confirmation], earlier: Sequence[ConfirmedWarning]
) -> str | None:
    """The reason given now; else the one given with the submission that is being corrected.

    Nobody is asked twice for the same answer (WCAG 2.2, 3.3.7): a reason is carried over while rule,
    cell and the numbers in the sentence are the same.
    """
    for confirmation in confirmations:
        if _answers(confirmation, warning) and confirmation.reason.strip():
            return confirmation.reason.strip()
    for confirmed in earlier:
        if _is_same(confirmed, warning):
            return confirmed.reason
    return None


def _answers(confirmation: Confirmation, warning: Finding) -> bool:
    return (
        confirmation.code == warning.code
        and confirmation.division == warning.division
        and confirmation.element == warning.element
        and (confirmation.rule is None or confirmation.rule == warning.rule)
    )


def _is_same(confirmed: ConfirmedWarning, warning: Finding) -> bool:
    return (confirmed.code, confirmed.division, confirmed.element, confirmed.rule, confirmed.message) == (
        warning.code,
        warning.division,
        warning.element,
        warning.rule,
        warning.message,
    )
