"""What makes a connector: data. The flow is the same for every department (runner.py)."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import pandera.polars as pa

from hub_connectors.errors import PeriodFault
from hub_connectors.layout import FormLayout
from hub_connectors.mapping import CodeTables, TableMapping
from hub_connectors.periods import EXAMPLES, PeriodType, type_of


@dataclass(frozen=True, slots=True)
class Report:
    """What a department makes of one period: one table, and one or more forms over it. The first form is the main one:
    a grant that does not cover it fails the run, while another form that is not covered is left out with a remark.
    """

    period_type: PeriodType
    mapping: TableMapping
    schema: pa.DataFrameSchema
    forms: tuple[FormLayout, ...]

    def elements_of(self, form: FormLayout) -> tuple[str, ...]:
        return tuple(self.mapping.column(name).element for name in form.columns)

    def forms_within(self, elements: Collection[str]) -> tuple[FormLayout, ...]:
        """The forms that what was pulled is enough for."""
        return tuple(form for form in self.forms if set(self.elements_of(form)) <= set(elements))


@dataclass(frozen=True, slots=True)
class Connector:
    name: str
    reports: tuple[Report, ...]

    def report_for(self, period: str) -> Report:
        kind = type_of(period)
        for report in self.reports:
            if report.period_type is kind:
                return report
        known = "、".join(EXAMPLES[report.period_type] for report in self.reports)
        raise PeriodFault(f"报告期“{period}”无效：本连接器的表式有 {known}。")

    @property
    def elements(self) -> tuple[str, ...]:
        """Of all reports: a position made for others cannot be gone on from."""
        return tuple(sorted({element for report in self.reports for element in report.mapping.elements}))

    def with_codes(self, codes: CodeTables) -> "Connector":
        reports = tuple(replace(report, mapping=report.mapping.with_codes(codes)) for report in self.reports)
        return replace(self, reports=reports)
