from datetime import date

import pytest

from hub.calendar.periods import Period
from hub.grants.coverage import ElementFact, GrantTerms, VersionFact, read_scope_of
from hub.grants.lifecycle import GrantState
from hub.store.scope import ReadScope

TODAY = date(2026, 11, 22)


def make_version(
    version: int = 1, *, breaking: bool = False, status: str = "qualified", sharing: str = "conditional"
) -> VersionFact:
    return VersionFact(version, status, breaking, sharing, "human-resources", "human-resources", "village", "month")


def make_terms(
    *, number: str = "AG-2026-000001", state: GrantState = "active", agreed: int = 1, valid_until: date = TODAY
) -> GrantTerms:
    return GrantTerms(
        number,
        "poverty-relief",
        state,
        {"migrants": agreed},
        frozenset({"433124"}),
        Period.parse("2026-01"),
        Period.parse("2026-06"),
        valid_until,
        "目的",
    )


def scope_of(
    *grants: GrantTerms, versions: tuple[VersionFact, ...] = (make_version(),), bound_to: frozenset[str] | None = None
) -> ReadScope:
    return read_scope_of(grants, {"migrants": ElementFact("migrants", versions)}, today=TODAY, bound_to=bound_to)


class TestReadScopeOf:
    def test_a_box_is_the_grant(self) -> None:
        (box,) = scope_of(make_terms()).boxes
        assert (box.elements, box.divisions, box.first_day, box.last_day, box.grant, box.purpose) == (
            {"migrants": None},
            frozenset({"433124"}),
            date(2026, 1, 1),
            date(2026, 6, 30),
            "AG-2026-000001",
            "目的",
        )

    @pytest.mark.parametrize(
        ("terms", "bound_to", "reason"),
        [
            (make_terms(state="revoked"), None, "grant_revoked"),
            (make_terms(state="suspended"), None, "grant_suspended"),
            (make_terms(valid_until=date(2026, 11, 21)), None, "grant_expired"),
            (make_terms(), frozenset({"AG-2026-000002"}), "grant_not_in_token"),
            (make_terms(), frozenset(), "grant_not_in_token"),
        ],
    )
    def test_a_closed_grant_opens_nothing_and_says_why(
        self, terms: GrantTerms, bound_to: frozenset[str] | None, reason: str
    ) -> None:
        scope = scope_of(terms, bound_to=bound_to)
        assert (scope.boxes, [shut.reason for shut in scope.closed]) == ((), [reason])

    def test_what_is_no_longer_shared_is_closed_to_all_but_its_source(self) -> None:
        scope = scope_of(make_terms(), versions=(make_version(sharing="not_shared"),))
        assert (scope.boxes, [shut.reason for shut in scope.closed]) == ((), ["element_not_shared"])

    @pytest.mark.parametrize(
        ("agreed", "versions", "first_not_covered"),
        [
            (1, (make_version(1), make_version(2)), None),
            (1, (make_version(1), make_version(2, breaking=True), make_version(3, breaking=True)), 2),
            (2, (make_version(1), make_version(2, breaking=True), make_version(3)), None),
            (2, (make_version(1), make_version(2, breaking=True), make_version(3, breaking=True)), 3),
        ],
    )
    def test_covers_up_to_the_next_breaking_version(
        self, agreed: int, versions: tuple[VersionFact, ...], first_not_covered: int | None
    ) -> None:
        (box,) = scope_of(make_terms(agreed=agreed), versions=versions).boxes
        assert box.elements == {"migrants": first_not_covered}


class TestElementFact:
    def test_current_is_the_newest_that_may_be_used(self) -> None:
        fact = ElementFact("x", [make_version(1), make_version(2, status="candidate", sharing="not_shared")])
        assert (fact.current.version, fact.is_withheld_from("poverty-relief")) == (1, False)

    def test_retired_is_not_usable(self) -> None:
        fact = ElementFact("x", [make_version(1, status="retired")])
        assert (fact.usable, fact.current.version) == (None, 1)
