from pathlib import Path
from typing import Any

import pytest
from hub_connectors.connectors import CONNECTORS
from hub_connectors.errors import HubRefused

LONGMEN, TUDI, INJECTED, QIMAPO = "433124102200", "433124102201", "433124103200", "433124103201"
COLUMN = "外出务工人数"


class TestChanges:
    @pytest.mark.parametrize("name", CONNECTORS)
    def test_brings_exactly_what_changed(self, department: Any, name: str) -> None:
        department.name = name
        department.run()
        before = department.table()
        department.hub.change("2026-10", TUDI, village_migrant_workers=231)
        department.hub.requests.clear()
        outcome = department.run(changes=True).outcome
        column = outcome.columns["village_migrant_workers"]
        assert (outcome.mode, outcome.rows, outcome.changed) == ("changes", 4, 1)
        assert "/api/v1/data-values" not in department.hub.paths()
        assert department.table() == {**before, TUDI: {**before[TUDI], column: 231}}
        assert department.cell(TUDI, column) == 231

    def test_a_second_time_there_is_nothing(self, department: Any) -> None:
        department.run()
        department.hub.change("2026-10", TUDI, village_migrant_workers=231)
        first = department.run(changes=True).outcome
        second = department.run(changes=True).outcome
        assert (second.mode, second.changed, second.sha256) == ("changes", 0, first.sha256)

    def test_many_pages_in_the_hubs_order(self, department: Any) -> None:
        department.run()
        for number in range(7):
            department.hub.change("2026-10", TUDI, village_migrant_workers=100 + number)
        assert department.run(changes=True).outcome.changed == 1
        assert department.table()[TUDI][COLUMN] == 106

    def test_changes_of_every_period_are_applied_before_the_cursor_moves(self, department: Any) -> None:
        department.run("2026-09")
        department.run("2026-10")
        department.hub.change("2026-09", TUDI, village_migrant_workers=99)
        department.hub.change("2026-10", LONGMEN, village_migrant_workers=98)
        assert department.run("2026-10", changes=True).outcome.changed == 1
        assert department.table("2026-09")[TUDI][COLUMN] == 99
        older = department.run("2026-09", changes=True).outcome
        assert (older.mode, older.changed) == ("changes", 0)
        assert department.cell(TUDI, COLUMN, "2026-09") == 99

    def test_a_full_pull_of_one_period_loses_no_change_of_another(self, department: Any) -> None:
        department.run("2026-09")
        department.hub.change("2026-09", TUDI, village_migrant_workers=99)
        department.run("2026-10")
        assert department.table("2026-09")[TUDI][COLUMN] == 99
        assert department.run("2026-09", changes=True).outcome.changed == 0
        assert department.cell(TUDI, COLUMN, "2026-09") == 99

    def test_without_a_cursor_it_is_a_full_pull(self, department: Any) -> None:
        assert department.run(changes=True).outcome.mode == "full"

    def test_a_period_never_pulled_is_pulled_in_full(self, department: Any) -> None:
        department.run("2026-09")
        outcome = department.run("2026-10", changes=True).outcome
        assert (outcome.mode, outcome.rows, outcome.changed) == ("full", 4, 4)

    def test_a_withdrawn_value_is_empty(self, department: Any) -> None:
        department.run()
        department.hub.change("2026-10", TUDI, kind="withdrawal", village_migrant_workers=None)
        assert department.run(changes=True).outcome.changed == 1
        assert department.table()[TUDI][COLUMN] is None
        assert department.cell(TUDI, COLUMN) is None
        assert department.table()[TUDI]["脱贫人口"] == 300

    def test_a_reason_replaces_a_value_and_a_value_a_reason(self, department: Any) -> None:
        department.run()
        department.hub.report_missing("2026-10", TUDI, village_migrant_workers="not_applicable")
        department.run(changes=True)
        assert department.cell(TUDI, COLUMN) == "—"
        department.hub.change("2026-10", TUDI, village_migrant_workers=5)
        department.run(changes=True)
        assert department.cell(TUDI, COLUMN) == 5
        assert department.cell(TUDI, "备注") is None

    def test_elements_and_classes_of_other_reports_are_left_out(self, department: Any) -> None:
        department.run()
        department.hub.change("2026-10", TUDI, village_left_behind_women=5)
        department.hub.log.append(
            {**department.hub.log[-1], "object_class": "township", "values": {"village_migrant_workers": 1}}
        )
        assert department.run(changes=True).outcome.changed == 0

    def test_receipt_goes_to_the_grants_of_the_pull(self, department: Any) -> None:
        department.run()
        department.hub.change("2026-10", TUDI, village_migrant_workers=231)
        outcome = department.run(changes=True).outcome
        told = [(receipt["file"], receipt["sha256"]) for receipt in department.hub.receipts.values()]
        assert told[-len(outcome.files) :] == [(Path(each["file"]).name, each["sha256"]) for each in outcome.files]


class TestCursorExpired:
    def test_every_period_held_is_pulled_in_full(self, department: Any) -> None:
        department.run("2026-09")
        department.run("2026-10")
        department.hub.change("2026-09", TUDI, village_migrant_workers=99)
        department.hub.change("2026-10", TUDI, village_migrant_workers=98)
        department.hub.first_good_cursor = 2
        outcome = department.run("2026-10", changes=True).outcome
        assert (outcome.mode, outcome.changed) == ("full", 1)
        assert department.table("2026-09")[TUDI][COLUMN] == 99
        assert department.table("2026-10")[TUDI][COLUMN] == 98
        assert department.run("2026-10", changes=True).outcome.mode == "changes"

    def test_a_full_pull_survives_it_too(self, department: Any) -> None:
        department.run("2026-09")
        department.hub.change("2026-09", TUDI, village_migrant_workers=99)
        department.hub.first_good_cursor = 1
        department.run("2026-10")
        assert department.table("2026-09")[TUDI][COLUMN] == 99

    def test_a_period_no_longer_granted_stays_as_it_was_and_is_told(self, department: Any) -> None:
        department.run("2026-09")
        department.run("2026-10")
        department.hub.periods = ("2026-10",)
        department.hub.log.append({**self._any_change(department), "object_class": "township"})
        department.hub.first_good_cursor = 1
        finished = department.run("2026-10", changes=True)
        assert "2026-09" in finished.remarks[0]
        assert department.table("2026-09")[TUDI][COLUMN] == 210
        with pytest.raises(HubRefused):
            department.run("2026-09", changes=True)

    def test_a_mapping_with_a_new_element_is_pulled_in_full(self, department: Any) -> None:
        department.run()
        with department.store.transaction() as connection:
            connection.exec_driver_sql("UPDATE connector_positions SET elements = 'village_migrant_workers'")
            connection.exec_driver_sql('ALTER TABLE village_poverty_monitoring_monthly DROP COLUMN "监测户数"')
        outcome = department.run(changes=True).outcome
        assert (outcome.mode, outcome.changed) == ("full", 4)
        assert department.table()[TUDI]["监测户数"] == 90

    @staticmethod
    def _any_change(department: Any) -> dict[str, Any]:
        department.hub.change("2026-10", TUDI, village_migrant_workers=211)
        return dict(department.hub.log.pop())
