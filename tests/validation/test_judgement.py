"""The validator really is pandera; and what would make it look away."""

import pandera.polars as pa
import polars as pl
import pytest
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from hub.validation import FormSpec, Row, check
from hub.validation.judgement import (
    FEW_ROWS,
    VERDICTS,
    Failure,
    FrameSchema,
    ValidatorSwitchedOff,
    failures,
    is_accepted,
    judge,
    verdict_columns,
)
from hub.validation.reading import build_frame, read_row

RULES = verdict_columns([pl.sql_expr("a <= b"), pl.sql_expr("a + b > 0")])
FRAME = pl.DataFrame({"a": [1, 5, None, -9], "b": [2, 2, 2, 3]})


def test_lists_each_false_verdict_and_no_unjudged_one() -> None:
    assert failures(FRAME, RULES) == [Failure(1, 0), Failure(3, 1)]


def test_nothing_to_judge() -> None:
    assert failures(FRAME, []) == []
    assert failures(FRAME.clear(), RULES) == []


def test_pandera_catches_a_planted_bad_verdict_in_a_collected_frame() -> None:
    planted = pl.DataFrame({"row": [0, 1], "rule": ["0", "0"], "verdict": [True, False]})
    with pytest.raises(SchemaErrors):
        VERDICTS.validate(planted, lazy=True)
    assert not is_accepted(planted)
    assert is_accepted(planted.with_columns(verdict=pl.lit(None, pl.Boolean)))


def test_pandera_looks_away_from_the_same_verdict_in_a_lazy_frame() -> None:
    """Why frames are collected: this is pandera's documented default, and it is silent."""
    planted = pl.LazyFrame({"row": [0, 1], "rule": ["0", "0"], "verdict": [True, False]})
    VERDICTS.validate(planted, lazy=True).collect()


def test_a_pandera_that_is_switched_off_is_noticed(village_form: FormSpec, good_row: Row) -> None:
    bad = Row(good_row.division, values={**good_row.values, "female": 1})
    assert not check(village_form, [bad]).is_valid
    with config_context(validation_depth=ValidationDepth.SCHEMA_ONLY), pytest.raises(ValidatorSwitchedOff):
        check(village_form, [bad])
    with config_context(validation_enabled=False), pytest.raises(ValidatorSwitchedOff):
        check(village_form, [bad])


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"a": [1.5], "b": ["x"]}),
        pl.DataFrame({"a": ["1"], "b": ["x"]}),
        pl.DataFrame({"a": [1]}),
        pl.DataFrame({"a": [1], "b": ["x"], "c": [1]}),
    ],
)
def test_pandera_refuses_a_frame_that_is_not_the_forms(frame: pl.DataFrame) -> None:
    schema = FrameSchema({"a": pl.Int64(), "b": pl.String()})
    for _before_and_after_a_good_one in range(2):
        with pytest.raises(SchemaErrors):
            schema.accept(frame)
        schema.accept(pl.DataFrame({"a": [1, None], "b": [None, "x"]}))


def test_the_frame_of_a_form_has_a_column_for_every_element(village_form: FormSpec, good_row: Row) -> None:
    frame = build_frame(village_form.plan, [read_row(village_form, good_row)])
    assert isinstance(frame, pl.DataFrame)
    assert {element.identifier for element in village_form.elements} <= set(frame.columns)
    assert "previous__migrant" in frame.columns
    assert isinstance(village_form.plan.schema.pandera, pa.DataFrameSchema)


@pytest.mark.parametrize("height", [FEW_ROWS, 3 * FEW_ROWS])
def test_all_failures_are_listed(height: int) -> None:
    """Pandera keeps a single failure case, because keeping all of a bad frame took minutes; none may be lost."""
    frame = pl.DataFrame({"a": [3] * height, "b": [1] * height})
    assert len(failures(frame, verdict_columns([pl.sql_expr("a <= b")] * 5))) == 5 * height


def test_few_rows_and_many_are_judged_alike() -> None:
    many = pl.concat([FRAME] * FEW_ROWS)
    verdicts = judge(many, RULES)
    assert verdicts.height > FEW_ROWS
    assert verdicts.head(FRAME.height).equals(judge(FRAME, RULES))
