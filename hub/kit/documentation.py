"""The try-it page of the API. It loads nothing from outside: the makers' built files are shipped with the hub."""

from dataclasses import dataclass

from fastapi import Request, Response

from hub.kit.routing import ApiRouter, public
from hub.kit.views import render

router = ApiRouter(tags=["operations"])

# Its style sheet draws arrows from data: addresses, which lead nowhere.
POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'"
)


@dataclass(frozen=True)
class DocumentationPage:
    """`openapi`: where the description of the API lies."""

    openapi: str


@router.get("/docs", include_in_schema=False)
@public
async def read_documentation(request: Request) -> Response:
    response = render(request, "docs.html", DocumentationPage(request.app.openapi_url))
    response.headers["Content-Security-Policy"] = POLICY
    return response
