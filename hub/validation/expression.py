"""From the text of a rule or a derivation to a polars expression.

The text is SQL over element identifiers (`female + male = total`); `previous(identifier)` is the value of the
preceding period, and `lookback` has the others. What it may say stands in `grammar`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
import sqlglot
from polars.exceptions import PolarsError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from hub.datatypes import ValueDomain
from hub.kit.i18n import gettext as _
from hub.validation.grammar import Reader, RuleFault
from hub.validation.lookback import LookBack
from hub.validation.shapes import Shape, shape_of

LONGEST_EXPRESSION = 4000


@dataclass(frozen=True)
class CompiledExpression:
    """`named` are all elements in the order they are first mentioned, whether of this period or of the past."""

    text: str
    named: tuple[str, ...]
    current: tuple[str, ...]
    looked_back: tuple[tuple[LookBack, str], ...]
    shape: Shape
    sql: str
    polars: pl.Expr = field(compare=False, repr=False)


def compile_rule(text: str, known: Mapping[str, ValueDomain]) -> CompiledExpression:
    """A statement that is true, false or (an operand being absent) not judged; RuleFault when it is none."""
    compiled = _compile(text, known)
    if compiled.shape.kind != "boolean":
        raise RuleFault(_("规则必须是一个能判断对错的式子"), text)
    return compiled


def compile_derivation(text: str, known: Mapping[str, ValueDomain], domain: ValueDomain) -> CompiledExpression:
    """How a derived element is computed; its kind must be the kind its own domain declares."""
    compiled = _compile(text, known)
    if compiled.shape.kind != shape_of(domain).kind:
        raise RuleFault(_("算式的结果与数据元的类型不符"), text)
    return compiled


def named_identifiers(text: str) -> tuple[str, ...]:
    """What an expression names, in order, without knowing whether those elements exist."""
    return tuple(dict.fromkeys(column.name for column in _parse(text).find_all(exp.Column, bfs=False)))


def _parse(text: str) -> exp.Expr:
    if len(text) > LONGEST_EXPRESSION:
        raise RuleFault(_("算式太长，最多{limit}个字").format(limit=LONGEST_EXPRESSION))
    try:
        statements = sqlglot.parse(text, read="postgres")
    except (SqlglotError, RecursionError) as error:
        raise RuleFault(_("看不懂的算式"), text) from error
    if len(statements) != 1 or statements[0] is None:
        raise RuleFault(_("必须正好是一个算式"), text)
    return statements[0]


def _compile(text: str, known: Mapping[str, ValueDomain]) -> CompiledExpression:
    tree = _parse(text)
    reader = Reader(known)
    try:
        term = reader.read(tree)
        sql = term.sql.sql(dialect="postgres", comments=False)
        polars = pl.sql_expr(sql)
    except (PolarsError, RecursionError) as error:
        raise RuleFault(_("算式太复杂"), text) from error
    if not reader.named:
        raise RuleFault(_("算式里没有数据元"), text)
    return CompiledExpression(
        text=text,
        named=tuple(reader.named),
        current=tuple(reader.current),
        looked_back=tuple(reader.looked_back),
        shape=term.shape,
        sql=sql,
        polars=polars,
    )
