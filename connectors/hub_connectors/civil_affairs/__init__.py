from hub_connectors.civil_affairs.layout import LAYOUT
from hub_connectors.civil_affairs.mapping import MAPPING
from hub_connectors.civil_affairs.schema import SCHEMA
from hub_connectors.connector import Connector

CONNECTOR = Connector(name="civil-affairs", mapping=MAPPING, schema=SCHEMA, layout=LAYOUT)
