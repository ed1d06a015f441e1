"""The pages of the registry, in the order in which their addresses are tried: names before identifiers."""

from hub.kit.routing import HubRouter
from hub.registry import (
    code_list_pages,
    compare_pages,
    file_pages,
    pages,
    register_pages,
    rule_pages,
    waiting_pages,
)

routers: tuple[HubRouter, ...] = (
    pages.router,
    waiting_pages.router,
    register_pages.router,
    compare_pages.router,
    code_list_pages.router,
    rule_pages.router,
    file_pages.router,
)
