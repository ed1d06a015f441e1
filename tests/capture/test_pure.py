from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from hub.capture.checksum import submission_checksum
from hub.capture.confirmations import Confirmation, ConfirmedWarning, reason_for
from hub.capture.etag import content_sha256, entity_tag, matches
from hub.capture.rows import TypedEntry, oversize
from hub.kit import json
from hub.kit.json import Written
from hub.validation import Finding

CURRENT = entity_tag(content_sha256([]))


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        ("*", True),
        (" * ", True),
        (CURRENT, True),
        (f'"other", {CURRENT}', True),
        (f"W/{CURRENT}", False),
        ('"other"', False),
        ("", False),
        (CURRENT.strip('"'), False),
    ],
)
def test_if_match(if_match: str, expected: bool) -> None:
    assert matches(if_match, CURRENT) is expected


def test_entity_tag_follows_what_was_typed() -> None:
    assert content_sha256([{"values": {"a": 1}}]) == content_sha256([{"values": {"a": 1}}])
    assert content_sha256([{"values": {"a": 1}}]) != content_sha256([{"values": {"a": "1"}}])


WARNING = Finding(
    severity="warning",
    code="rule-violated",
    message="比上期多出一半（上期200，本期310）",
    division="433124102200",
    element="workers",
    elements=("workers",),
    rule="workers_jump",
    value=310,
)
CONFIRMED = ConfirmedWarning(
    code=WARNING.code,
    division=WARNING.division,
    element=WARNING.element,
    elements=WARNING.elements,
    rule=WARNING.rule,
    rule_version=1,
    value=310,
    message=WARNING.message,
    reason="春节返乡",
)


class TestReasonFor:
    def test_takes_the_reason_given_for_that_cell(self) -> None:
        given = Confirmation(WARNING.code, WARNING.division, WARNING.element, "  新厂招工 ")
        assert reason_for(WARNING, [given], [CONFIRMED]) == "新厂招工"

    @pytest.mark.parametrize(
        "confirmation",
        [
            Confirmation(WARNING.code, WARNING.division, WARNING.element, "   "),
            Confirmation(WARNING.code, "433124102201", WARNING.element, "理由"),
            Confirmation(WARNING.code, WARNING.division, "other", "理由"),
            Confirmation("value-out-of-range", WARNING.division, WARNING.element, "理由"),
            Confirmation(WARNING.code, WARNING.division, WARNING.element, "理由", rule="another_rule"),
        ],
    )
    def test_a_blank_reason_or_one_for_something_else_is_none(self, confirmation: Confirmation) -> None:
        assert reason_for(WARNING, [confirmation], []) is None

    def test_is_not_asked_again_while_nothing_about_it_changed(self) -> None:
        assert reason_for(WARNING, [], [CONFIRMED]) == "春节返乡"

    def test_is_asked_again_when_the_numbers_changed(self) -> None:
        changed = ConfirmedWarning(**{**vars(CONFIRMED), "message": "比上期多出一半（上期200，本期305）"})
        assert reason_for(WARNING, [], [changed]) is None


class TestChecksum:
    number = "433124-0000000001"
    collection = UUID("01234567-89ab-7def-8123-456789abcdef")
    at = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)

    def checksum(
        self, content: list[object], *, number: str = number, collection: UUID = collection, at: datetime = at
    ) -> str:
        return submission_checksum(number, collection, at, Written(json.canonical(content)))

    def test_has_one_spelling_for_one_content(self) -> None:
        one = [{"division": "1", "values": {"a": 1, "b": Decimal("1.5")}}]
        other = [{"values": {"b": Decimal("1.5"), "a": 1}, "division": "1"}]
        assert self.checksum(one) == self.checksum(other)

    def test_changes_with_every_part(self) -> None:
        content = [{"division": "1", "values": {"a": 1}}]
        sums = {
            self.checksum(content),
            self.checksum(content, number="433124-0000000002"),
            self.checksum(content, collection=UUID(int=1)),
            self.checksum(content, at=self.at.replace(second=1)),
            self.checksum([{"division": "1", "values": {"a": 2}}]),
        }
        assert len(sums) == 5

    def test_is_what_anybody_can_compute(self) -> None:
        """`printf … | sha256sum` gives the same."""
        assert self.checksum([]) == "9e68baf9e1a0e07002fd4ee59a69d07d2c1fab25afc660f23b42ed8fdc177c00"


def test_oversize_names_every_place() -> None:
    entries = [
        TypedEntry("1", {"a": "x" * 2001, "b/c": ["y" * 3000]}, {"d": "z" * 2001}),
        TypedEntry("2", {f"e{number}": 1 for number in range(1001)}),
        TypedEntry("3", {"a": "x" * 2000}),
    ]
    assert [(item.pointer, item.code) for item in oversize(entries)] == [
        ("/rows/0/values/a", "value_too_long"),
        ("/rows/0/values/b~1c", "value_too_long"),
        ("/rows/0/missing/d", "value_too_long"),
        ("/rows/1", "too_many_cells"),
    ]
