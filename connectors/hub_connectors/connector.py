"""What makes a connector: four pieces of data. The flow is the same for every department (runner.py)."""

from dataclasses import dataclass

import pandera.polars as pa

from hub_connectors.layout import FormLayout
from hub_connectors.mapping import FormMapping


@dataclass(frozen=True, slots=True)
class Connector:
    name: str
    mapping: FormMapping
    schema: pa.DataFrameSchema
    layout: FormLayout
