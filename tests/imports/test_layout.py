"""Finding the table in a sheet: pure, by examples."""

import polars as pl
import pytest

from hub.calendar.periods import Period
from hub.imports.layout import KnownForm, code_length, find_heading, fitting_forms, lay_out, read_period, stated_periods
from hub.imports.words import spellings

VILLAGE = KnownForm(
    "village-month",
    "村月报表",
    12,
    "month",
    {"population": "population", "户籍人口数": "population", "户籍人口数人": "population", "workers": "workers"},
)
TOWNSHIP = KnownForm("township-month", "乡镇月报表", 9, "month", {"户籍人口数": "township_population"})
QUARTER = KnownForm("village-quarter", "村季报表", 12, "quarter", {"户籍人口数": "quarter_population"})
FORMS = (VILLAGE, TOWNSHIP, QUARTER)


def sheet(*rows: list[str | None]) -> pl.DataFrame:
    width = max(len(row) for row in rows)
    padded = [[*row, *[None] * (width - len(row))] for row in rows]
    names = [f"c{number}" for number in range(width)]
    return pl.DataFrame(padded, schema=dict.fromkeys(names, pl.String), orient="row")


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("户籍人口数（人）", ("户籍人口数人", "户籍人口数")),
        (" Population ", ("population",)),
        ("外出\n务工 人数", ("外出务工人数",)),
        ("ＧＤＰ", ("gdp",)),
        ("（人）", ("人",)),
    ],
)
def test_headings_are_spelled_one_way(text: str, spelled: tuple[str, ...]) -> None:
    assert spellings(text) == spelled


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2026-10", "2026-10"),
        ("2026年10月", "2026-10"),
        ("2026年3月", "2026-03"),
        ("2026-q4", "2026-Q4"),
        ("2026年第3季度", "2026-Q3"),
        ("2026年", "2026"),
        ("2026-S2", "2026-S2"),
        ("2026-13", None),
        ("十月", None),
        ("", None),
    ],
)
def test_periods_are_read_as_people_write_them(text: str, period: str | None) -> None:
    found = read_period(text)
    assert (None if found is None else str(found)) == period


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("花垣县2026年10月村月报表", ["2026-10"]),
        ("报告期：2026-10", ["2026-10"]),
        ("填报日期：2026-11-05", []),
        ("填报日期：2026年11月5日", []),
        ("2026-09 至 2026-10", ["2026-09", "2026-10"]),
    ],
)
def test_a_title_names_its_period_and_a_day_is_none(text: str, periods: list[str]) -> None:
    headed = find_heading("s", sheet([text], ["区划代码", "workers"]), FORMS)
    assert headed is not None
    assert [str(period) for period in stated_periods(headed)] == periods


class TestForm:
    def test_the_length_of_the_codes_tells_villages_from_townships(self) -> None:
        villages = find_heading("s", sheet(["代码", "户籍人口数"], ["433124102200", "1"]), FORMS)
        townships = find_heading("s", sheet(["代码", "户籍人口数"], ["433124102", "1"]), FORMS)
        assert villages is not None
        assert townships is not None
        assert (code_length(villages), code_length(townships)) == (12, 9)
        assert fitting_forms(townships, FORMS, None) == [TOWNSHIP]
        assert fitting_forms(villages, FORMS, Period.parse("2026-10")) == [VILLAGE]
        assert fitting_forms(villages, FORMS, Period.parse("2026-Q3")) == [QUARTER]

    def test_two_that_fit_alike_are_both_told(self) -> None:
        headed = find_heading("s", sheet(["代码", "户籍人口数"], ["433124102200", "1"]), FORMS)
        assert headed is not None
        assert fitting_forms(headed, FORMS, None) == [VILLAGE, QUARTER]

    def test_a_hidden_row_of_identifiers_wins_over_the_headings_below_it(self) -> None:
        headed = find_heading("s", sheet(["x"], ["division", "population"], ["代码", "户籍人口数"]), FORMS)
        assert headed is not None
        assert (headed.heading.row, headed.others) == (1, ())


class TestColumns:
    def test_each_has_its_role(self) -> None:
        headed = find_heading(
            "s", sheet(["序号", "村代码", "户籍人口数（人）", "户籍人口数缺失原因", "报告期", "外星人"], ["1"]), FORMS
        )
        assert headed is not None
        layout = lay_out(headed, VILLAGE)
        assert [(column.role, column.identifier) for column in layout.columns] == [
            ("passed_over", None),
            ("division", None),
            ("element", "population"),
            ("reason", "population"),
            ("period", None),
            ("unknown", None),
        ]
        assert (layout.division, layout.period, layout.values) == (1, 4, {"population": 2})

    def test_an_element_named_twice_is_repeated(self) -> None:
        headed = find_heading("s", sheet(["代码", "population", "户籍人口数"]), FORMS)
        assert headed is not None
        assert [column.number for column in lay_out(headed, VILLAGE).repeated()] == [2]

    def test_a_sheet_without_elements_has_no_table(self) -> None:
        assert find_heading("s", sheet(["说明"], ["本表由……"]), FORMS) is None
