import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.kit.journal import append_line


class TestAppendLine:
    def test_makes_the_file_private_and_adds(self, tmp_path: Path) -> None:
        path = tmp_path / "lines"
        append_line(path, "one")
        append_line(path, "two")
        assert path.read_text(encoding="utf-8") == "one\ntwo\n"
        assert path.stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize(("before", "after"), [("", ""), ("one\n", "one\n"), ("one\ntw", "one\n"), ("on", "")])
    def test_a_torn_line_goes_first(self, tmp_path: Path, before: str, after: str) -> None:
        path = tmp_path / "lines"
        path.write_text(before, encoding="utf-8")
        append_line(path, "next")
        assert path.read_text(encoding="utf-8") == after + "next\n"

    @pytest.mark.parametrize("written", [0, 3])
    def test_without_room_nothing_is_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
        path = tmp_path / "lines"
        append_line(path, "one")
        whole = os.pwrite

        def full(descriptor: int, data: bytes, offset: int) -> int:
            return whole(descriptor, data[:written], offset)

        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="space") as raised:
            append_line(path, "second")
        assert raised.value.errno == errno.ENOSPC
        assert path.read_text(encoding="utf-8") == "one\n"

    def test_many_at_once_are_all_there(self, tmp_path: Path) -> None:
        path = tmp_path / "lines"
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: append_line(path, str(number)), range(200)))
        assert sorted(map(int, path.read_text(encoding="utf-8").split())) == list(range(200))
