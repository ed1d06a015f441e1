"""The one table of connectors: a new one is a folder and a line here."""

from hub_connectors.civil_affairs import CONNECTOR as CIVIL_AFFAIRS
from hub_connectors.connector import Connector
from hub_connectors.human_resources import CONNECTOR as HUMAN_RESOURCES
from hub_connectors.poverty_relief import CONNECTOR as POVERTY_RELIEF

CONNECTORS: dict[str, Connector] = {
    connector.name: connector for connector in (HUMAN_RESOURCES, POVERTY_RELIEF, CIVIL_AFFAIRS)
}
