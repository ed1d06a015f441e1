"""Files that browsers may keep: their address holds a hash of their content, so a new version has a new address."""

import hashlib
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_FOLDER = Path(__file__).parent.parent / "static"


@lru_cache(maxsize=100)
def _version(name: str) -> str:
    return hashlib.sha256((STATIC_FOLDER / name).read_bytes()).hexdigest()[:16]


def static_url(name: str) -> str:
    return f"/static/{name}?v={_version(name)}"


class HashedFiles(StaticFiles):
    """Serves the static folder; what was asked for by its current hash may be kept for a year."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC_FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("v")
        is_current = response.status_code in {200, 206, 304} and asked == [_version(path)]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_current else "no-cache"
        return response
