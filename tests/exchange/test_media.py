import pytest

from hub.exchange.media import choose_media_type
from hub.kit.errors import NotAcceptable


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("application/x-ndjson; q=0.9, text/csv; q=0.5", "application/x-ndjson"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "application/x-ndjson"),
        ("TEXT/CSV", "text/csv"),
    ],
)
def test_chooses(accept: str | None, chosen: str) -> None:
    assert choose_media_type(accept) == chosen


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/csv;q=0", "*/*;q=oops"])
def test_refuses_what_is_not_offered(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose_media_type(accept)
