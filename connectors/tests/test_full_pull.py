import hashlib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from hub_connectors.connectors import CONNECTORS
from hub_connectors.errors import CheckFailed, HubRefused, PeriodFault, Violation
from hub_connectors.tables import runs

LONGMEN, TUDI, INJECTED, QIMAPO = "433124102200", "433124102201", "433124103200", "433124103201"


class TestFullPull:
    @pytest.mark.parametrize("name", CONNECTORS)
    def test_all_departments_hold_the_same_count_under_their_own_name(self, department: Any, name: str) -> None:
        department.name = name
        outcome = department.run().outcome
        assert list(outcome.as_line()) == [
            "connector",
            "period",
            "mode",
            "rows",
            "changed",
            "file",
            "sha256",
            "columns",
            "files",
        ]
        column = outcome.columns["village_migrant_workers"]
        assert (outcome.mode, outcome.rows, outcome.changed) == ("full", 4, 4)
        assert department.cell(TUDI, column) == 211
        assert department.table()[TUDI][column] == 211
        assert hashlib.sha256(Path(outcome.file).read_bytes()).hexdigest() == outcome.sha256

    def test_the_departments_call_it_differently(self) -> None:
        mappings = [connector.report_for("2026-10").mapping for connector in CONNECTORS.values()]
        names = {mapping.column_of("village_migrant_workers") for mapping in mappings}
        assert len(names) == 3

    @pytest.mark.parametrize("name", CONNECTORS)
    def test_a_second_run_changes_nothing(self, department: Any, name: str) -> None:
        department.name = name
        first = department.run().outcome
        before = department.everything()
        second = department.run().outcome
        assert (second.changed, second.sha256) == (0, first.sha256)
        after = department.everything()
        assert after["files"] == before["files"]
        assert len(department.hub.receipts) == len(first.files)

    def test_asks_only_for_elements_of_its_own_mapping(self, department: Any) -> None:
        department.run()
        asked = next(r for r in department.hub.requests if r.url.path.endswith("/data-values"))
        assert asked.url.params["elements"].split(",") == list(
            CONNECTORS["poverty-relief"].report_for("2026-10").mapping.elements
        )

    def test_keeps_the_cursor_of_the_first_page(self, department: Any) -> None:
        """A correction made while the connector pages lies after the cursor that it keeps."""

        def correct_in_between(request: Any) -> None:
            if request.url.params.get("after") == "p2":
                department.hub.change("2026-10", LONGMEN, village_migrant_workers=77)

        department.hub.fault = correct_in_between
        department.run()
        assert department.table()[LONGMEN]["外出务工人数"] != 77
        department.hub.fault = None
        assert department.run(changes=True).outcome.changed == 1
        assert department.table()[LONGMEN]["外出务工人数"] == 77

    def test_converts_units_exactly_and_maps_codes(self, department: Any) -> None:
        department.name = "human-resources"
        department.run()
        assert department.cell(LONGMEN, "务工人均月收入") == 0.46501
        assert str(department.table()[LONGMEN]["务工人均月收入"]) == "0.465010"
        assert department.cell(LONGMEN, "主要转移就业方式") == "04"
        assert department.cell(LONGMEN, "主要产业类别") == "二产"
        department.name = "poverty-relief"
        department.run()
        assert department.cell(LONGMEN, "有无帮扶车间") == "1 是"

    def test_tells_every_grant_its_receipt(self, department: Any) -> None:
        department.hub.grants = "G-1, G-2"
        outcome = department.run().outcome
        assert list(department.hub.receipts.values()) == [
            {"grant": grant, "period": "2026-10", "rows": 4, "sha256": each["sha256"], "file": Path(each["file"]).name}
            for each in outcome.files
            for grant in ("G-1", "G-2")
        ]

    def test_a_file_gone_back_to_is_a_delivery_of_its_own(self, department: Any) -> None:
        first = department.run().outcome
        department.hub.change("2026-10", LONGMEN, village_migrant_workers=1)
        department.run(changes=True)
        department.hub.change("2026-10", LONGMEN, village_migrant_workers=210)
        assert department.run(changes=True).outcome.sha256 == first.sha256
        told = [receipt for receipt in department.hub.receipts.values() if receipt["file"] == Path(first.file).name]
        assert len(told) == 3

    def test_a_village_that_is_no_longer_served_leaves_file_and_table(self, department: Any) -> None:
        department.run()
        del department.hub.values["2026-10", QIMAPO]
        assert department.run().outcome.rows == 3
        assert QIMAPO not in department.table()

    def test_a_period_without_values_makes_an_empty_form(self, department: Any) -> None:
        department.hub.values.clear()
        outcome = department.run().outcome
        assert (outcome.rows, outcome.changed) == (0, 0)
        assert department.cells()[5][0] == "合计"


class TestMissingValues:
    def test_are_written_as_the_department_writes_them_and_never_as_zero(self, department: Any) -> None:
        hub = department.hub
        hub.report_missing("2026-10", LONGMEN, village_migrant_workers="not_applicable")
        hub.report_missing("2026-10", TUDI, village_migrant_workers="not_yet_known")
        hub.report_missing("2026-10", INJECTED, village_migrant_workers="none")
        hub.change("2026-10", QIMAPO, village_migrant_workers=0)
        department.run()
        column = "外出务工人数"
        assert [department.cell(code, column) for code in (LONGMEN, TUDI, INJECTED, QIMAPO)] == ["—", None, "/", 0]
        assert [department.table()[code][column] for code in (LONGMEN, TUDI, QIMAPO)] == [None, None, 0]
        assert department.cell(LONGMEN, "备注") == "外出务工人数：不涉及"

    def test_a_total_sums_what_was_reported_and_is_empty_when_nobody_did(self, department: Any) -> None:
        for village in (LONGMEN, TUDI, INJECTED, QIMAPO):
            department.hub.report_missing("2026-10", village, village_migrant_workers="not_yet_known")
        department.hub.report_missing("2026-10", LONGMEN, village_relieved_population="refused")
        department.run()
        assert department.cell("合计", "外出务工人数") is None
        assert department.cell("合计", "脱贫人口") == 900

    def test_an_element_the_hub_does_not_name_is_an_empty_cell(self, department: Any) -> None:
        del department.hub.values["2026-10", LONGMEN]["village_relieved_population"]
        department.run()
        assert department.cell(LONGMEN, "脱贫人口") is None


class TestInjection:
    def test_a_formula_in_a_name_stays_text(self, department: Any) -> None:
        department.run()
        line = next(row for row in department.cells() if INJECTED in row)
        assert line[3] == "=1+1"
        path = department.folder / CONNECTORS["poverty-relief"].report_for("2026-10").forms[0].file_name("2026-10")
        with ZipFile(path) as archive:
            sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet


class TestRefusals:
    def test_the_hubs_own_words_are_passed_on(self, department: Any) -> None:
        department.hub.granted.discard("village_migrant_workers")
        with pytest.raises(HubRefused) as refused:
            department.run()
        assert (refused.value.status, refused.value.code) == (403, "not_granted")
        assert "village_migrant_workers" in refused.value.detail
        entry = department.store.list_runs("poverty-relief")[0]
        assert entry.state == "failed"
        assert "village_migrant_workers" in entry.message
        assert not department.folder.exists()

    def test_a_wrong_secret(self, department: Any) -> None:
        department.secret = "wrong"
        with pytest.raises(HubRefused) as refused:
            department.run()
        assert refused.value.code == "invalid_client"
        assert department.hub.paths() == ["/oauth/token"]

    @pytest.mark.parametrize("period", ["2026-Q4", "2026-S1", "2026-13", "2026-1", "../x", "2026-10\n", "２０２６"])
    def test_only_periods_that_the_department_has_a_form_for(self, department: Any, period: str) -> None:
        with pytest.raises(PeriodFault):
            department.run(period)


class TestChecks:
    def test_all_failures_at_once_and_nothing_is_replaced(self, department: Any) -> None:
        department.run()
        before = department.everything()
        hub = department.hub
        hub.change("2026-10", LONGMEN, village_migrant_workers=-1)
        hub.change("2026-10", TUDI, village_migrant_workers=5000)
        hub.change("2026-10", QIMAPO, village_has_employment_workshop="perhaps", village_relieved_population="many")
        hub.report_missing("2026-10", INJECTED, village_unstable_households="lost")
        for changes in (False, True):
            with pytest.raises(CheckFailed) as failed:
                department.run(changes=changes)
            places = {(violation.division, violation.column) for violation in failed.value.violations}
            assert places == {
                (LONGMEN, "外出务工人数"),
                (TUDI, "外出务工人数"),
                (QIMAPO, "有无帮扶车间"),
                (QIMAPO, "脱贫人口"),
                (INJECTED, "脱贫不稳定户"),
            }
            assert department.everything() == before
        message = department.store.list_runs("poverty-relief")[-1].message
        assert LONGMEN in message
        assert QIMAPO in message

    def test_a_flood_is_counted_and_listed_only_so_far(self) -> None:
        faults = [Violation("2026-10", f"{number:012}", "人数", "0 至 9", "10") for number in range(700)]
        told = str(CheckFailed(faults))
        assert "共 700 处" in told
        assert "另有 200 处没有列出" in told
        assert told.count("\n") == 501

    def test_run_log_keeps_rows_and_states_in_order(self, department: Any) -> None:
        department.run()
        department.hub.change("2026-10", LONGMEN, village_migrant_workers=-1)
        with pytest.raises(CheckFailed):
            department.run(changes=True)
        department.hub.change("2026-10", LONGMEN, village_migrant_workers=5)
        department.run(changes=True)
        entries = department.store.list_runs("poverty-relief")
        assert [(entry.mode, entry.state, entry.changed) for entry in entries] == [
            ("full", "succeeded", 4),
            ("changes", "failed", None),
            ("changes", "succeeded", 1),
        ]
        with department.store.transaction() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(runs)).scalar_one() == 3
