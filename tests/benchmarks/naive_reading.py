"""What a typical developer writes for `GET /data-values`: FastAPI, SQLAlchemy's ORM and a pydantic response model.

Two shapes of the same values: a row for each value (EAV), and a JSONB document for each village. Neither
asks who reads, logs nothing, checks no grant and sends no ETag. A third route sends as many bytes as the hub's answer
has and reads nothing at all: nothing that is served by FastAPI to this client can be faster.

    NAIVE_DATABASE_URL=… python -m tests.benchmarks.naive_reading PORT WORKERS
"""

import os
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Response
from pydantic import BaseModel
from sqlalchemy import DateTime, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

app = FastAPI()
engine = create_async_engine(os.environ.get("NAIVE_DATABASE_URL", "postgresql+psycopg://"), pool_size=5)
sessions = async_sessionmaker(engine, expire_on_commit=False)


class NaiveBase(DeclarativeBase):
    pass


class NaiveValue(NaiveBase):
    __tablename__ = "naive_values"

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(index=True)
    period: Mapped[str]
    element: Mapped[str]
    value: Mapped[int]


class NaiveDocument(NaiveBase):
    __tablename__ = "naive_documents"

    division: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)


class VillageRead(BaseModel):
    division: str
    period: str
    values: dict[str, int]


class DocumentRead(VillageRead):
    submitted_at: datetime


async def open_session() -> AsyncIterator[AsyncSession]:
    async with sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


@app.get("/rows", response_model=list[VillageRead])
async def read_rows(session: Session, division: str, period: str, elements: str) -> Any:
    statement = select(NaiveValue).where(
        NaiveValue.division.startswith(division),
        NaiveValue.period == period,
        NaiveValue.element.in_(elements.split(",")),
    )
    villages: dict[str, VillageRead] = {}
    for row in await session.scalars(statement.order_by(NaiveValue.division)):
        village = villages.setdefault(row.division, VillageRead(division=row.division, period=row.period, values={}))
        village.values[row.element] = row.value
    return list(villages.values())


@app.get("/documents", response_model=list[DocumentRead])
async def read_documents(session: Session, division: str, period: str, elements: str) -> Any:
    wanted = elements.split(",")
    statement = select(NaiveDocument).where(NaiveDocument.division.startswith(division), NaiveDocument.period == period)
    return [
        DocumentRead(
            division=record.division,
            period=record.period,
            submitted_at=record.submitted_at,
            values={element: record.document[element] for element in wanted},
        )
        for record in await session.scalars(statement.order_by(NaiveDocument.division))
    ]


@app.get("/bytes")
async def read_bytes(size: int) -> Response:
    return Response(b" " * (size - 2) + b"[]", media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        "tests.benchmarks.naive_reading:app", port=int(sys.argv[1]), workers=int(sys.argv[2]), log_level="warning"
    )
