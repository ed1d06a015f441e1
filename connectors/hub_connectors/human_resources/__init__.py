from hub_connectors.connector import Connector, Report
from hub_connectors.human_resources import layout, mapping, schema
from hub_connectors.periods import PeriodType

CONNECTOR = Connector(
    name="human-resources",
    reports=(
        Report(PeriodType.MONTH, mapping.MONTHLY, schema.MONTHLY, (layout.TRANSFER, layout.EMPLOYMENT)),
        Report(PeriodType.QUARTER, mapping.QUARTERLY, schema.QUARTERLY, (layout.TRAINING,)),
    ),
)
