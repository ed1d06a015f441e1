from hub_connectors.connector import Connector
from hub_connectors.poverty_relief.layout import LAYOUT
from hub_connectors.poverty_relief.mapping import MAPPING
from hub_connectors.poverty_relief.schema import SCHEMA

CONNECTOR = Connector(name="poverty-relief", mapping=MAPPING, schema=SCHEMA, layout=LAYOUT)
