import pytest

from hub.capture.models import Collection
from hub.imports import storing
from hub.kit.db import Database
from tests.capture.factories import create_collection, create_published_form
from tests.people import People


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that is rolled back has one connection, and one connection does one thing at a time."""
    monkeypatch.setattr(storing, "AREAS_AT_ONCE", 1)


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    """October is open for both townships; the one of `reporter_east`."""
    await create_published_form(database, people)
    return await create_collection(database, people)
