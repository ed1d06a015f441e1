"""What goes back to townships (回流, Order 809, arts. 24 and 30): sums of their county, never a row of another's."""

from hub.geography.levels import county_of
from hub.identity.subject import Subject
from hub.store.scope import ReadScope, ScopeBox
from hub.store.totals import TotalsScope


def county_totals_scope(subject: Subject) -> TotalsScope:
    """Sums over the caller's own county, for a township; for everybody else nothing."""
    organization = subject.organization
    if organization.kind != "township" or organization.division is None:
        return TotalsScope(ReadScope(()))
    return TotalsScope(ReadScope((ScopeBox(None, frozenset({county_of(organization.division)})),)))
