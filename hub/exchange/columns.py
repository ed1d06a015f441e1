"""The columns of a table of values: the same names in CSV, Arrow and Parquet."""

from collections.abc import Mapping, Sequence

import polars as pl

from hub.datatypes.domain import ValueDomain
from hub.datatypes.table import DATATYPES
from hub.grants.coverage import ElementFact

KEY = ("division", "period", "entity")
# Why cells are empty and which versions the values were captured under, as JSON; then who said so, and when.
PROVENANCE = ("missing", "versions", "revision", "submission", "submitted_at")
_TYPES: Mapping[str, pl.DataType] = {"revision": pl.Int64(), "submitted_at": pl.Datetime("us", "UTC")}


def column_names(elements: Sequence[str]) -> list[str]:
    """A column for each element between the key and the provenance; one that is called like those is told apart."""
    taken = {*KEY, *PROVENANCE}
    return [*KEY, *(f"{name}_value" if name in taken else name for name in elements), *PROVENANCE]


def column_types(elements: Mapping[str, ElementFact], asked: Sequence[str]) -> dict[str, pl.DataType]:
    """Each column's type, in order: an element's by its value domain."""
    types = [
        *(pl.String() for _name in KEY),
        *(_type_of(elements[identifier]) for identifier in asked),
        *(_TYPES.get(name, pl.String()) for name in PROVENANCE),
    ]
    return dict(zip(column_names(asked), types, strict=True))


def _type_of(fact: ElementFact) -> pl.DataType:
    """What holds every version's values: text where the kind of value itself changed."""
    domains = [ValueDomain(version.datatype, decimals=version.decimals) for version in fact.versions]
    types = {DATATYPES[domain.datatype].polars_type(domain) for domain in domains}
    decimals = [kind for kind in types if isinstance(kind, pl.Decimal)]
    if len(decimals) == len(types):
        return max(decimals, key=lambda kind: kind.scale)
    return types.pop() if len(types) == 1 else pl.String()
