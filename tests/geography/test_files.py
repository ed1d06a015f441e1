import gzip
from pathlib import Path

import pytest

from hub.geography.files import (
    HeldParent,
    check_tree,
    foreign_parents,
    lineages,
    read_divisions,
)

HEAD = "code,name,level,parent_code\n"
COUNTY = {"433124": HeldParent("county", ("43", "4331", "433124"))}


def write(folder: Path, text: str | bytes, name: str = "divisions.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def faults_of(path: Path) -> list[tuple[str, str]]:
    rows, faults = read_divisions(path)
    return [(fault.pointer, fault.code) for fault in faults or check_tree(rows, COUNTY)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("433124102,龙潭镇,township,433124\n", []),
        ("433124102,龙潭镇,township,433125\n", [("line:2", "parent_unknown")]),
        ("433124102,龙潭镇,township,\n", [("line:2", "parent_missing")]),
        ("43312410,龙潭镇,township,433124\n", [("line:2", "code_wrong_length")]),
        ("43312410x,龙潭镇,township,433124\n", [("line:2", "code_not_digits")]),
        ("43312410２,龙潭镇,township,433124\n", [("line:2", "code_not_digits")]),
        ("433124102,龙潭镇,town,433124\n", [("line:2", "level_unknown")]),
        ("433124102, ,township,433124\n", [("line:2", "name_not_valid")]),
        ("433124102,龙潭镇,township\n", [("line:2", "columns_wrong_number")]),
        ("433124102,龙潭镇,township,433124\n\n433124102,乙镇,township,433124\n", [("line:4", "code_duplicate")]),
        ("433124102,龙潭镇,township,433124102\n", [("line:2", "parent_wrong_level")]),
        (
            "433124102,甲镇,township,433124103\n433124103,乙镇,township,433124102\n",
            [("line:2", "parent_wrong_level"), ("line:3", "parent_wrong_level")],
        ),
        (
            "43312410,甲镇,township,433124\n433124103,,township,433124\n",
            [("line:2", "code_wrong_length"), ("line:3", "name_not_valid")],
        ),
    ],
)
def test_every_fault_is_named_with_its_line(tmp_path: Path, lines: str, expected: list[tuple[str, str]]) -> None:
    assert faults_of(write(tmp_path, HEAD + lines)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [("line:1", "column_missing")]),
        (b"code,name\n", [("line:1", "column_missing")]),
        (HEAD.encode() + "龙潭镇".encode("gb18030"), [("line:2", "encoding-not-utf-8")]),
        (HEAD.encode() + b'433124102,"a"b,township,433124\n', [("line:2", "csv_not_valid")]),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, expected: list[tuple[str, str]]) -> None:
    assert faults_of(write(tmp_path, content)) == expected


def test_takes_a_byte_order_mark_and_gzip(tmp_path: Path) -> None:
    content = ("\ufeff" + HEAD + "433124102,龙潭镇,township,433124\n").encode()
    assert faults_of(write(tmp_path, gzip.compress(content), "divisions.csv.gz")) == []
    assert faults_of(write(tmp_path, b"not gzip", "broken.csv.gz")) == [("line:2", "encoding-not-utf-8")]


def test_lineages_go_on_from_held_parents_in_any_order(tmp_path: Path) -> None:
    lines = "433124102200,甲村,village,433124102\n433124102,龙潭镇,township,433124\n"
    rows, _faults = read_divisions(write(tmp_path, HEAD + lines))
    assert foreign_parents(rows) == {"433124"}
    found = lineages(rows, COUNTY)
    assert found["433124102200"] == ("43", "4331", "433124", "433124102", "433124102200")
