"""The cells door: where the form's page sends what changed, and asks what is new. For our own scripts alone."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from hub.capture import merging
from hub.capture.cells_schemas import CellBatchWrite, MergedCellsRead
from hub.capture.endpoints import CanWriteDrafts
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction

router = HubRouter(tags=["capture"])


@router.post("/collections/{collection_id}/cells")
async def merge_cells(
    session: Transaction, subject: CanWriteDrafts, collection_id: UUID, body: CellBatchWrite
) -> MergedCellsRead:
    return MergedCellsRead.of(await merging.merge_cells(session, subject, collection_id, body.batch()))


@router.get("/collections/{collection_id}/cells")
async def read_cells(
    session: Transaction, subject: CanWriteDrafts, collection_id: UUID, base: Annotated[str, Query(max_length=200)]
) -> MergedCellsRead:
    return MergedCellsRead.of(await merging.read_cells(session, subject, collection_id, base))
