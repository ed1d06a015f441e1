"""Derived elements as spreadsheet formulas that compute what the hub computes.

A rule's text is SQL over element identifiers (`hub.validation.grammar`). An operand that is absent makes the
result absent in SQL; in a sheet it is #N/A on the way and an empty cell at the end. AND and OR judge as SQL does:
false beside an absent operand is still false. What has no exact counterpart in a sheet gets no formula: the hub's
own value stands there instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

import sqlglot
from sqlglot import exp

from hub.datatypes import ValueDomain
from hub.datatypes.date import read_date
from hub.datatypes.decimal import decimals_of
from hub.datatypes.numerals import MAXIMUM_DIGITS
from hub.validation import ElementSpec, LookBack
from hub.validation.shapes import DECIMALS_OF_A_QUOTIENT

# Excel's own limit is 8,192.
LONGEST_FORMULA = 8000
YES, NO = "是", "否"
ABSENT = "NA()"
SMALL = 10**12

# A typed cell of this element in the row that is being written, e.g. `D6` or a look-up on another sheet.
Locate = Callable[[str], str]


class NoFormulaError(ValueError):
    """This expression has no counterpart in a sheet."""


@dataclass(frozen=True)
class Operands:
    """What an expression may name: each element's domain, where its cell is, and the row's own past as values."""

    domains: Mapping[str, ValueDomain]
    locate: Locate
    past: Mapping[LookBack, Mapping[str, object]]


def derived_formula(element: ElementSpec, operands: Operands) -> str | None:
    """The formula of one cell, or None when the value has to be written instead."""
    if element.expression is None:
        return None
    tree = sqlglot.parse_one(element.expression, read="postgres")
    try:
        formula = _sum_of_cells(tree, element.domain, operands) or _guarded(tree, element.domain, operands)
    except NoFormulaError:
        return None
    return formula if len(formula) <= LONGEST_FORMULA else None


def _sum_of_cells(tree: exp.Expr, domain: ValueDomain, operands: Operands) -> str | None:
    """What most derivations are, written as a person would: `=IF(COUNT(C6,E6)=2,ROUND(C6+E6,0),"")`."""
    cells: list[str] = []

    def write(node: exp.Expr) -> str | None:
        if type(node) is exp.Column and _is_small(operands.domains.get(node.name)):
            cells.append(operands.locate(node.name))
            return cells[-1]
        sign = _SIGNS.get(type(node))
        # Without parentheses, so only where the tree leans to the left, as a + b - c does.
        if sign is None or type(node.expression) is not exp.Column:
            return None
        left, right = write(node.this), write(node.expression)
        return f"{left}{sign}{right}" if left and right else None

    total = write(tree) if domain.datatype in {"integer", "decimal"} else None
    if total is None:
        return None
    named = list(dict.fromkeys(cells))
    return f'=IF(COUNT({",".join(named)})={len(named)},{_rounding(total, domain)},"")'


def _is_small(domain: ValueDomain | None) -> bool:
    """A number, and no sum of a few such numbers reaches the 15 digits where the hub's value ends."""
    return domain is not None and domain.maximum is not None and domain.maximum < SMALL and (domain.minimum or 0) >= 0


def _guarded(tree: exp.Expr, domain: ValueDomain, operands: Operands) -> str:
    return f'=IFERROR({_rounded(_write(tree, operands), domain)},"")'


def _rounded(inner: str, domain: ValueDomain) -> str:
    """Half away from zero, as the hub and ROUND both do; more than 15 digits is no value."""
    match domain.datatype:
        case "integer" | "decimal":
            return f"IF(ABS({inner})<1E{MAXIMUM_DIGITS},{_rounding(inner, domain)},{ABSENT})"
        case "boolean":
            return f'IF({inner},"{YES}","{NO}")'
        case "date":
            return inner
    raise NoFormulaError


def _rounding(number: str, domain: ValueDomain) -> str:
    return f"ROUND({number},{decimals_of(domain) if domain.datatype == 'decimal' else 0})"


def _write(node: exp.Expr, operands: Operands) -> str:
    writer = _WRITERS.get(type(node))
    if writer is None:
        raise NoFormulaError
    return writer(node, operands)


def _cell(node: exp.Expr, operands: Operands) -> str:
    name = node.name
    if name not in operands.domains:
        raise NoFormulaError
    cell = operands.locate(name)
    match operands.domains[name].datatype:
        case "integer" | "decimal" | "date":
            return f"IF(ISNUMBER({cell}),{cell},{ABSENT})"
        case "boolean":
            return f'IF({cell}="{YES}",TRUE,IF({cell}="{NO}",FALSE,{ABSENT}))'
    # A code stands in its cell with its meaning, and sheets compare text without regard to case.
    raise NoFormulaError


def _past(node: exp.Expr, operands: Operands) -> str:
    """The past does not change while the sheet is filled in, so its value is written into the formula."""
    value = operands.past.get(LookBack(node.name.lower()), {}).get(node.expressions[0].name)
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | Decimal):
        return f"({value:f})" if isinstance(value, Decimal) else f"({value})"
    day = read_date(value) if isinstance(value, str) else value
    if isinstance(day, date):
        return _day(day)
    raise NoFormulaError


def _literal(node: exp.Expr, _operands: Operands) -> str:
    if not node.args.get("is_string"):
        return str(node.this)
    day = read_date(str(node.this))
    if day is None:
        raise NoFormulaError
    return _day(day)


def _day(day: date) -> str:
    return f"DATE({day.year},{day.month},{day.day})"


def _pair(sign: str) -> Callable[[exp.Expr, Operands], str]:
    def write(node: exp.Expr, operands: Operands) -> str:
        return f"({_write(node.this, operands)}{sign}{_write(node.expression, operands)})"

    return write


def _quotient(node: exp.Expr, operands: Operands) -> str:
    """Division by zero is an error here and absent in the hub: the same empty cell."""
    return f"ROUND({_write(node.this, operands)}/{_write(node.expression, operands)},{DECIMALS_OF_A_QUOTIENT})"


def _between(node: exp.Expr, operands: Operands) -> str:
    this = _write(node.this, operands)
    low, high = _write(node.args["low"], operands), _write(node.args["high"], operands)
    return _both(f"({this}>={low})", f"({this}<={high})")


def _membership(node: exp.Expr, operands: Operands) -> str:
    this = _write(node.this, operands)
    return "OR(" + ",".join(f"{this}={_write(member, operands)}" for member in node.expressions) + ")"


def _absence(node: exp.Expr, operands: Operands) -> str:
    test = f"ISERROR({_write(node.this, operands)})"
    return f"NOT({test})" if node.args.get("negate") else test


def _connected(node: exp.Expr, operands: Operands) -> str:
    left, right = _write(node.this, operands), _write(node.expression, operands)
    return _both(left, right) if isinstance(node, exp.And) else _either(left, right)


def _both(left: str, right: str) -> str:
    return f"IF(IFERROR(NOT({left}),FALSE),FALSE,IF(IFERROR(NOT({right}),FALSE),FALSE,AND({left},{right})))"


def _either(left: str, right: str) -> str:
    return f"IF(IFERROR({left},FALSE),TRUE,IF(IFERROR({right},FALSE),TRUE,OR({left},{right})))"


def _choice(node: exp.Expr, operands: Operands) -> str:
    otherwise = node.args.get("default")
    formula = _write(otherwise, operands) if otherwise else ABSENT
    for branch in reversed(node.args["ifs"]):
        condition, result = _write(branch.this, operands), _write(branch.args["true"], operands)
        formula = f"IF(IFERROR({condition},FALSE),{result},{formula})"
    return formula


def _first_present(node: exp.Expr, operands: Operands) -> str:
    """A quotient by zero is absent too, as in the hub."""
    *firsts, formula = [_write(part, operands) for part in (node.this, *node.expressions)]
    for first in reversed(firsts):
        formula = f"IFERROR({first},{formula})"
    return formula


def _around(before: str, after: str) -> Callable[[exp.Expr, Operands], str]:
    return lambda node, operands: f"{before}{_write(node.this, operands)}{after}"


_SIGNS: Mapping[type[exp.Expr], str] = MappingProxyType({exp.Add: "+", exp.Sub: "-"})

_WRITERS: Mapping[type[exp.Expr], Callable[[exp.Expr, Operands], str]] = MappingProxyType(
    {
        exp.Column: _cell,
        exp.Anonymous: _past,
        exp.Literal: _literal,
        exp.Boolean: lambda node, _operands: "TRUE" if node.this else "FALSE",
        exp.Paren: _around("(", ")"),
        exp.Neg: _around("(-", ")"),
        exp.Abs: _around("ABS(", ")"),
        exp.Not: _around("NOT(", ")"),
        exp.Add: _pair("+"),
        exp.Sub: _pair("-"),
        exp.Mul: _pair("*"),
        exp.Div: _quotient,
        exp.EQ: _pair("="),
        exp.NEQ: _pair("<>"),
        exp.LT: _pair("<"),
        exp.LTE: _pair("<="),
        exp.GT: _pair(">"),
        exp.GTE: _pair(">="),
        exp.Between: _between,
        exp.In: _membership,
        exp.Is: _absence,
        exp.And: _connected,
        exp.Or: _connected,
        exp.Case: _choice,
        exp.Coalesce: _first_present,
    }
)
