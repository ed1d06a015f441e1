"""Elements and rules in, findings out. Pure: knows no registry, no database and no web."""

from hub.validation.bulk import check_table
from hub.validation.check import check
from hub.validation.derive import LiveRow, derive, look_over
from hub.validation.expression import (
    CompiledExpression,
    compile_derivation,
    compile_rule,
    named_identifiers,
)
from hub.validation.form import FormSpec
from hub.validation.grammar import RuleFault
from hub.validation.json_schema import form_json_schema
from hub.validation.lookback import LookBack, LookedBack, Past, recall
from hub.validation.report import MISSING_REASONS, Finding, Row, TypedRow, ValidationReport
from hub.validation.specification import ElementSpec, RuleSpec, Severity, Source
from hub.validation.table import Held, PlacedFinding, Table, TableReport

__all__ = [
    "MISSING_REASONS",
    "CompiledExpression",
    "ElementSpec",
    "Finding",
    "FormSpec",
    "Held",
    "LiveRow",
    "LookBack",
    "LookedBack",
    "Past",
    "PlacedFinding",
    "Row",
    "RuleFault",
    "RuleSpec",
    "Severity",
    "Source",
    "Table",
    "TableReport",
    "TypedRow",
    "ValidationReport",
    "check",
    "check_table",
    "compile_derivation",
    "compile_rule",
    "derive",
    "form_json_schema",
    "look_over",
    "named_identifiers",
    "recall",
]
