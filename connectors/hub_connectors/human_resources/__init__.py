from hub_connectors.connector import Connector
from hub_connectors.human_resources.layout import LAYOUT
from hub_connectors.human_resources.mapping import MAPPING
from hub_connectors.human_resources.schema import SCHEMA

CONNECTOR = Connector(name="human-resources", mapping=MAPPING, schema=SCHEMA, layout=LAYOUT)
