"""The demo county's months, drawn and checked some at a time, before any of them is filed.

What rules look back on is what was drawn for the months before: just that will be held when a month is filed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from hub.calendar.periods import Period
from hub.capture.written_rows import WrittenRows, put_together, written_rows
from hub.demo.values import Figures
from hub.forms.content import FormContent
from hub.validation import Held, LookBack, Past, Table, TableReport, check_table, recall


class FiguresDoNotHold(AssertionError):
    """The demo's own figures break a rule of the registry: a fault of the program, told by its findings."""


class DrawnForm:
    """One form's figures for the divisions that report it, month after month."""

    def __init__(self, form: FormContent, asked: Mapping[str, Sequence[str]], figures: Figures) -> None:
        """`asked`: the divisions of each township, all of them of one county."""
        self._form, self._rows, self._figures = form, asked, figures
        self._divisions = [division for codes in asked.values() for division in codes]
        self._asked = [field.identifier for field in form.captured]
        self._drawn: dict[str, dict[str, Mapping[str, object]]] = {division: {} for division in self._divisions}

    def next_months(self, months: Sequence[Period]) -> list[WrittenRows]:
        """The rows of each month as `file_area` takes them; they follow on those that were asked for before.

        All months are one table, in which a row's entity is its month: twelve tables would take four times as long.
        """
        past, cells = [], []
        for month in months:
            for division in self._divisions:
                held = self._drawn[division]
                past.append(recall(self._form.spec.plan.looked_back, month, held))
                held[str(month)] = self._draw(division, month)
                cells.append(held[str(month)])
        count = len(self._divisions)
        keys = pl.DataFrame(
            {"division": [*self._divisions] * len(months), "entity": [str(m) for m in months for _ in range(count)]}
        )
        report = check_table(self._form.spec, Table(keys, _texts(self._asked, cells), past=self._held(keys, past)))
        _insist(report)
        rows = written_rows(self._form, report.values.insert_column(0, keys["division"]), report.missing)
        return [next(put_together(rows.slice(at * count, count), self._rows)) for at in range(len(months))]

    def _draw(self, division: str, month: Period) -> dict[str, str]:
        drawn = self._figures.draw(division, self._asked, month)
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in drawn.items()}

    def _held(self, keys: pl.DataFrame, past: Sequence[Past]) -> dict[LookBack, Held]:
        return {
            look_back: Held(keys, _texts([one.identifier for one in elements], [row[look_back] for row in past]))
            for look_back, elements in self._form.spec.plan.looked_back.items()
        }


def _texts(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pl.DataFrame(
        {name: [None if value is None else str(value) for value in column] for name, column in columns.items()},
        schema=dict.fromkeys(names, pl.String),
    )


def _insist(report: TableReport) -> None:
    if report.counts:
        told = "; ".join(f"{placed.finding.division} {placed.finding.message}" for placed in report.findings[:5])
        raise FiguresDoNotHold(told)
