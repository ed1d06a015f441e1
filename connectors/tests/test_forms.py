"""Each department's forms: their pieces agree with each other, with the registry's files, and with the golden forms."""

import json
import os
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hub_connectors.connector import Connector, Report
from hub_connectors.connectors import CONNECTORS
from hub_connectors.layout import FormLayout, Heading, Leaf
from hub_connectors.mapping import Kind
from hub_connectors.periods import PeriodType

GOLDEN = Path(__file__).parent / "golden"
REPOSITORY = Path(__file__).parents[2]
REASONS = {"none", "not_applicable", "not_yet_known", "refused"}
PERIODS = {PeriodType.MONTH: "2026-10", PeriodType.QUARTER: "2026-Q3", PeriodType.YEAR: "2026"}

REPORTS = [(connector, report) for connector in CONNECTORS.values() for report in connector.reports]
FORMS = [(connector, report, number) for connector, report in REPORTS for number in range(len(report.forms))]

each_connector = pytest.mark.parametrize("connector", CONNECTORS.values(), ids=list(CONNECTORS))
each_report = pytest.mark.parametrize(
    ("connector", "report"), REPORTS, ids=[f"{connector.name}-{report.period_type}" for connector, report in REPORTS]
)
each_form = pytest.mark.parametrize(
    ("connector", "report", "number"),
    FORMS,
    ids=[f"{connector.name}-{report.period_type}-{number}" for connector, report, number in FORMS],
)


def drawn(path: Path) -> dict[str, Any]:
    """Everything a person sees of a form: every cell, how its number is written, and what is merged."""
    with closing(openpyxl.load_workbook(path)) as workbook:
        sheet = workbook.worksheets[0]
        return {
            "sheet": sheet.title,
            "merged": sorted(str(area) for area in sheet.merged_cells.ranges),
            "cells": [[cell.value for cell in row] for row in sheet.iter_rows()],
            "formats": [[cell.number_format for cell in row] for row in sheet.iter_rows()],
        }


def written(form: dict[str, Any]) -> str:
    """A line per row, so that a diff of a golden file can be read beside the paper."""
    parts = []
    for name, value in form.items():
        if name in {"cells", "formats"}:
            rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in value)
            parts.append(f'"{name}": [\n{rows}\n]')
        else:
            parts.append(f'"{name}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


@each_form
class TestForm:
    def test_is_the_golden_one(self, connector: Connector, report: Report, number: int, department: Any) -> None:
        """Refreshed on purpose only: GOLDEN_REFRESH=1 pytest connectors/tests/test_forms.py, then read the diff."""
        department.name = connector.name
        period = PERIODS[report.period_type]
        first = report.elements_of(report.forms[number])[0]
        department.hub.report_missing(period, "433124102201", **{first: "not_applicable"})
        department.hub.report_missing(period, "433124103201", **{first: "not_yet_known"})
        outcome = department.run(period).outcome
        form = drawn(Path(outcome.files[number]["file"]))
        golden = GOLDEN / connector.name / f"{report.forms[number].title}.json"
        if os.environ.get("GOLDEN_REFRESH") == "1":
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(written(form), encoding="utf-8")
        assert form == json.loads(golden.read_text(encoding="utf-8"))

    def test_shows_columns_of_the_departments_table_only(
        self, connector: Connector, report: Report, number: int
    ) -> None:
        columns = report.forms[number].columns
        assert set(columns) <= {column.name for column in report.mapping.columns}
        assert len(set(columns)) == len(columns)


@each_report
class TestReport:
    def test_mapping_and_schema_name_the_same_columns_in_the_same_order(
        self, connector: Connector, report: Report
    ) -> None:
        names = [column.name for column in report.mapping.columns]
        assert len(set(names)) == len(names)
        assert list(report.schema.columns)[4:] == names

    def test_every_column_stands_on_a_form(self, connector: Connector, report: Report) -> None:
        shown = {name for form in report.forms for name in form.columns}
        assert shown == {column.name for column in report.mapping.columns}

    def test_every_reason_has_a_mark_and_none_of_them_is_zero(self, connector: Connector, report: Report) -> None:
        marks = report.mapping.missing
        assert set(marks) == REASONS
        assert (marks["not_applicable"].cell, marks["not_yet_known"].cell) == ("—", "")
        assert all(mark.cell != "0" for mark in marks.values())

    def test_the_registry_has_every_element(self, connector: Connector, report: Report) -> None:
        registered: set[str] = set()
        for path in (REPOSITORY / "schemas" / "elements").glob(f"village-{report.period_type}*.yaml"):
            registered.update(re.findall(r"identifier: (\w+)", path.read_text(encoding="utf-8")))
        assert set(report.mapping.elements) <= registered

    def test_every_permissible_value_has_a_code(self, connector: Connector, report: Report) -> None:
        lists = {
            "village_migration_channel": "migration_channel",
            "village_migration_sector": "industry_sector",
        }
        for column in report.mapping.columns:
            if column.kind is Kind.CODE and column.element in lists:
                text = (REPOSITORY / "schemas" / "code_lists" / f"{lists[column.element]}.yaml").read_text("utf-8")
                assert set(column.codes) == set(re.findall(r'value: "(\w+)"', text))

    def test_the_page_for_departments_shows_the_mapping(self, connector: Connector, report: Report) -> None:
        page = (REPOSITORY / "docs" / "connectors.md").read_text(encoding="utf-8")
        for column in report.mapping.columns:
            line = next(line for line in page.splitlines() if line.startswith(f"| `{column.element}` |"))
            assert column.name in line
        assert all(form.title in page for form in report.forms)


@each_connector
class TestConnector:
    def test_writes_two_forms_a_month_one_of_them_with_a_heading_of_three_levels(self, connector: Connector) -> None:
        forms = connector.report_for("2026-10").forms
        assert len(forms) >= 2
        assert max(form.depth for form in forms) >= 3

    def test_an_address_belongs_to_one_form(self, connector: Connector) -> None:
        titles = [form.title for report in connector.reports for form in report.forms]
        assert len(set(titles)) == len(titles)


class TestHeading:
    LAYOUT = FormLayout(
        title="t",
        preparer="p",
        header=(Leaf("序号"), Leaf("村（社区）"), Heading("a", (Leaf("x"), Heading("b", (Leaf("y"), Leaf("z", "Z")))))),
        signatures="",
    )

    def test_a_leaf_reaches_down_and_a_heading_across(self) -> None:
        cells = {cell.text: (cell.top, cell.bottom, cell.left, cell.right) for cell in self.LAYOUT.heading_cells(2)}
        assert cells == {
            "序号": (2, 4, 0, 0),
            "村（社区）": (2, 4, 1, 1),
            "a": (2, 2, 2, 4),
            "x": (3, 4, 2, 2),
            "b": (3, 3, 3, 4),
            "y": (4, 4, 3, 3),
            "Z": (4, 4, 4, 4),
        }

    def test_a_long_heading_makes_its_rows_higher(self) -> None:
        long = FormLayout(title="t", preparer="p", header=(Leaf("一" * 30), Heading("a", (Leaf("y"),))), signatures="")
        assert self.LAYOUT.heading_lines() == [1, 1, 1]
        assert long.heading_lines() == [3, 3]  # sixty digits wide over twelve, on two rows

    def test_knows_its_figures(self) -> None:
        assert (self.LAYOUT.columns, self.LAYOUT.leading, self.LAYOUT.depth) == (("x", "y", "z"), 2, 3)


class TestSums:
    def test_townships_have_their_own_and_the_county_the_sum_of_them(self, department: Any) -> None:
        department.name = "civil-affairs"
        department.run()
        cells = department.cells(form=1)
        column = 3  # 农村低保户数, the first figure
        townships = [row[column] for row in cells if row[2] == "小计"]
        total = next(row[column] for row in cells if row[0] == "合计")
        villages = [row[column] for row in cells if isinstance(row[0], int)]
        assert len(townships) == 2
        assert sum(townships) == sum(villages) == total

    def test_a_township_merged_into_another_stands_with_it(self, department: Any) -> None:
        """The official parent decides, not the code's own first digits."""
        department.name = "civil-affairs"
        department.hub.parents = {"433124102201": "433124103"}
        department.run()
        cells = department.cells(form=1)
        order = [row[2] for row in cells if isinstance(row[0], int) or row[2] == "小计"]
        assert order == ["龙门村", "小计", "土地村", "=1+1", "骑马坡村", "小计"]
