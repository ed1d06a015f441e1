"""The reasons that were typed so far: kept beside the draft, shown again to whoever opens the form next."""

from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture import repository
from hub.capture.ledger import NOTHING_EXPLAINED, Explanations, Ledger
from hub.capture.models import Collection


async def get_explanations(session: AsyncSession, collection: Collection) -> Explanations:
    """None before anything was explained. The caller has set the scope."""
    stored = await repository.get_ledger(session, collection.area, collection.id)
    return NOTHING_EXPLAINED if stored is None else Ledger.from_stored(stored.content).explanations
