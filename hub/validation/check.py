"""The check of a form: every finding at once, none raised."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from hub.datatypes import Value, ValueFault, parse, shown, to_wire
from hub.datatypes.numerals import canonical
from hub.kit.i18n import Language, current_language, use_language
from hub.kit.i18n import gettext as _
from hub.validation.form import FormSpec
from hub.validation.judgement import failures
from hub.validation.plan import Derivation, PlannedRule
from hub.validation.reading import ReadRow, build_frame, read_row
from hub.validation.report import Finding, Row, TypedRow, ValidationReport
from hub.validation.specification import ElementSpec


def check(
    spec: FormSpec,
    rows: Sequence[Row],
    *,
    language: Language | None = None,
    expected_divisions: Mapping[str, str] | None = None,
    known_divisions: Container[str] | None = None,
) -> ValidationReport:
    """Checks the rows of one form.

    `expected_divisions` (code to name) are the rows the task asks for; without it every division is taken.
    `known_divisions` tells a code that does not exist from one that belongs to somebody else.
    CPU-bound: call it off the event loop.
    """
    with use_language(language or current_language()):
        examination = examine(spec, rows, expected_divisions, known_divisions)
        findings = [finding for _row, finding in examination.findings]
        findings += absent_rows(expected_divisions, {row.division for row in rows})
        typed = (TypedRow(one.row.division, one.row.entity, one.values, one.missing) for one in examination.read)
        return ValidationReport(tuple(findings), tuple(typed))


@dataclass(frozen=True)
class Examination:
    """The findings in the report's order, each with its row, and the rows that may be stored when none is an error."""

    findings: Sequence[tuple[Row, Finding]]
    read: Sequence[ReadRow]


Found = list[tuple[Row, Finding]]


def examine(
    spec: FormSpec,
    rows: Sequence[Row],
    expected_divisions: Mapping[str, str] | None,
    known_divisions: Container[str] | None,
) -> Examination:
    """All that can be said of rows that are there."""
    placed, strangers = _sort_out(rows, expected_divisions, known_divisions)
    read = [read_row(spec, row) for row in placed]
    first = _first_of_each(read)
    frame = build_frame(spec.plan, first)
    _excuse(spec, first, frame)
    violations = _judge_rules(spec, first, frame)
    findings = [(one.row, finding) for one in read for finding in one.findings]
    findings += violations + _judge_derivations(spec, first, frame, violations)
    findings += strangers + _repeated(read, first)
    return Examination(_in_order(spec, rows, findings), first)


def _sort_out(
    rows: Sequence[Row], expected: Mapping[str, str] | None, known: Container[str] | None
) -> tuple[list[Row], Found]:
    """Rows of the task, and a finding for each that is not; what such a row says is nobody's to judge here."""
    if expected is None:
        return list(rows), []
    placed, findings = [], []
    for row in rows:
        if row.division in expected:
            placed.append(row)
        elif known is not None and row.division not in known:
            message = _("没有代码为“{division}”的区划，请核对代码").format(division=shown(row.division))
            findings.append(_of_row(row, "division-unknown", message))
        else:
            message = _("{place}不在本次填报范围内，请删去这一行").format(place=shown(row.place))
            findings.append(_of_row(row, "division-not-in-task", message))
    return placed, findings


def _of_row(row: Row, code: str, message: str) -> tuple[Row, Finding]:
    return row, Finding("error", code, message, division=row.division, entity=row.entity)


def _key(row: Row) -> tuple[str, str]:
    return row.division, row.entity


def _first_of_each(read: Sequence[ReadRow]) -> list[ReadRow]:
    found: dict[tuple[str, str], ReadRow] = {}
    for one in read:
        found.setdefault(_key(one.row), one)
    return list(found.values())


def _repeated(read: Sequence[ReadRow], first: Sequence[ReadRow]) -> Found:
    kept = {id(one) for one in first}
    return [
        _of_row(one.row, "row-duplicate", _("{place}：这一行重复了，请只留一行").format(place=one.row.place))
        for one in read
        if id(one) not in kept
    ]


def absent_rows(expected: Mapping[str, str] | None, present: Container[str]) -> Iterator[Finding]:
    """A finding for each division that the task asks for and no row is about."""
    for division, name in (expected or {}).items():
        if division not in present:
            message = _("{place}：还没有填报，请补上这一行").format(place=name)
            yield Finding("error", "row-missing", message, division=division)


def _excuse(spec: FormSpec, read: Sequence[ReadRow], frame: pl.DataFrame) -> None:
    """Where an element does not apply it is owed by nobody, and a figure there is a mistake."""
    for applicability in spec.plan.applicability:
        element, compiled = applicability.element, applicability.compiled
        for one, applies in zip(read, frame.select(compiled.polars).to_series().to_list(), strict=True):
            if applies is not False:
                continue
            if element.identifier in one.values:
                names = "、".join(spec.by_identifier[name].label for name in compiled.named)
                message = _("{name}：按{names}这里不适用，请删去，现在是“{value}”").format(
                    name=f"{one.row.place} {element.label}",
                    names=names,
                    value=shown(one.row.values.get(element.identifier)),
                )
                one.refuse("value-not-applicable", message, element.identifier, one.row.values[element.identifier])
            elif element.identifier not in one.missing:
                one.excuse(element.identifier)


def _judge_derivations(spec: FormSpec, read: Sequence[ReadRow], frame: pl.DataFrame, violations: Found) -> Found:
    """Adds the derived values to the rows; one that its own domain refuses is a finding, not a stored value.

    It is only told when nothing it was computed from is in question already: one slip, one finding.
    """
    questioned: dict[tuple[str, str], set[str]] = {_key(one.row): set() for one in read}
    for _row, violation in violations:
        if violation.severity == "error":
            questioned[violation.division, violation.entity].update(violation.elements)
    findings: Found = []
    for derivation in (one for step in spec.plan.steps for one in step):
        element = derivation.element
        for one, value in zip(read, frame[element.identifier].to_list(), strict=True):
            if value is None:
                continue
            try:
                one.values[element.identifier] = parse(value, element.domain)
            except ValueFault as fault:
                doubtful = questioned[_key(one.row)]
                if doubtful.isdisjoint(derivation.compiled.named):
                    findings.append((one.row, _bad_derivation(spec, one.row, derivation, fault)))
                doubtful.add(element.identifier)
    return findings


def _bad_derivation(spec: FormSpec, row: Row, derivation: Derivation, fault: ValueFault) -> Finding:
    element = derivation.element
    names = "、".join(spec.by_identifier[name].label for name in derivation.compiled.named)
    seen = ValueFault(fault.code, _plain(fault.raw) if isinstance(fault.raw, Value) else fault.raw, fault.expectation)
    sentence = seen.message(f"{row.place} {element.label}")
    return Finding(
        severity="error",
        code=fault.code,
        message=_("{sentence}；它由{names}算出，请核对这些数").format(sentence=sentence, names=names),
        division=row.division,
        entity=row.entity,
        element=element.identifier,
        elements=(element.identifier, *derivation.compiled.named),
        value=to_wire(fault.raw, element.domain) if isinstance(fault.raw, Value) else None,
    )


def _judge_rules(spec: FormSpec, read: Sequence[ReadRow], frame: pl.DataFrame) -> Found:
    plan = spec.plan
    failed = failures(frame, plan.verdicts)
    if not failed:
        return []
    values = frame.to_dicts()
    found: Found = []
    for failure in failed:
        row = read[failure.row].row
        found.append((row, _violation(spec, row, plan.rules[failure.rule], values[failure.row])))
    return found


def _violation(spec: FormSpec, row: Row, rule: PlannedRule, values: Mapping[str, Value | None]) -> Finding:
    advice = _("请核对后修改") if rule.spec.severity == "error" else _("请核对；情况属实的，请在提交时说明原因")
    blamed = spec.by_identifier[rule.blamed]
    seen = values[rule.blamed] if rule.blamed in rule.compiled.current else None
    return Finding(
        severity=rule.spec.severity,
        code="rule-violated",
        message=_("{place}：{rule}（{operands}）。{advice}").format(
            place=row.place,
            rule=rule.spec.sentence.rstrip("。."),
            operands=_("，").join(_operands(spec, rule, values)),
            advice=advice,
        ),
        division=row.division,
        entity=row.entity,
        element=rule.blamed,
        elements=rule.compiled.named,
        rule=rule.spec.identifier,
        value=None if seen is None else to_wire(_plain(seen), blamed.domain),
    )


def _operands(spec: FormSpec, rule: PlannedRule, values: Mapping[str, Value | None]) -> list[str]:
    """Each element the rule names with the value seen; where it looks back, the past number too."""
    said = []
    for name in rule.compiled.named:
        element = spec.by_identifier[name]
        if name in rule.compiled.current:
            said.append(_("{name}{value}").format(name=element.label, value=_seen(element, values[name])))
        for look_back in (one for one, remembered in rule.compiled.looked_back if remembered == name):
            held = values[look_back.column(name)]
            said.append(look_back.said(element.label, _seen(element, held)))
    return said


def _seen(element: ElementSpec, value: Value | None) -> str:
    """A quantity with its unit, a code with its meaning."""
    if value is None or isinstance(value, bool):
        return shown(value)
    if isinstance(value, str):
        return f"“{shown(value)}”{element.domain.meanings.get(value, '')}"
    return f"{shown(_plain(value))}{element.domain.unit or ''}"


def _plain(value: Value) -> Value:
    """A decimal without the zeros that its column pads it with."""
    return canonical(value) if isinstance(value, Decimal) else value


def _in_order(spec: FormSpec, rows: Sequence[Row], findings: Found) -> Found:
    """By row, rows of one division and entity together, then by the form's elements."""
    row_order: dict[tuple[str, str], int] = {}
    for row in rows:
        row_order.setdefault(_key(row), len(row_order))
    last_element = len(spec.elements)
    return sorted(
        findings,
        key=lambda found: (
            row_order[_key(found[0])],
            -1 if found[1].element is None else spec.order.get(found[1].element, last_element),
        ),
    )
