"""What an operator's programs ask: is the process alive, is the hub ready, what are its figures."""

from fastapi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from hub.kit.disk import Disk
from hub.kit.errors import ServiceUnavailable
from hub.kit.figures import Figures
from hub.kit.i18n import gettext as _
from hub.kit.migration import current_revision, newest_revision
from hub.kit.routing import HubRouter, always_answered, public
from hub.kit.transaction import AppDatabase, Transaction
from hub.settings import share_folder

router = HubRouter(tags=["operations"], is_described=True)


class Health(BaseModel):
    status: str


@router.get("/healthz")
@public
@always_answered
async def read_health() -> Health:
    """The process answers; it says nothing of the database."""
    return Health(status="ok")


@router.get("/readyz")
@public
@always_answered
async def read_readiness(session: Transaction) -> Health:
    """The database answers and stands at the newest migration."""
    current = await current_revision(session)
    if current != newest_revision(share_folder("migrations")):
        raise ServiceUnavailable(_("数据库尚未升级到最新版本，请运行 hub migrate。"), retry_after=5)
    return Health(status="ready")


@router.get("/metrics", response_class=Response)
@public
@always_answered
async def read_metrics(request: Request, database: AppDatabase) -> Response:
    """Prometheus text format."""
    figures: Figures = request.app.state.figures
    disk: Disk = request.app.state.disk
    disk.free()
    return Response(await figures.text(database), media_type=CONTENT_TYPE_LATEST)
