"""Kinds of value. Pure: knows neither the database nor the web."""

from hub.datatypes.datatype import Datatype
from hub.datatypes.domain import (
    DomainFault,
    PermissibleValue,
    Value,
    ValueDomain,
    ValueFault,
    is_blank,
    shown,
)
from hub.datatypes.table import DATATYPES, check_domain, is_narrower, json_schema, parse, to_wire

__all__ = [
    "DATATYPES",
    "Datatype",
    "DomainFault",
    "PermissibleValue",
    "Value",
    "ValueDomain",
    "ValueFault",
    "check_domain",
    "is_blank",
    "is_narrower",
    "json_schema",
    "parse",
    "shown",
    "to_wire",
]
