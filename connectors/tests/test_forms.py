"""Each department's form: its pieces agree with each other, with the registry's files, and with the golden form."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hub_connectors.connector import Connector
from hub_connectors.connectors import CONNECTORS
from hub_connectors.mapping import Kind

GOLDEN = Path(__file__).parent / "golden"
REPOSITORY = Path(__file__).parents[2]
REASONS = {"none", "not_applicable", "not_yet_known", "refused"}

each_connector = pytest.mark.parametrize("connector", CONNECTORS.values(), ids=list(CONNECTORS))


@each_connector
class TestForm:
    def test_mapping_schema_and_layout_name_the_same_columns_in_the_same_order(self, connector: Connector) -> None:
        names = [column.name for column in connector.mapping.columns]
        assert len(set(names)) == len(names)
        assert [name for group in connector.layout.groups for name in group.columns] == names
        assert list(connector.schema.columns)[4:] == names

    def test_every_reason_has_a_mark_and_none_of_them_is_zero(self, connector: Connector) -> None:
        marks = connector.mapping.missing
        assert set(marks) == REASONS
        assert (marks["not_applicable"].cell, marks["not_yet_known"].cell) == ("—", "")
        assert all(mark.cell != "0" for mark in marks.values())

    def test_the_registry_has_every_element(self, connector: Connector) -> None:
        registered: set[str] = set()
        for path in (REPOSITORY / "schemas" / "elements").glob("village-month*.yaml"):
            registered.update(re.findall(r"identifier: (\w+)", path.read_text(encoding="utf-8")))
        assert set(connector.mapping.elements) <= registered

    def test_every_permissible_value_has_a_code(self, connector: Connector) -> None:
        lists = {
            "village_migration_channel": "migration_channel",
            "village_migration_sector": "industry_sector",
        }
        for column in connector.mapping.columns:
            if column.kind is Kind.CODE and column.element in lists:
                text = (REPOSITORY / "schemas" / "code_lists" / f"{lists[column.element]}.yaml").read_text("utf-8")
                assert set(column.codes) == set(re.findall(r'value: "(\w+)"', text))

    def test_the_page_for_departments_shows_the_mapping(self, connector: Connector) -> None:
        page = (REPOSITORY / "docs" / "connectors.md").read_text(encoding="utf-8")
        for column in connector.mapping.columns:
            line = next(line for line in page.splitlines() if line.startswith(f"| `{column.element}` |"))
            assert column.name in line

    def test_the_delivered_form_is_the_golden_one(self, connector: Connector, department: Any) -> None:
        """Refreshed on purpose only: GOLDEN_REFRESH=1 pytest connectors/tests/test_forms.py, then read the diff."""
        department.name = connector.name
        department.hub.report_missing("2026-10", "433124102201", village_migrant_workers="not_applicable")
        department.hub.report_missing("2026-10", "433124103201", village_migrant_workers="not_yet_known")
        department.run()
        cells = department.cells()
        golden = GOLDEN / f"{connector.name}.json"
        if os.environ.get("GOLDEN_REFRESH") == "1":
            rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in cells)
            golden.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
        assert cells == json.loads(golden.read_text(encoding="utf-8"))
