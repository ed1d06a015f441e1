"""The contracts that are published beside the registry's files: `python -m hub.contracts schemas`."""

import sys
from pathlib import Path

import simplejson

from hub.app import create_app
from hub.kit.db import Database


def openapi_text() -> str:
    """The OpenAPI document of the code as it is; no database is asked."""
    document = create_app(Database("postgresql+psycopg://")).openapi()
    return simplejson.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write(folder: Path) -> list[Path]:
    path = folder / "openapi.json"
    path.write_text(openapi_text(), encoding="utf-8")
    return [path]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
