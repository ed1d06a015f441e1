import pytest

from hub.kit.errors import Unprocessable
from hub.kit.paging import Page, encode_position, page_within

ROWS = [("b", 2), ("a", 1), ("b", 1), ("c", 1)]


def page(rows: list[tuple[str, int]], after: str | None, limit: int = 2) -> Page[tuple[str, int]]:
    return page_within(rows, after, limit, read=lambda row: row, key=list)


class TestPageWithin:
    def test_goes_through_the_list_in_the_order_of_its_keys(self) -> None:
        first = page(ROWS, None)
        second = page(ROWS, first.next)
        assert (first.items, second.items) == ([("a", 1), ("b", 1)], [("b", 2), ("c", 1)])
        assert second.next is None

    def test_misses_and_repeats_nothing_while_rows_come_and_go(self) -> None:
        first = page(ROWS, None)
        changed = [("a", 0), ("b", 2), ("c", 0), ("c", 1)]
        assert page(changed, first.next, limit=9).items == [("b", 2), ("c", 0), ("c", 1)]

    @pytest.mark.parametrize("after", ["x", encode_position([1, "a"]), encode_position(["a"])])
    def test_refuses_a_cursor_of_somebody_elses_making(self, after: str) -> None:
        with pytest.raises(Unprocessable):
            page(ROWS, after)
