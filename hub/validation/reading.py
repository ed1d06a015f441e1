"""From cells as typed to typed values: every cell is read once, here, by its datatype."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import polars as pl

from hub.datatypes import DATATYPES, Value, ValueFault, is_blank, shown
from hub.datatypes.numerals import FIRST_TOO_LONG_INTEGER, MAXIMUM_DIGITS, digits_of
from hub.kit.i18n import gettext as _
from hub.validation.form import FormSpec
from hub.validation.lookback import LookBack, held_value
from hub.validation.plan import FormPlan
from hub.validation.report import MISSING_REASONS, Finding, Row
from hub.validation.specification import ElementSpec

LONGEST_ECHO = 200
ABSENT = "value-missing"
NOT_APPLICABLE = "not_applicable"


@dataclass
class ReadRow:
    """A cell with a finding has no value here: rules over it are not judged, so that one slip is one finding."""

    row: Row
    values: dict[str, Value] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def excuse(self, element: str) -> None:
        """Nothing is owed here: an empty cell is an answer. What else is wrong with the cell stays wrong."""
        others = [finding for finding in self.findings if finding.element == element and finding.code != ABSENT]
        if not others:
            self.findings = [finding for finding in self.findings if finding.element != element]
            self.missing[element] = NOT_APPLICABLE

    def refuse(self, code: str, message: str, element: str, raw: object = None) -> None:
        self.findings.append(
            Finding(
                severity="error",
                code=code,
                message=message,
                division=self.row.division,
                entity=self.row.entity,
                element=element,
                elements=(element,),
                value=echo(raw),
            )
        )


def echo(raw: object) -> object:
    """What was seen, as the answer may carry it: a scalar that our JSON can write, cut to a sensible length."""
    match raw:
        case None | bool():
            return raw
        case int() if abs(raw) < FIRST_TOO_LONG_INTEGER:
            return raw
        case Decimal() if raw.is_finite() and sum(digits_of(raw)) <= MAXIMUM_DIGITS:
            return raw
        case str() if raw.isprintable():
            return raw[:LONGEST_ECHO]
        case str():
            return raw[:LONGEST_ECHO].replace("\x00", "�").encode("utf-8", "replace").decode("utf-8")
        case _:
            return shown(raw)


def read_row(spec: FormSpec, row: Row) -> ReadRow:
    read = ReadRow(row)
    plan = spec.plan
    values, missing = row.values, row.missing
    for element in plan.captured:
        identifier = element.identifier
        raw = values.get(identifier)
        if not is_blank(missing.get(identifier)):
            _read_reason(read, element, raw, missing[identifier])
        elif is_blank(raw):
            if element.required:
                _refuse_absence(read, element)
        else:
            _read_value(read, element, raw)
    _refuse_strangers(read, spec, values)
    _refuse_strangers(read, spec, missing)
    return read


def _read_value(read: ReadRow, element: ElementSpec, raw: object) -> None:
    domain = element.domain
    try:
        read.values[element.identifier] = DATATYPES[domain.datatype].parse(raw, domain)
    except ValueFault as fault:
        message = fault.message(f"{read.row.place} {element.label}")
        read.refuse(fault.code, message, element.identifier, raw)


def _read_reason(read: ReadRow, element: ElementSpec, raw: object, reason: object) -> None:
    name = f"{read.row.place} {element.label}"
    if not is_blank(raw):
        message = _("{name}：填了“{value}”又选了缺失原因，请只留一个").format(name=name, value=shown(raw))
        read.refuse("value-and-missing", message, element.identifier, raw)
    if not isinstance(reason, str) or reason not in MISSING_REASONS:
        message = _("{name}：不认识的缺失原因“{value}”，请从“无、不适用、尚不掌握、拒绝提供”中选").format(
            name=name, value=shown(reason)
        )
        read.refuse("missing-reason-unknown", message, element.identifier, reason)
    elif is_blank(raw):
        read.missing[element.identifier] = reason


def _refuse_absence(read: ReadRow, element: ElementSpec) -> None:
    message = _("{name}：必填，现在是空的；确实没有数的，请选择缺失原因").format(
        name=f"{read.row.place} {element.label}"
    )
    read.refuse(ABSENT, message, element.identifier)


def _refuse_strangers(read: ReadRow, spec: FormSpec, given: Mapping[str, object]) -> None:
    """What was typed for an element that is not on the form, or that nobody types."""
    for identifier, raw in given.items():
        element = spec.by_identifier.get(identifier)
        if element is None:
            message = _("{place}：表中没有数据元“{element}”，请删去").format(
                place=read.row.place, element=shown(identifier)
            )
            read.refuse("element-unknown", message, identifier, raw)
        elif element.source != "captured" and not is_blank(raw):
            message = _("{name}：由系统计算或由部门提供，不用填，现在是“{value}”").format(
                name=f"{read.row.place} {element.label}", value=shown(raw)
            )
            read.refuse("element-not-captured", message, identifier, raw)


def build_frame(plan: FormPlan, rows: Iterable[ReadRow]) -> pl.DataFrame:
    """The typed frame of a form, derived elements included, accepted by the form's pandera schema.

    Always a collected frame: on a LazyFrame pandera skips value checks.
    """
    captured = [element.identifier for element in plan.captured]
    held: list[tuple[Value | None, ...]] = []
    for read in rows:
        values, supplied, past = read.values, read.row.supplied, read.row.past
        cells = [values.get(identifier) for identifier in captured]
        cells += [held_value(supplied.get(element.identifier), element.domain) for element in plan.supplied]
        for look_back, elements in plan.looked_back.items():
            cells += _remembered(past.get(look_back, {}), look_back, elements)
        held.append(tuple(cells))
    # By rows: taken as columns, each of a hundred pays for the building of a series.
    frame = pl.DataFrame(held, schema=dict(plan.columns), orient="row")
    plan.schema.accept(frame)
    return with_derived(plan, frame)


def with_derived(plan: FormPlan, frame: pl.DataFrame) -> pl.DataFrame:
    for step in plan.steps:
        frame = frame.with_columns(derivation.polars for derivation in step)
    return frame


def _remembered(past: Mapping[str, object], look_back: LookBack, elements: Sequence[ElementSpec]) -> list[Value | None]:
    if look_back.is_statistic:
        # Computed by `recall` and no value of the element: it may have more digits than anybody types.
        raw = [past.get(element.identifier) for element in elements]
        return [value if isinstance(value, Decimal) else None for value in raw]
    return [held_value(past.get(element.identifier), element.domain) for element in elements]
