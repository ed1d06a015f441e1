"""Cells that do not apply are asked of nobody, by rule and not by hand (FEATURES C08)."""

import pytest

from hub.datatypes import ValueDomain
from hub.validation import ElementSpec, FormSpec, Row, check, look_over

COUNT = ValueDomain("integer", minimum=0)
FORM = FormSpec(
    "village-year",
    1,
    (
        ElementSpec("has_site", 1, "有安置点", ValueDomain("boolean"), required=True),
        ElementSpec("site_households", 1, "安置户数", COUNT, required=True, applies_when="has_site"),
        ElementSpec("site_lifts", 1, "电梯数", COUNT, applies_when="has_site AND site_households > 10"),
        ElementSpec("site_roads", 1, "道路", COUNT, required=True, applies_when="of_another_form > 0"),
    ),
)
DIVISION = "433124102200"


@pytest.mark.parametrize(
    ("typed", "missing", "found", "stored"),
    [
        (
            {"has_site": "否", "site_roads": "1"},
            {},
            [],
            {"site_households": "not_applicable", "site_lifts": "not_applicable"},
        ),
        ({"has_site": "是", "site_households": "20", "site_roads": "1"}, {}, [], {}),
        (
            {"has_site": "是", "site_households": "3", "site_roads": "1"},
            {},
            [],
            {"site_lifts": "not_applicable"},
        ),
        ({"has_site": "是", "site_roads": "1"}, {}, [("value-missing", "site_households")], {}),
        # Nobody knows yet whether it applies: it is asked.
        (
            {"site_roads": "1"},
            {},
            [("value-missing", "has_site"), ("value-missing", "site_households")],
            {},
        ),
        (
            {"has_site": "否", "site_households": "4", "site_roads": "1"},
            {},
            [("value-not-applicable", "site_households")],
            {"site_lifts": "not_applicable"},
        ),
        # What cannot be read stays a mistake, wherever it stands.
        (
            {"has_site": "否", "site_households": "四", "site_roads": "1"},
            {},
            [("value-not-integer", "site_households")],
            {"site_lifts": "not_applicable"},
        ),
        (
            {"has_site": "否", "site_roads": "1"},
            {"site_households": "none"},
            [],
            {"site_households": "none", "site_lifts": "not_applicable"},
        ),
        # A condition on what this form does not ask says nothing.
        ({"has_site": "否"}, {}, [("value-missing", "site_roads")], {}),
    ],
)
def test_what_does_not_apply_is_not_owed(
    typed: dict[str, str], missing: dict[str, str], found: list[tuple[str, str]], stored: dict[str, str]
) -> None:
    report = check(FORM, [Row(DIVISION, typed, missing)])
    assert [(finding.code, finding.element) for finding in report.findings] == found
    assert stored.items() <= dict(report.typed_rows[0].missing).items()
    # What a page shows while somebody types is what the check will say of the empty cells.
    (live,) = look_over(FORM, [Row(DIVISION, typed, missing)])
    shown = live.inapplicable - typed.keys() - missing.keys()
    assert shown == {name for name, reason in report.typed_rows[0].missing.items() if reason == "not_applicable"}


def test_the_message_names_what_decides() -> None:
    (finding,) = check(
        FORM, [Row(DIVISION, {"has_site": "否", "site_households": "4", "site_roads": "1"}, division_name="青山村")]
    ).findings
    assert finding.message == "青山村 安置户数：按有安置点这里不适用，请删去，现在是“4”"
