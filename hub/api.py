"""The public contract's routers, version 1."""

from hub.kit.routing import HubRouter

routers: tuple[HubRouter, ...] = ()
