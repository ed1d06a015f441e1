"""The small part of SQL that rules may use, read into typed terms.

`pl.sql_expr` takes far more than a rule may say (aggregates, subqueries, casts, windows), so the parsed
expression is rebuilt node by node from the table READERS; what is not in it is refused. Rebuilding, instead
of only looking, means that nothing unread can reach polars.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlglot import exp

from hub.datatypes import ValueDomain
from hub.datatypes.date import read_date
from hub.datatypes.numerals import MAXIMUM_DIGITS
from hub.kit.i18n import gettext as _
from hub.validation.lookback import LookBack
from hub.validation.shapes import (
    BOOLEAN,
    DATE,
    DECIMALS_OF_A_QUOTIENT,
    DIGITS_OF_A_DECIMAL,
    TEXT,
    Shape,
    common,
    product,
    quotient,
    shape_of,
    total,
)

DEEPEST = 150
LONGEST_FRAGMENT = 80
NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?")
WIDE_INTEGER = exp.DataType.build("BIGINT")
EXACT_INTEGER = exp.DataType.build(f"DECIMAL({DIGITS_OF_A_DECIMAL}, 0)")
EXACT_QUOTIENT = exp.DataType.build(f"DECIMAL({DIGITS_OF_A_DECIMAL}, {DECIMALS_OF_A_QUOTIENT})")


class RuleFault(ValueError):
    """An expression that may not stand in the registry: what is wrong, and in which part of it."""

    def __init__(self, problem: str, fragment: str = "") -> None:
        shortened = fragment if len(fragment) <= LONGEST_FRAGMENT else fragment[:LONGEST_FRAGMENT] + "…"
        super().__init__(
            _("{problem}：“{fragment}”").format(problem=problem, fragment=shortened) if fragment else problem
        )
        self.problem = problem
        self.fragment = shortened


@dataclass(frozen=True)
class Term:
    sql: exp.Expr
    shape: Shape


@dataclass
class Reader:
    """One reading of one expression; collects what it names."""

    known: Mapping[str, ValueDomain]
    current: dict[str, None] = field(default_factory=dict)
    looked_back: dict[tuple[LookBack, str], None] = field(default_factory=dict)
    named: dict[str, None] = field(default_factory=dict)
    depth: int = 0

    def read(self, node: exp.Expr) -> Term:
        reader, arguments = READERS.get(type(node), (None, frozenset()))
        if reader is None:
            raise RuleFault(_("不能使用的写法"), _text(node))
        for name, argument in node.args.items():
            if argument and name not in arguments:
                raise RuleFault(_("不能使用的写法"), _text(node))
        if self.depth >= DEEPEST:
            raise RuleFault(_("算式嵌套太深"))
        self.depth += 1
        term = reader(self, node)
        self.depth -= 1
        if not term.shape.fits:
            raise RuleFault(_("结果位数太多，无法精确计算"), _text(node))
        return term

    def read_as(self, node: exp.Expr, *kinds: str) -> Term:
        term = self.read(node)
        if term.shape.kind not in kinds:
            raise RuleFault(_("类型不符"), _text(node))
        return term


def _text(node: exp.Expr) -> str:
    return node.sql(dialect="postgres", comments=False)


def _column(reader: Reader, node: exp.Expr) -> Term:
    name = node.name
    domain = reader.known.get(name)
    if domain is None:
        raise RuleFault(_("没有登记的数据元"), name)
    reader.current[name] = reader.named[name] = None
    return Term(exp.column(name, quoted=True), shape_of(domain))


def _function(reader: Reader, node: exp.Expr) -> Term:
    arguments = node.expressions
    try:
        look_back = LookBack(node.name.lower())
    except ValueError:
        raise RuleFault(_("不能使用的函数"), _text(node)) from None
    if len(arguments) != 1 or type(arguments[0]) is not exp.Column or arguments[0].table:
        raise RuleFault(_("{function}(…)里只能写一个数据元").format(function=look_back), _text(node))
    name = arguments[0].name
    domain = reader.known.get(name)
    if domain is None:
        raise RuleFault(_("没有登记的数据元"), name)
    if look_back.is_statistic and shape_of(domain).kind != "number":
        raise RuleFault(_("只有数字才有平均数和标准差"), _text(node))
    reader.looked_back[look_back, name] = reader.named[name] = None
    return Term(exp.column(look_back.column(name), quoted=True), shape_of(look_back.domain(domain)))


def _literal(_reader: Reader, node: exp.Expr) -> Term:
    text = str(node.this)
    if node.args.get("is_string"):
        return Term(exp.Literal.string(text), TEXT)
    found = NUMBER.fullmatch(text)
    whole, fraction = (found[1], found[2] or "") if found else ("", "")
    if not 0 < len(whole) + len(fraction) <= MAXIMUM_DIGITS:
        raise RuleFault(_("数字写法不对或超过15位"), text)
    bound, is_decimal = int(whole) + bool(fraction), bool(fraction)
    shape = Shape("number", bound, len(fraction), is_decimal, is_literal=not is_decimal)
    return Term(exp.Literal.number(text), shape)


def _truth(_reader: Reader, node: exp.Expr) -> Term:
    return Term(exp.Boolean(this=bool(node.this)), BOOLEAN)


def _parentheses(reader: Reader, node: exp.Expr) -> Term:
    inner = reader.read(node.this)
    return Term(exp.Paren(this=inner.sql), inner.shape)


def _one_number(reader: Reader, node: exp.Expr) -> Term:
    inner = reader.read_as(node.this, "number")
    return Term(type(node)(this=inner.sql), inner.shape)


def _sum(reader: Reader, node: exp.Expr) -> Term:
    left, right = _both_numbers(reader, node)
    return Term(type(node)(this=left.sql, expression=right.sql), total(left.shape, right.shape))


def _product(reader: Reader, node: exp.Expr) -> Term:
    left, right = _both_numbers(reader, node)
    shape = product(left.shape, right.shape)
    factors = [left.sql, right.sql]
    if shape.is_decimal and not (left.shape.is_decimal or right.shape.is_decimal):
        factors = [exp.Cast(this=factor, to=EXACT_INTEGER.copy()) for factor in factors]
    return Term(exp.Mul(this=factors[0], expression=factors[1]), shape)


def _quotient(reader: Reader, node: exp.Expr) -> Term:
    """Decimal division of polars fails on zero and stops the whole check; a null is only 'not judged'."""
    left, right = _both_numbers(reader, node)
    if left.shape.scale > DECIMALS_OF_A_QUOTIENT:
        raise RuleFault(_("被除数小数位太多"), _text(node.this))
    numerator = exp.Cast(this=left.sql, to=EXACT_QUOTIENT.copy())
    denominator = exp.Nullif(this=right.sql, expression=exp.Literal.number(0))
    # `typed` keeps sqlglot from adding a cast to floating point.
    division = exp.Div(this=numerator, expression=denominator, typed=True, safe=False)
    return Term(division, quotient(left.shape, right.shape))


def _both_numbers(reader: Reader, node: exp.Expr) -> tuple[Term, Term]:
    left, right = reader.read_as(node.this, "number"), reader.read_as(node.expression, "number")
    if left.shape.is_literal and right.shape.is_literal:
        left = Term(exp.Cast(this=left.sql, to=WIDE_INTEGER.copy()), left.shape)
    return left, right


def _alike(terms: list[Term], node: exp.Expr) -> list[Term]:
    """Terms that may be compared with each other; a text beside a date is read as a date."""
    kinds = {term.shape.kind for term in terms}
    if kinds == {"text", "date"}:
        terms = [_as_date(term) for term in terms]
    elif len(kinds) > 1:
        raise RuleFault(_("两边类型不同，不能比较"), _text(node))
    if kinds == {"number"}:
        shape = terms[0].shape
        for term in terms[1:]:
            shape = common(shape, term.shape)
        if not shape.fits:
            raise RuleFault(_("结果位数太多，无法精确计算"), _text(node))
    return terms


def _as_date(term: Term) -> Term:
    if term.shape.kind == "date":
        return term
    day = read_date(str(term.sql.this)) if type(term.sql) is exp.Literal else None
    if day is None:
        raise RuleFault(_("日期应写成'2026-03-31'"), _text(term.sql))
    return Term(exp.Cast(this=exp.Literal.string(day.isoformat()), to=exp.DataType.build("DATE")), DATE)


def _equality(reader: Reader, node: exp.Expr) -> Term:
    left, right = _alike([reader.read(node.this), reader.read(node.expression)], node)
    return Term(type(node)(this=left.sql, expression=right.sql), BOOLEAN)


def _order(reader: Reader, node: exp.Expr) -> Term:
    """Codes have no order, so only numbers and dates (and a text that stands for a date) have more and less."""
    kinds = ("number", "date", "text")
    left, right = _alike([reader.read_as(node.this, *kinds), reader.read_as(node.expression, *kinds)], node)
    _refuse_text(left, node)
    return Term(type(node)(this=left.sql, expression=right.sql), BOOLEAN)


def _between(reader: Reader, node: exp.Expr) -> Term:
    parts = [node.this, node.args["low"], node.args["high"]]
    this, low, high = _alike([reader.read_as(part, "number", "date", "text") for part in parts], node)
    _refuse_text(this, node)
    return Term(exp.Between(this=this.sql, low=low.sql, high=high.sql), BOOLEAN)


def _refuse_text(term: Term, node: exp.Expr) -> None:
    if term.shape.kind == "text":
        raise RuleFault(_("文字和代码不能比大小"), _text(node))


def _membership(reader: Reader, node: exp.Expr) -> Term:
    if not node.expressions:
        raise RuleFault(_("不能使用的写法"), _text(node))
    for member in node.expressions:
        if type(member.this if type(member) is exp.Neg else member) is not exp.Literal:
            raise RuleFault(_("IN里只能列出具体的值"), _text(member))
    terms = _alike([reader.read(part) for part in (node.this, *node.expressions)], node)
    return Term(exp.In(this=terms[0].sql, expressions=[term.sql for term in terms[1:]]), BOOLEAN)


def _absence(reader: Reader, node: exp.Expr) -> Term:
    if type(node.expression) is not exp.Null or type(node.this) not in {exp.Column, exp.Anonymous}:
        raise RuleFault(_("IS只能用于“数据元 IS NULL”"), _text(node))
    test = exp.Is(this=reader.read(node.this).sql, expression=exp.Null())
    return Term(exp.Paren(this=exp.Not(this=test)) if node.args.get("negate") else test, BOOLEAN)


def _connection(reader: Reader, node: exp.Expr) -> Term:
    left, right = reader.read_as(node.this, "boolean"), reader.read_as(node.expression, "boolean")
    return Term(type(node)(this=left.sql, expression=right.sql), BOOLEAN)


def _negation(reader: Reader, node: exp.Expr) -> Term:
    return Term(exp.Not(this=reader.read_as(node.this, "boolean").sql), BOOLEAN)


def _choice(reader: Reader, node: exp.Expr) -> Term:
    branches = node.args["ifs"]
    conditions = [reader.read_as(branch.this, "boolean") for branch in branches]
    otherwise = node.args.get("default")
    results = [branch.args["true"] for branch in branches] + ([otherwise] if otherwise else [])
    terms = _alike([reader.read(result) for result in results], node)
    ifs = [exp.If(this=condition.sql, true=term.sql) for condition, term in zip(conditions, terms, strict=False)]
    default = terms[-1].sql if otherwise else None
    return Term(exp.Case(ifs=ifs, default=default), _widest(terms))


def _first_present(reader: Reader, node: exp.Expr) -> Term:
    terms = _alike([reader.read(part) for part in (node.this, *node.expressions)], node)
    rest = [term.sql for term in terms[1:]]
    return Term(exp.Coalesce(this=terms[0].sql, expressions=rest), _widest(terms))


def _widest(terms: list[Term]) -> Shape:
    shape = terms[0].shape
    for term in terms[1:]:
        shape = common(shape, term.shape) if shape.kind == "number" else shape
    return shape


_TWO = frozenset({"this", "expression"})
_ONE = frozenset({"this"})

# Node type: its reader, and the arguments it may carry. sqlglot hangs modifiers (a table name, SYMMETRIC, a
# subquery) on nodes as further arguments: one that is not listed is refused.
READERS: Mapping[type[exp.Expr], tuple[Callable[[Reader, exp.Expr], Term], frozenset[str]]] = MappingProxyType(
    {
        exp.Column: (_column, _ONE),
        exp.Anonymous: (_function, frozenset({"this", "expressions"})),
        exp.Literal: (_literal, frozenset({"this", "is_string"})),
        exp.Boolean: (_truth, _ONE),
        exp.Paren: (_parentheses, _ONE),
        exp.Neg: (_one_number, _ONE),
        exp.Abs: (_one_number, _ONE),
        exp.Add: (_sum, _TWO),
        exp.Sub: (_sum, _TWO),
        exp.Mul: (_product, _TWO),
        exp.Div: (_quotient, _TWO | {"typed", "safe"}),
        exp.EQ: (_equality, _TWO),
        exp.NEQ: (_equality, _TWO),
        exp.LT: (_order, _TWO),
        exp.LTE: (_order, _TWO),
        exp.GT: (_order, _TWO),
        exp.GTE: (_order, _TWO),
        exp.Between: (_between, frozenset({"this", "low", "high"})),
        exp.In: (_membership, frozenset({"this", "expressions"})),
        exp.Is: (_absence, _TWO | {"negate"}),
        exp.And: (_connection, _TWO),
        exp.Or: (_connection, _TWO),
        exp.Not: (_negation, _ONE),
        exp.Case: (_choice, frozenset({"ifs", "default"})),
        exp.Coalesce: (_first_present, frozenset({"this", "expressions"})),
    }
)
