"""A form made ready for checking: expressions compiled, derivations in order, schemas built.

Building one takes a parse for every rule (a tenth of a second for 250), checking with it some milliseconds:
build once for a published version and keep it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hub.datatypes import DATATYPES, ValueDomain
from hub.datatypes.decimal import decimals_of
from hub.datatypes.numerals import FIRST_TOO_LONG_INTEGER
from hub.kit.i18n import gettext as _
from hub.validation.expression import CompiledExpression, compile_derivation, compile_rule, named_identifiers
from hub.validation.grammar import RuleFault
from hub.validation.judgement import FrameSchema, verdict_columns
from hub.validation.lookback import LookBack, LookedBack
from hub.validation.specification import ElementSpec, RuleSpec


@dataclass(frozen=True)
class PlannedRule:
    spec: RuleSpec
    compiled: CompiledExpression
    blamed: str


@dataclass(frozen=True)
class Derivation:
    element: ElementSpec
    compiled: CompiledExpression
    polars: pl.Expr


@dataclass(frozen=True)
class Applicability:
    """Of which rows an element is asked: where `polars` is false it is not; where it is null, nobody knows yet."""

    element: ElementSpec
    compiled: CompiledExpression


@dataclass(frozen=True)
class FormPlan:
    """`steps` are rounds of derivations: each uses only captured values and the rounds before it.

    `looked_back` is what rules and derivations want of the past, `derived_from` what is shown of a row
    before anything is judged: its derivations, and the conditions of what it is asked.
    """

    captured: tuple[ElementSpec, ...]
    supplied: tuple[ElementSpec, ...]
    looked_back: LookedBack
    derived_from: LookedBack
    steps: tuple[tuple[Derivation, ...], ...]
    rules: tuple[PlannedRule, ...]
    applicability: tuple[Applicability, ...]
    columns: Mapping[str, pl.DataType]
    schema: FrameSchema
    verdicts: tuple[pl.Expr, ...]


def build_plan(elements: Sequence[ElementSpec], rules: Sequence[RuleSpec]) -> FormPlan:
    known = {element.identifier: element.domain for element in elements}
    if len(known) != len(elements):
        raise RuleFault(_("表中有重复的数据元"))
    captured = tuple(element for element in elements if element.source == "captured")
    supplied = tuple(element for element in elements if element.source == "supplied")
    derivations = [_derivation(element, known) for element in elements if element.source == "derived"]
    planned = tuple(_planned(rule, known, frozenset(element.identifier for element in captured)) for rule in rules)
    applicability = tuple(_applicabilities(captured, known))
    computed = [derivation.compiled for derivation in derivations]
    computed += (one.compiled for one in applicability)
    derived_from = _looked_back(elements, computed)
    looked_back = _looked_back(elements, [*computed, *(rule.compiled for rule in planned)])
    columns = {element.identifier: polars_type(element.domain) for element in (*captured, *supplied)}
    columns |= {
        look_back.column(element.identifier): polars_type(look_back.domain(element.domain))
        for look_back, remembered in looked_back.items()
        for element in remembered
    }
    return FormPlan(
        captured=captured,
        supplied=supplied,
        looked_back=looked_back,
        derived_from=derived_from,
        steps=_in_order(derivations),
        rules=planned,
        applicability=applicability,
        columns=columns,
        schema=FrameSchema(columns),
        verdicts=verdict_columns(rule.compiled.polars for rule in planned),
    )


def polars_type(domain: ValueDomain) -> pl.DataType:
    return DATATYPES[domain.datatype].polars_type(domain)


def _planned(rule: RuleSpec, known: Mapping[str, ValueDomain], captured: frozenset[str]) -> PlannedRule:
    compiled = compile_rule(rule.expression, known)
    if rule.blamed is not None and rule.blamed not in compiled.named:
        raise RuleFault(_("规则{rule}没有提到数据元").format(rule=rule.identifier), rule.blamed)
    # Somebody must be able to type into the blamed cell, so a derived element is blamed only when no other is named.
    correctable = [*(name for name in compiled.current if name in captured), *compiled.named]
    return PlannedRule(rule, compiled, rule.blamed or correctable[0])


def _applicabilities(captured: Sequence[ElementSpec], known: Mapping[str, ValueDomain]) -> Iterator[Applicability]:
    """A condition on what this form does not ask can say nothing: the element is asked of everybody then."""
    for element in captured:
        if element.applies_when is not None and known.keys() >= set(named_identifiers(element.applies_when)):
            yield Applicability(element, compile_rule(element.applies_when, known))


def _derivation(element: ElementSpec, known: Mapping[str, ValueDomain]) -> Derivation:
    if element.expression is None:
        raise RuleFault(_("派生数据元没有算式"), element.identifier)
    compiled = compile_derivation(element.expression, known, element.domain)
    return Derivation(element, compiled, _rounded(compiled, element).alias(element.identifier))


def _rounded(compiled: CompiledExpression, element: ElementSpec) -> pl.Expr:
    """Rounded to what the element's own domain holds, half away from zero as statistics tables do (四舍五入).

    A result of more than 15 digits becomes null: later derivations count on operands no longer than that.
    """
    dtype, shape = polars_type(element.domain), compiled.shape
    if shape.kind != "number":
        return compiled.polars
    result = compiled.polars
    if shape.bound > FIRST_TOO_LONG_INTEGER:
        result = pl.when(result.abs() < FIRST_TOO_LONG_INTEGER).then(result)
    decimals = decimals_of(element.domain) if dtype.is_decimal() else 0
    if shape.scale > decimals:
        result = result.round(decimals, mode="half_away_from_zero")
    return result.cast(dtype)


def _looked_back(elements: Sequence[ElementSpec], expressions: Sequence[CompiledExpression]) -> LookedBack:
    wanted = {pair for expression in expressions for pair in expression.looked_back}
    found = {
        look_back: tuple(element for element in elements if (look_back, element.identifier) in wanted)
        for look_back in LookBack
    }
    return {look_back: remembered for look_back, remembered in found.items() if remembered}


def _in_order(derivations: Sequence[Derivation]) -> tuple[tuple[Derivation, ...], ...]:
    steps: list[tuple[Derivation, ...]] = []
    waiting = {derivation.element.identifier: derivation for derivation in derivations}
    while waiting:
        ready = tuple(d for d in waiting.values() if waiting.keys().isdisjoint(d.compiled.current))
        if not ready:
            raise RuleFault(_("派生数据元互相依赖，无法计算"), "、".join(waiting))
        steps.append(ready)
        for derivation in ready:
            del waiting[derivation.element.identifier]
    return tuple(steps)
