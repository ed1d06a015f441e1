from decimal import Decimal

import pytest

from hub.remarks.scans import LONGEST_NAME, plain_name, says_its_kind, sniff
from hub.remarks.sparkline import HEIGHT, MARGIN, WIDTH, sparkline
from tests.remarks.factories import JPG, PDF, PNG


class TestSniff:
    @pytest.mark.parametrize(
        ("content", "media_type"), [(PDF, "application/pdf"), (JPG, "image/jpeg"), (PNG, "image/png")]
    )
    def test_knows_scans_by_their_content(self, content: bytes, media_type: str) -> None:
        found = sniff(content)
        assert found is not None
        assert (found.media_type, found.is_whole) == (media_type, True)

    @pytest.mark.parametrize("content", [PDF, JPG, PNG])
    def test_sees_that_the_end_is_missing(self, content: bytes) -> None:
        found = sniff(content[:-12])
        assert found is not None
        assert not found.is_whole

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"PK\x03\x04" + bytes(40),
            b"MZ" + bytes(40),
            b"<html><script>alert(1)</script></html>",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"GIF89a" + bytes(40),
            b" %PDF-1.4\n%%EOF",
            "只是文字".encode(),
        ],
    )
    def test_takes_nothing_else_for_a_scan(self, content: bytes) -> None:
        assert sniff(content) is None


class TestPlainName:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("签字页.pdf", "签字页.pdf"),
            ("../../etc/passwd.pdf", "passwd.pdf"),
            ("C:\\Users\\a\\扫描.PDF", "扫描.PDF"),
            ("/srv/x/..\\y.jpg", "y.jpg"),
            ("scan\u202egpj.exe", "scangpj.exe"),
            ("a\r\nContent-Type: x.png", "aContent-Type_ x.png"),
            ('a"b;c.pdf', "a_b;c.pdf"),
            ("nothing", "nothing"),
            ("", ""),
            ("..", ""),
        ],
    )
    def test_has_no_path_and_nothing_that_steers(self, given: str, expected: str) -> None:
        assert plain_name(given) == expected

    def test_keeps_the_extension_of_a_long_one(self) -> None:
        shortened = plain_name("长" * 500 + ".pdf")
        assert len(shortened) == LONGEST_NAME
        assert shortened.endswith("长.pdf")

    @pytest.mark.parametrize(
        ("name", "media_type", "expected"),
        [
            ("a.pdf", "application/pdf", True),
            ("a.PDF", "application/pdf", True),
            ("a.jpeg", "image/jpeg", True),
            ("a.pdf", "image/jpeg", False),
            ("a.pdf.exe", "application/pdf", False),
            ("pdf", "application/pdf", True),
            ("", "application/pdf", False),
        ],
    )
    def test_says_its_kind(self, name: str, media_type: str, expected: bool) -> None:
        assert says_its_kind(name, media_type) is expected


class TestSparkline:
    def test_runs_from_edge_to_edge_and_highest_is_on_top(self) -> None:
        line = sparkline([Decimal(10), Decimal(20), Decimal(15)])
        assert line is not None
        assert line.lines == (f"{MARGIN}.0,{HEIGHT - MARGIN}.0 {WIDTH / 2},{MARGIN}.0 {WIDTH - MARGIN}.0,{HEIGHT / 2}",)
        assert line.last == line.dots[-1]

    def test_a_period_without_a_value_interrupts_it(self) -> None:
        line = sparkline([Decimal(1), Decimal(2), None, Decimal(3), None])
        assert line is not None
        assert len(line.lines) == 1
        assert len(line.dots) == 3
        assert line.last == line.dots[2]

    def test_no_change_is_a_level_line(self) -> None:
        line = sparkline([Decimal(5)] * 12)
        assert line is not None
        assert {dot.y for dot in line.dots} == {str(Decimal(HEIGHT) / 2) + ".0"}

    @pytest.mark.parametrize("values", [[], [None], [Decimal(1)], [None, Decimal(1), None]])
    def test_one_number_is_no_course(self, values: list[Decimal | None]) -> None:
        assert sparkline(values) is None
