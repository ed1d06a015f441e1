"""A form's rules and derivations as data, for the program in the browser (hub/browser/sheet/rules.js).

A clerk without a network still sees derived cells, and what a rule will say, while typing. The server's check
remains the one that counts. Both work from the same compiled expression, and a test keeps them alike on
thousands of random rows, so that no rule is ever written twice.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import sqlglot
from sqlglot import exp

from hub.datatypes import Value
from hub.datatypes.decimal import decimals_of
from hub.datatypes.numerals import canonical
from hub.datatypes.text import maximum_length_of
from hub.kit.i18n import gettext as _
from hub.validation.form import FormSpec
from hub.validation.lookback import LookBack, Past, held_value
from hub.validation.plan import FormPlan, PlannedRule
from hub.validation.specification import ElementSpec

# A term of an expression: ["+", left, right], ["column", name], ["number", "0.5"].
Node = list[Any]


def portable_form(spec: FormSpec) -> Mapping[str, Any]:
    """All that the browser needs to derive and judge, in the caller's language; expressions as nested lists."""
    plan = spec.plan
    return {
        "elements": [_element(element) for element in spec.elements],
        "past": {
            look_back.column(element.identifier): element.identifier
            for look_back, elements in plan.looked_back.items()
            for element in elements
        },
        "derivations": [
            {
                "element": derivation.element.identifier,
                "named": list(derivation.compiled.named),
                "expression": portable_expression(derivation.compiled.sql),
            }
            for step in plan.steps
            for derivation in step
        ],
        "rules": [_rule(rule) for rule in plan.rules],
        "applicability": [
            {
                "element": one.element.identifier,
                "named": list(one.compiled.named),
                "expression": portable_expression(one.compiled.sql),
            }
            for one in plan.applicability
        ],
        "texts": _texts(),
    }


def portable_past(plan: FormPlan, supplied: Mapping[str, object], past: Past) -> Mapping[str, str]:
    """What one row holds beside what is typed: supplied elements by identifier, the past by its column."""
    held: dict[str, Value | None] = {
        element.identifier: held_value(supplied.get(element.identifier), element.domain) for element in plan.supplied
    }
    for look_back, elements in plan.looked_back.items():
        remembered = past.get(look_back, {})
        for element in elements:
            raw = remembered.get(element.identifier)
            value = raw if look_back.is_statistic else held_value(raw, element.domain)
            held[look_back.column(element.identifier)] = value if isinstance(value, Value) else None
    return {column: _text(value) for column, value in held.items() if value is not None}


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(canonical(value), "f") if isinstance(value, Decimal) else str(value)


def _element(element: ElementSpec) -> Mapping[str, Any]:
    domain = element.domain
    return {
        "identifier": element.identifier,
        "label": element.label,
        "source": element.source,
        "datatype": domain.datatype,
        "unit": domain.unit or "",
        "is_required": element.required,
        "decimals": decimals_of(domain),
        "minimum": None if domain.minimum is None else str(domain.minimum),
        "maximum": None if domain.maximum is None else str(domain.maximum),
        "maximum_length": maximum_length_of(domain),
        "permissible_values": [[item.value, item.meaning] for item in domain.permissible_values],
    }


def _rule(rule: PlannedRule) -> Mapping[str, Any]:
    compiled = rule.compiled
    operands: list[list[str | None]] = []
    for name in compiled.named:
        if name in compiled.current:
            operands.append([name, None])
        operands += [[name, str(one)] for one, remembered in compiled.looked_back if remembered == name]
    return {
        "identifier": rule.spec.identifier,
        "severity": rule.spec.severity,
        "sentence": rule.spec.sentence.rstrip("。."),
        "blamed": rule.blamed,
        "elements": list(compiled.named),
        "operands": operands,
        "expression": portable_expression(compiled.sql),
    }


def _texts() -> Mapping[str, Any]:
    """The check's own sentences (hub/validation/check.py, reading.py and the datatypes), with their blanks open."""
    blanks = {name: "{" + name + "}" for name in ("name", "value")}
    return {
        "rule": _("{place}：{rule}（{operands}）。{advice}"),
        "advice": {
            "error": _("请核对后修改"),
            "warning": _("请核对；情况属实的，请在提交时说明原因"),
        },
        "operand": _("{name}{value}"),
        "operands": _("，"),
        "looked_back": {str(one): one.said(blanks["name"], blanks["value"]) for one in LookBack},
        "fault": _("{name}：{expectation}，现在是“{value}”"),
        "derived": _("{sentence}；它由{names}算出，请核对这些数"),
        "required": _("{name}：必填，现在是空的；确实没有数的，请选择缺失原因"),
        "inapplicable": _("{name}：按{names}这里不适用，请删去，现在是“{value}”"),
        "both": _("{name}：填了“{value}”又选了缺失原因，请只留一个"),
        "number": _("必须是数字"),
        "integer": _("必须是整数"),
        "digits": _("最多{limit}位有效数字"),
        "decimals": _("最多保留{limit}位小数"),
        "no_decimals": _("不能有小数"),
        "between": _("必须在{minimum}到{maximum}之间"),
        "at_least": _("不能小于{minimum}"),
        "at_most": _("不能大于{maximum}"),
        "boolean": _("必须填“是”或“否”"),
        "date": _("必须是日期，如2026-03-31"),
        "length": _("最多{limit}个字"),
        "control": _("不能含有控制字符"),
        "code": _("必须从代码表中选（{choices}）"),
        "empty": _("空"),
        "yes": _("是"),
        "no": _("否"),
    }


@lru_cache(maxsize=4096)
def portable_expression(sql: str) -> Node:
    """The compiled SQL of a rule or derivation (`CompiledExpression.sql`), which holds only what grammar let through.

    Casts to numbers are left out: the browser's numbers are exact fractions of ten, however large.
    """
    return _node(sqlglot.parse_one(sql, read="postgres"))


def _node(node: exp.Expr) -> Node:
    return NODES[type(node)](node)


def _two(name: str) -> Callable[[Any], Node]:
    return lambda node: [name, _node(node.this), _node(node.expression)]


def _one(name: str) -> Callable[[Any], Node]:
    return lambda node: [name, _node(node.this)]


def _literal(node: exp.Literal) -> Node:
    return ["text" if node.is_string else "number", str(node.this)]


def _cast(node: exp.Cast) -> Node:
    """A text that stands for a day, or a number made wide enough."""
    return ["text", str(node.this.this)] if node.to.this is exp.DataType.Type.DATE else _node(node.this)


def _case(node: exp.Case) -> Node:
    branches = [[_node(branch.this), _node(branch.args["true"])] for branch in node.args["ifs"]]
    default = node.args.get("default")
    return ["case", branches, None if default is None else _node(default)]


NODES: Mapping[type[exp.Expr], Callable[[Any], Node]] = MappingProxyType(
    {
        exp.Column: lambda node: ["column", node.name],
        exp.Literal: _literal,
        exp.Boolean: lambda node: ["boolean", bool(node.this)],
        exp.Paren: lambda node: _node(node.this),
        exp.Cast: _cast,
        exp.Neg: _one("negative"),
        exp.Abs: _one("abs"),
        exp.Add: _two("+"),
        exp.Sub: _two("-"),
        exp.Mul: _two("*"),
        exp.Div: _two("/"),
        exp.Nullif: lambda node: _node(node.this),  # the browser's division knows that nothing is divided by zero
        exp.EQ: _two("="),
        exp.NEQ: _two("<>"),
        exp.LT: _two("<"),
        exp.LTE: _two("<="),
        exp.GT: _two(">"),
        exp.GTE: _two(">="),
        exp.Between: lambda node: ["between", _node(node.this), _node(node.args["low"]), _node(node.args["high"])],
        exp.In: lambda node: ["in", _node(node.this), *(_node(member) for member in node.expressions)],
        exp.Is: _one("absent"),
        exp.And: _two("and"),
        exp.Or: _two("or"),
        exp.Not: _one("not"),
        exp.Case: _case,
        exp.Coalesce: lambda node: ["first", _node(node.this), *(_node(part) for part in node.expressions)],
    }
)
