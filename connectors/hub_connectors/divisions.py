"""Names of villages, townships and counties: a department's form is read by people, codes alone would not do."""

from collections.abc import Iterable

from hub_connectors.client import HubClient
from hub_connectors.mapping import Place
from hub_connectors.wire import Division

TOWNSHIP_DIGITS, COUNTY_DIGITS = 9, 6


class DivisionNames:
    """Asks for all children of a parent at once, and for a single code only when its parent does not list it."""

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub
        self._known: dict[str, Division] = {}
        self._listed: set[str] = set()

    def places(self, codes: Iterable[str]) -> dict[str, Place]:
        found = {}
        for code in sorted(set(codes)):
            village = self._find(code, code[:TOWNSHIP_DIGITS])
            # After a merger the official parent need not be the code's own prefix.
            parent = village.parent_code or code[:TOWNSHIP_DIGITS]
            township = self._find(parent, parent[:COUNTY_DIGITS]) if parent != code else village
            above = township.parent_code or parent[:COUNTY_DIGITS]
            county = self._find(above, above) if above != parent else township
            found[code] = Place(code, village.name, township.code, township.name, county.name)
        return found

    def _find(self, code: str, parent: str) -> Division:
        """A county is asked for by itself: its own parent would list a whole prefecture."""
        if code not in self._known and parent not in self._listed and parent != code:
            self._listed.add(parent)
            self._known.update({division.code: division for division in self._hub.list_divisions(parent)})
        if code not in self._known:
            self._known[code] = self._hub.get_division(code)
        return self._known[code]
