from hub_connectors.civil_affairs import layout, mapping, schema
from hub_connectors.connector import Connector, Report
from hub_connectors.periods import PeriodType

CONNECTOR = Connector(
    name="civil-affairs",
    reports=(
        Report(
            PeriodType.MONTH, mapping.MONTHLY, schema.MONTHLY, (layout.MONTHLY, layout.ASSISTANCE, layout.POPULATION)
        ),
        Report(PeriodType.QUARTER, mapping.QUARTERLY, schema.QUARTERLY, (layout.LEFT_BEHIND_CHILDREN,)),
    ),
)
