"""When a township may be told its county's total, so that no neighbour's figure can be worked out. Pure.

See docs/decisions/county-totals-for-townships.md.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from hub.exchange.totals import Total
from hub.kit.i18n import gettext as _
from hub.registry.models import DataElementVersion

# With fewer, one's own figure taken off would leave a single neighbour's.
FEWEST_TOWNSHIPS = 3

Withheld = Literal["not_complete", "too_few", "not_shared"]


@dataclass(frozen=True)
class ToldTotal:
    """What is told of a county's total. `others`: what is left when one's own is taken off."""

    county: Decimal | None
    others: Decimal | None
    withheld: Withheld | None


def tell(county: Total, own: Total | None) -> ToldTotal:
    """A total that grows as townships report would tell each newcomer's figure by its step: so all or nothing."""
    if not county.is_complete:
        return ToldTotal(None, None, "not_complete")
    if county.townships_counted < FEWEST_TOWNSHIPS or county.total is None:
        return ToldTotal(None, None, "too_few")
    own_total = own.total if own is not None else None
    return ToldTotal(county.total, county.total - (own_total or Decimal(0)), None)


def is_returned(version: DataElementVersion) -> bool:
    """不予共享 and sensitive facts are not told outside their source, not even as sums."""
    return version.sharing_type != "not_shared" and version.sensitivity != "sensitive"


def withheld_words(reason: Withheld, county: Total) -> str:
    match reason:
        case "not_complete":
            return _("{reported}/{expected} 个乡镇已报，报齐后显示").format(
                reported=county.townships_reported, expected=county.townships_expected
            )
        case "too_few":
            return _("有数的乡镇不到 {count} 个，不显示，以免推算出别的乡镇").format(count=FEWEST_TOWNSHIPS)
        case _:
            return _("不对外提供")
