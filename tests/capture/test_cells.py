"""Merging by cell, without a database: what is written, what is a conflict, what is refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.capture.cells import Asked, CellChange, CellText, merge, texts_of
from hub.capture.confirmations import Confirmation
from hub.capture.ledger import BATCHES_KEPT, TOLD_EVERY, Explanations, Ledger, Saved
from hub.capture.rows import MAXIMUM_TEXT, TypedEntry

ASKED = Asked(frozenset({"a", "b"}), frozenset({"x", "y", "z"}), {("a", "z"): "locked"})
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def change(now: str, was: str = "", *, place: tuple[str, str] = ("a", "x"), missing: tuple[str, str] = ("", "")) -> Any:
    return CellChange(*place, CellText(now, missing[0]), CellText(was, missing[1]))


def entry(division: str = "a", **values: Any) -> TypedEntry:
    return TypedEntry(division, values)


class TestMerge:
    @pytest.mark.parametrize(
        ("held", "changed", "after"),
        [
            ([], change("5"), [entry(x="5")]),
            ([entry(x="4")], change("5", "4"), [entry(x="5")]),
            ([entry(x=4)], change("5", "4"), [entry(x="5")]),
            ([entry(x=Decimal("1.10"))], change("2", "1.10"), [entry(x="2")]),
            ([entry(x=True)], change("", "true"), []),
            ([entry(x="4", y="1")], change("", "4"), [entry(y="1")]),
            (
                [entry(x=213)],
                change("213", "213", missing=("refused", "")),
                [TypedEntry("a", {"x": 213}, {"x": "refused"})],
            ),
            ([entry("b", y=1)], change("5"), [entry("b", y=1), entry(x="5")]),
            ([entry(x="1"), entry(x="2")], change("3", "1"), [entry(x="3"), entry(x="2")]),
            ([entry("odd", q="1")], change("", "1", place=("odd", "q")), []),
        ],
    )
    def test_writes_what_nobody_typed_over(
        self, held: list[TypedEntry], changed: CellChange, after: list[TypedEntry]
    ) -> None:
        merging = merge(held, [changed], ASKED)
        assert list(merging.entries) == after
        assert (merging.applied, merging.changed) == ((changed,), (changed,))
        assert (merging.conflicts, merging.refused) == ((), ())

    def test_never_overwrites_what_somebody_else_typed(self) -> None:
        mine = change("5", "")
        merging = merge([entry(x="6")], [mine], ASKED)
        assert (merging.entries, merging.conflicts, merging.changed) == ((entry(x="6"),), (mine,), ())

    def test_the_same_value_from_two_is_no_conflict(self) -> None:
        mine = change("5", "")
        merging = merge([entry(x=5)], [mine], ASKED)
        assert (merging.entries, merging.applied, merging.changed) == ((entry(x=5),), (mine,), ())

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            (change("5", place=("a", "q")), "cell_not_on_form"),
            (change("5", place=("c", "x")), "cell_not_on_form"),
            (change("5", place=("a", "z")), "cell_locked"),
            (change("x" * (MAXIMUM_TEXT + 1)), "value_too_long"),
        ],
    )
    def test_refuses_one_cell_and_keeps_the_others(self, changed: CellChange, code: str) -> None:
        other = change("1", place=("b", "y"))
        merging = merge([], [changed, other], ASKED)
        assert [(refused.place, refused.code) for refused in merging.refused] == [(changed.place, code)]
        assert merging.changed == (other,)

    @given(
        st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(["", "1", "2"])), max_size=12)
    )
    def test_what_is_shown_afterwards_is_what_was_typed(self, typed: list[tuple[str, str, str]]) -> None:
        """Cell after cell, each typed over what stands there: nothing is lost and nothing else is touched."""
        entries: tuple[TypedEntry, ...] = (entry("b", y="0"),)
        expected = texts_of(entries)
        for division, element, text in typed:
            was = expected.get((division, element), CellText())
            entries = merge(entries, [CellChange(division, element, CellText(text), was)], ASKED).entries
            expected[division, element] = CellText(text)
        assert texts_of(entries) == {place: text for place, text in expected.items() if text != CellText()}


class TestLedger:
    def test_is_kept_as_it_is(self) -> None:
        explained = Explanations((Confirmation("rule", "a", "x", "属实"),), "更正")
        ledger = Ledger(whole=Saved("one", NOON), explanations=explained).beginning_at('"0"')
        ledger = ledger.with_batch(Saved("two", NOON), [("a", "x")], [("a", "y")], key="k", tag='"1"')
        assert Ledger.from_stored(ledger.to_stored()) == ledger
        assert Ledger.from_stored(Ledger().to_stored()) == Ledger()

    def test_knows_what_is_new_since_a_tag(self) -> None:
        ledger = Ledger().beginning_at('"0"')
        for number, element in enumerate("xyx", start=1):
            ledger = ledger.with_batch(Saved("one", NOON), [("a", element)], [], key=str(number), tag=f'"{number}"')
        assert [sorted(ledger.since(ledger.sequence_at(f'"{n}"') or 0)) for n in range(4)] == [
            [("a", "x"), ("a", "y")],
            [("a", "x"), ("a", "y")],
            [("a", "x")],
            [],
        ]
        assert ledger.sequence_at('"9"') is None

    def test_forgets_batches_that_nobody_asks_for_any_more(self) -> None:
        ledger = Ledger().beginning_at('"0"')
        for number in range(1, BATCHES_KEPT + 2):
            ledger = ledger.with_batch(Saved("one", NOON), [], [], key=str(number), tag=f'"{number}"')
        assert (len(ledger.batches), ledger.sequence_at('"0"'), ledger.batch("1")) == (BATCHES_KEPT, None, None)

    def test_tells_the_audit_log_once_in_ten_minutes_of_each_person(self) -> None:
        ledger = Ledger()
        told = []
        for minutes, name in ((0, "one"), (1, "one"), (2, "two"), (9, "one"), (10, "one"), (11, "two")):
            saved = Saved(name, NOON + timedelta(minutes=minutes))
            told.append(ledger.is_to_be_told(saved))
            ledger = ledger.with_batch(saved, [], [], key=str(minutes), tag="")
        assert told == [True, False, True, False, True, False]
        assert timedelta(minutes=10) == TOLD_EVERY

    def test_the_newest_reason_counts_and_an_empty_one_takes_it_back(self) -> None:
        first = Explanations().with_changes(
            [Confirmation("r", "a", "x", "one"), Confirmation("r", "a", "y", "two")], "why"
        )
        second = first.with_changes([Confirmation("r", "a", "x", "three"), Confirmation("r", "a", "y", " ")], None)
        assert second == Explanations((Confirmation("r", "a", "x", "three"),), "why")
