"""The rules in the browser say what the check says: the same findings, sentences and derived values (UX.md, row 23)."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st

from hub.datatypes import PermissibleValue, ValueDomain
from hub.kit import json
from hub.validation import ElementSpec, FormSpec, LookBack, Row, RuleSpec, check, derive
from hub.validation.grammar import READERS, RuleFault
from hub.validation.portable import NODES, _text, portable_form, portable_past

DIVISION = "433124102200"
# Making a failing example smaller takes minutes: a row tells enough. HUB_PORTABLE_EXAMPLES=5000 looks further.
EXAMPLES = int(os.environ.get("HUB_PORTABLE_EXAMPLES", "100"))
WITHOUT_HURRY = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.generate],
    derandomize=EXAMPLES == 100,  # the same rows on every machine, unless somebody looks further
)


class Browser:
    """The browser's rules in Node, which is what browsers run them with."""

    def __init__(self) -> None:
        node = shutil.which("node")
        assert node is not None
        program = [node, str(Path(__file__).parent / "judge.mjs")]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, question: Mapping[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def judge(self, form: FormSpec, rows: Sequence[Row]) -> list[tuple[dict[str, str], list[tuple[object, ...]]]]:
        self.ask({"form": portable_form(form)})
        asked = [
            {
                "values": row.values,
                "missing": row.missing,
                "held": portable_past(form.plan, row.supplied, row.past),
                "place": row.place,
            }
            for row in rows
        ]
        return [
            (
                {name: text for name, text in answer["derived"].items() if text},
                [
                    (one["severity"], one["code"], one["element"], tuple(one["elements"]), one["rule"], one["message"])
                    for one in answer["findings"]
                ],
            )
            for answer in self.ask({"rows": asked})
        ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    opened = Browser()
    yield opened
    opened.process.communicate(timeout=10)


def server(form: FormSpec, row: Row) -> tuple[dict[str, str], list[tuple[object, ...]]]:
    found = [
        (one.severity, one.code, one.element, one.elements, one.rule, one.message)
        for one in check(form, [row]).findings
    ]
    (derived,) = derive(form, [row])
    return {name: _text(value) for name, value in derived.items() if value is not None}, found


def are_told_alike(browser: Browser, form: FormSpec, rows: Sequence[Row]) -> None:
    for row, answer in zip(rows, browser.judge(form, rows), strict=True):
        assert server(form, row) == answer, row


def test_a_row_with_every_kind_of_fault_is_told_alike(browser: Browser, village_form: FormSpec, good_row: Row) -> None:
    """No luck needed: each of these is known to break something."""
    typed = {**good_row.values, "has_clinic": "是", "income": "1.50"}
    rows = [Row(DIVISION, {name: str(value) for name, value in typed.items()}, past=good_row.past)]
    for change in (
        {"female": "490"},
        {"migrant": "12000"},
        {"migrant": "十二"},
        {"migrant": "-4"},
        {"income": "1.234"},
        {"road": "3"},
        {"has_clinic": "有吗"},
        {"surveyed_on": "2026-02-30"},
        {"note": "长" * 21},
        {"population": ""},
    ):
        rows.append(Row(DIVISION, {**rows[0].values, **change}, past=good_row.past, division_name="青山镇第3村"))
    answers = browser.judge(village_form, rows)
    assert [server(village_form, row) for row in rows] == answers
    assert all(findings for _derived, findings in answers[1:])


WORDS = ["", " ", "是", "否", "1", "水泥路", "2026年3月1日", "2026-02-29", "19990101", "十二", "好", "长" * 21, "\x07"]
NUMERALS = [
    "０１２",
    "1,234",
    "12,34",
    "-5",
    "+7",
    "1e3",
    "0.10",
    "1.234",
    ".5",
    "5.",
    "1" * 16,
    "0" * 20 + "7",
    "－３",
]
CELLS = st.one_of(
    st.sampled_from(WORDS + NUMERALS),
    st.integers(-5, 30000).map(str),
    st.decimals(0, 3000, places=2).map(str),
    st.text(max_size=6),
)
REASONS = st.sampled_from(["", "", "", "", "none", "not_applicable", "not_yet_known", "refused"])


@st.composite
def typed_rows(draw: st.DrawFn, form: FormSpec) -> Row:
    names = [element.identifier for element in form.elements if element.source == "captured"]
    counts = [element.identifier for element in form.elements if element.domain.datatype == "integer"]
    held = st.dictionaries(st.sampled_from(counts), st.integers(0, 20000))
    statistics = st.dictionaries(st.sampled_from(counts), st.decimals(0, 20000, places=2))
    return Row(
        DIVISION,
        {name: draw(CELLS) for name in names},
        {name: reason for name in names if (reason := draw(REASONS))},
        past={
            LookBack.PREVIOUS: draw(held),
            LookBack.YEAR_AGO: draw(held),
            LookBack.USUAL: draw(statistics),
            LookBack.SPREAD: draw(statistics),
        },
        supplied=draw(held),
        division_name="青山镇第3村",
    )


def test_a_thousand_random_rows_are_told_alike(browser: Browser, village_form: FormSpec) -> None:
    @WITHOUT_HURRY
    @given(st.lists(typed_rows(village_form), min_size=10, max_size=10))
    def rows_are_told_alike(rows: list[Row]) -> None:
        are_told_alike(browser, village_form, rows)

    rows_are_told_alike()


COUNT = ValueDomain("integer", unit="人", minimum=0, maximum=99999)
SURFACES = (PermissibleValue("1", "水泥路"), PermissibleValue("2", "沥青路"))
ELEMENTS = (
    ElementSpec("some", 1, "甲", COUNT, required=True),
    ElementSpec("other", 1, "乙", COUNT),
    ElementSpec("share", 1, "比例", ValueDomain("decimal", decimals=3)),
    ElementSpec("kept", 1, "有", ValueDomain("boolean")),
    ElementSpec("road", 1, "路", ValueDomain("code", code_list="road", permissible_values=SURFACES)),
    ElementSpec("day", 1, "日", ValueDomain("date")),
    ElementSpec("held", 1, "部门数", COUNT, source="supplied"),
    ElementSpec("beds", 1, "床位", COUNT, required=True, applies_when="kept AND some > 3"),
    ElementSpec("note", 1, "说明", ValueDomain("text"), applies_when="previous(some) IS NOT NULL"),
)
NUMBERS = st.recursive(
    st.sampled_from(["some", "other", "share", "held", "previous(some)", "usual(some)", "spread(other)", "3", "0.25"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"ABS({part})"),
        inner.map(lambda part: f"(-{part})"),
        st.tuples(inner, inner).map(lambda two: f"COALESCE({two[0]}, {two[1]})"),
        inner.map(lambda part: f"CASE WHEN kept THEN {part} ELSE other END"),
    ),
    max_leaves=5,
)
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
TRUTHS = st.recursive(
    st.one_of(
        st.tuples(NUMBERS, st.sampled_from(COMPARISONS), NUMBERS).map(" ".join),
        st.tuples(NUMBERS, NUMBERS).map(lambda two: f"{two[0]} BETWEEN 1 AND {two[1]}"),
        st.sampled_from(
            [
                "kept",
                "road IN ('1')",
                "some IN (1, 2, 300)",
                "day < '2026-03-01'",
                "day = year_ago(day)",
                "road IS NULL",
                "other IS NOT NULL",
                "TRUE",
            ]
        ),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"NOT ({part})"),
    ),
    max_leaves=4,
)


@st.composite
def forms(draw: st.DrawFn) -> FormSpec:
    sum_ = ElementSpec(
        "sum",
        1,
        "和",
        ValueDomain("decimal", decimals=6, maximum=Decimal(500)),
        source="derived",
        expression=draw(NUMBERS),
    )
    rules = tuple(
        RuleSpec(f"r{number}", 1, f"({draw(TRUTHS)}) OR some < 0", draw(st.sampled_from(["error", "warning"])), "不对")
        for number in range(4)
    )
    form = FormSpec("random", 1, (*ELEMENTS, sum_), rules)
    try:
        assert form.plan
    except RuleFault:
        reject()
    return form


def test_random_expressions_are_worked_out_alike(browser: Browser) -> None:
    @WITHOUT_HURRY
    @given(st.data())
    def expressions_are_worked_out_alike(data: st.DataObject) -> None:
        form = data.draw(forms())
        rows = data.draw(st.lists(typed_rows(form), min_size=4, max_size=4))
        are_told_alike(browser, form, rows)

    expressions_are_worked_out_alike()


def test_whatever_a_rule_may_say_the_browser_can_read() -> None:
    """A new kind of term in the grammar must be taught to the browser as well."""
    functions_read_as_columns = {"Anonymous"}
    assert {kind.__name__ for kind in READERS} - functions_read_as_columns <= {kind.__name__ for kind in NODES}
