"""The public contract's routers, version 1."""

from hub.calendar import endpoints as calendar
from hub.capture import endpoints as capture
from hub.capture import reminder_endpoints as reminders
from hub.capture import workflow_endpoints as workflow
from hub.catalogue import endpoints as catalogue
from hub.exchange import endpoints as exchange
from hub.exchange import token_endpoint
from hub.exchange import totals_endpoints as totals
from hub.forms import endpoints as forms
from hub.geography import endpoints as geography
from hub.grants import endpoints as grants
from hub.identity import endpoints as identity
from hub.identity import organization_endpoints as organizations
from hub.imports import endpoints as imports
from hub.kit import documentation
from hub.kit.routing import HubRouter
from hub.oversight import audit_endpoints as audit_events
from hub.oversight import endpoints as oversight
from hub.oversight import job_endpoints as jobs
from hub.oversight import traffic_pages as traffic
from hub.receipts import endpoints as receipts
from hub.registry import endpoints as registry
from hub.remarks import endpoints as remarks
from hub.workbooks import endpoints as workbooks

# A request's address is held against them one after another: those that everybody calls at once come first.
routers: tuple[HubRouter, ...] = (
    capture.router,
    exchange.router,
    identity.router,
    organizations.router,
    geography.router,
    calendar.router,
    registry.router,
    forms.router,
    workbooks.router,
    receipts.router,
    workflow.router,
    reminders.router,
    grants.router,
    totals.router,
    catalogue.router,
    imports.router,
    remarks.router,
    oversight.router,
    audit_events.router,
    jobs.router,
    traffic.api,
    documentation.router,
)

# What the contract puts beside the API: OAuth clients expect the token endpoint where RFC 6749's readers put it.
root_routers: tuple[HubRouter, ...] = (token_endpoint.router,)
