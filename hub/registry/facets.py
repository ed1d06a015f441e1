"""By what elements are told apart and filtered: columns of their own, and the facets of the definition. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

# Filter to column. The registration status is a filter too, but one that also chooses the version.
COLUMN_FACETS: Mapping[str, str] = MappingProxyType(
    {
        "object_class": "object_class",
        "period_type": "period_type",
        "source": "source",
        "steward": "steward",
        "sharing_type": "sharing_type",
        "sensitivity": "sensitivity",
        "topic": "topic",
        "datatype": "datatype",
        "collection_basis": "collection_basis",
    }
)
# The facets of a definition that the registry knows (DOMAIN 5.4: each of them makes another fact of one name).
DEFINITION_FACETS = (
    "population",
    "residence",
    "condition",
    "age",
    "sex",
    "place",
    "duration_months",
    "stock_or_flow",
    "reference_time",
    "threshold",
)
FILTERS = (*COLUMN_FACETS, *DEFINITION_FACETS)
# What a page offers at once; the rest is folded away.
MAIN_FILTERS = ("object_class", "period_type", "status", "source", "steward")
