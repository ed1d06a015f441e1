from datetime import date

import pytest

from hub.calendar.periods import Period
from hub.store.scope import ClosedBox, Place, ReadScope, ScopeBox, ScopeRequest, asked_boxes, outside
from tests.store.factories import make_box, make_scope

TOWNSHIP = Place("433124102", frozenset({"43", "4331", "433124", "433124102"}))
WEST = Place("433124103", frozenset({"43", "4331", "433124", "433124103"}))
OCTOBER, NOVEMBER = Period.parse("2026-10"), Period.parse("2026-11")


class TestOutside:
    def test_nothing_when_all_is_covered(self) -> None:
        assert outside(make_scope(), ScopeRequest(["migrants"], [OCTOBER], TOWNSHIP)) == []

    @pytest.mark.parametrize(
        ("box", "request_", "codes"),
        [
            (make_box(), ScopeRequest(["poor"], [OCTOBER]), ["element_not_granted"]),
            (make_box(last_day=date(2026, 10, 31)), ScopeRequest(["migrants"], [NOVEMBER]), ["period_not_granted"]),
            (make_box(divisions=["433124102"]), ScopeRequest(["migrants"], [OCTOBER], WEST), ["division_not_granted"]),
            (
                make_box(last_day=date(2026, 10, 31)),
                ScopeRequest(["poor", "migrants", "homes"], [OCTOBER, NOVEMBER]),
                ["element_not_granted", "period_not_granted", "element_not_granted"],
            ),
        ],
    )
    def test_names_each_thing_that_is_not(self, box: ScopeBox, request_: ScopeRequest, codes: list[str]) -> None:
        assert [item.code for item in outside(make_scope(box), request_)] == codes

    def test_a_county_is_not_covered_by_one_of_its_townships(self) -> None:
        county = Place("433124", frozenset({"43", "4331", "433124"}))
        found = outside(make_scope(make_box(divisions=["433124102"])), ScopeRequest(["migrants"], [OCTOBER], county))
        assert [(item.code, item.division) for item in found] == [("division_not_granted", "433124")]

    def test_one_box_covers_the_period_and_another_the_place_is_not_enough(self) -> None:
        scope = make_scope(
            make_box(divisions=["433124102"], first_day=date(2026, 11, 1)),
            make_box(divisions=["433124103"], last_day=date(2026, 10, 31)),
        )
        found = outside(scope, ScopeRequest(["migrants"], [OCTOBER], TOWNSHIP))
        assert [item.code for item in found] == ["division_not_granted"]

    def test_says_why_a_grant_no_longer_opens(self) -> None:
        scope = ReadScope((), (ClosedBox(make_box(grant="AG-2026-000007"), "grant_expired"),))
        found = outside(scope, ScopeRequest(["migrants", "poor"], [OCTOBER]))
        assert [(item.code, item.grant) for item in found] == [
            ("grant_expired", "AG-2026-000007"),
            ("element_not_granted", None),
        ]

    def test_an_empty_scope_denies(self) -> None:
        assert outside(ReadScope(()), ScopeRequest(["migrants"], [OCTOBER]))

    def test_a_quarter_needs_all_its_days(self) -> None:
        scope = make_scope(make_box(first_day=date(2026, 10, 1), last_day=date(2026, 11, 30)))
        assert outside(scope, ScopeRequest(["migrants"], [Period.parse("2026-Q4")]))
        assert not outside(scope, ScopeRequest(["migrants"], [NOVEMBER]))


class TestReadScope:
    def test_draws_on_the_boxes_that_meet_the_request(self) -> None:
        first, second = make_box(grant="A"), make_box(elements=["poor"], grant="B")
        scope = make_scope(first, second)
        assert scope.boxes_for(ScopeRequest(["poor"], [OCTOBER], TOWNSHIP)) == (second,)

    def test_fingerprint_tells_another_reach_apart(self) -> None:
        base = make_scope(make_box(), make_box(elements=["poor"], grant="B"))
        assert base.fingerprint == make_scope(make_box(elements=["poor"], grant="B"), make_box()).fingerprint
        assert base.fingerprint != make_scope(make_box()).fingerprint
        assert make_scope(make_box(divisions=["433124102"])).fingerprint != make_scope().fingerprint


class TestAskedBoxes:
    def test_names_the_elements_and_days_that_the_request_asks_for(self) -> None:
        scope = make_scope(
            make_box(elements={"migrants": 3, "poor": None}, first_day=date(2026, 1, 1)),
            make_box(elements=["homes"], divisions=["433124102"]),
        )
        (box,) = asked_boxes(scope, ScopeRequest(["migrants"], [OCTOBER, NOVEMBER]))
        assert box == {
            "elements": {"migrants": 3},
            "divisions": ["433124"],
            "first_day": "2026-10-01",
            "last_day": "2026-11-30",
        }

    def test_all_boxes_when_nothing_is_asked_in_particular(self) -> None:
        (box,) = asked_boxes(make_scope(make_box(elements=None)), None)
        assert (box["elements"], box["first_day"], box["last_day"]) == (None, "0001-01-01", "9999-12-31")
