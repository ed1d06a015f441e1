"""The public contract's routers, version 1."""

from hub.calendar import endpoints as calendar
from hub.geography import endpoints as geography
from hub.grants import endpoints as grants
from hub.identity import endpoints as identity
from hub.kit.routing import HubRouter

routers: tuple[HubRouter, ...] = (
    identity.router,
    geography.router,
    calendar.router,
    grants.router,
)
