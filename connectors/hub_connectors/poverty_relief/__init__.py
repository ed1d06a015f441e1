from hub_connectors.connector import Connector, Report
from hub_connectors.periods import PeriodType
from hub_connectors.poverty_relief import layout, mapping, schema

CONNECTOR = Connector(
    name="poverty-relief",
    reports=(
        Report(PeriodType.MONTH, mapping.MONTHLY, schema.MONTHLY, (layout.MONITORING, layout.EMPLOYMENT)),
        Report(PeriodType.YEAR, mapping.YEARLY, schema.YEARLY, (layout.VILLAGE_YEAR,)),
    ),
)
