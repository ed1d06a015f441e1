"""Scans that are what they say, and what is sent beside values."""

from typing import Any

import httpx

from hub.capture.models import Collection

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64) + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + bytes(17) + b"\x00\x00\x00\x00IEND\xaeB`\x82"


def api(collection: Collection, rest: str) -> str:
    return f"/api/v1/collections/{collection.id}/{rest}"


async def attach(
    client: httpx.AsyncClient, collection: Collection, name: str = "签字页.pdf", content: bytes = PDF, **place: str
) -> httpx.Response:
    return await client.post(api(collection, "attachments"), files={"file": (name, content)}, data=place)


async def say(client: httpx.AsyncClient, collection: Collection, text: str, **place: Any) -> httpx.Response:
    return await client.post(api(collection, "remarks"), json={"text": text, **place})


async def flag(client: httpx.AsyncClient, collection: Collection, reason: str, **place: Any) -> httpx.Response:
    return await client.post(api(collection, "flags"), json={"reason": reason, **place})
