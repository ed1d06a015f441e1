"""K01: a department's own codes, from a file that its people keep."""

from pathlib import Path
from typing import Any

import pytest
from hub_connectors.codes import read_codes
from hub_connectors.connectors import CONNECTORS
from hub_connectors.errors import SettingsFault

LONGMEN, TUDI = "433124102200", "433124102201"
KNOWN = {"village_migration_channel", "village_migration_sector"}
TWO = "list,hub,own\nvillage_migration_channel,5,Z9\ndivision,433124102200,431320010001\n"


def file(folder: Path, text: str) -> Path:
    path = folder / "codes.csv"
    path.write_text(text, encoding="utf-8-sig")
    return path


class TestMapped:
    def test_the_target_holds_the_two_mapped_codes(self, department: Any, tmp_path: Path) -> None:
        department.name = "human-resources"
        department.connector = CONNECTORS["human-resources"].with_codes(read_codes(file(tmp_path, TWO), KNOWN))
        department.run()
        table = department.table()
        assert set(table) & {LONGMEN, "431320010001"} == {"431320010001"}
        assert table["431320010001"]["主要转移就业方式"] == "Z9"
        assert department.cell("431320010001", "主要转移就业方式") == "Z9"
        assert table[TUDI]["主要产业类别"] == "二产"  # built-in codes beside it stay

    def test_a_change_of_the_file_moves_the_row_and_counts_it(self, department: Any, tmp_path: Path) -> None:
        department.run()
        codes = read_codes(file(tmp_path, "list,hub,own\ndivision,433124102200,A-1\n"), KNOWN)
        department.connector = CONNECTORS["poverty-relief"].with_codes(codes)
        assert department.run().outcome.changed == 1
        assert set(department.table()) & {LONGMEN, "A-1"} == {"A-1"}


class TestFile:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "第 1 行"),
            ("hub,own\n", "第 1 行"),
            ("list,hub,own\nvillage_migration_channel,5\n", "第 2 行"),
            ("list,hub,own\nvillage_migration_channel,,A\n", "第 2 行"),
            ("list,hub,own\nvillage_population,5,A\n", "没有“village_population”"),
            ("list,hub,own\ndivision,1,A\n\ndivision,1,B\n", "第 4 行"),
            ("list,hub,own\ndivision,1,A\ndivision,2,A\n", "两个区划都对照到 A"),
        ],
    )
    def test_faults_are_told_with_their_line(self, tmp_path: Path, text: str, told: str) -> None:
        with pytest.raises(SettingsFault, match=told):
            read_codes(file(tmp_path, text), KNOWN)

    def test_all_faults_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsFault, match=r"第 2 行.*第 3 行"):
            read_codes(file(tmp_path, "list,hub,own\nx,1,A\ny,2,B\n"), KNOWN)

    def test_a_missing_file_and_another_encoding(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsFault):
            read_codes(tmp_path / "none.csv", KNOWN)
        (tmp_path / "gbk.csv").write_bytes("list,hub,own\ndivision,1,甲\n".encode("gbk"))
        with pytest.raises(SettingsFault):
            read_codes(tmp_path / "gbk.csv", KNOWN)
