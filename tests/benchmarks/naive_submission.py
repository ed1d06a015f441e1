"""A form submission as it is usually written: FastAPI, a pydantic model of the form, an ORM row for each value.

Not a straw man: one transaction, the rules in plain Python, every answer durable. It has no look at last month, no
history, no audit, no receipt, no row-level security. `bench_submission` runs it on the same machine in the same run.
"""

import asyncio
import os
import random
import sys
from decimal import Decimal
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field, create_model
from sqlalchemy import Numeric, delete
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.benchmarks.shape import COUNTS, NAMES, RULES

Count = Annotated[int, Field(ge=0, le=20000)]
Amount = Annotated[Decimal, Field(ge=0, decimal_places=2)]
Values: Any = create_model("Values", **{name: (Count if name in COUNTS else Amount, ...) for name in NAMES})


class Row(BaseModel):
    division: str
    values: Values


class Form(BaseModel):
    rows: list[Row]


class NaiveBase(DeclarativeBase):
    pass


class NaiveValue(NaiveBase):
    __tablename__ = "naive_values"

    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(index=True)
    period: Mapped[str] = mapped_column(index=True)
    element: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric)


def _rules() -> list[tuple[str, str]]:
    chosen = random.Random(1)  # noqa: S311 - repeatable data, no secret
    return [tuple(chosen.sample(COUNTS, 2)) for _number in range(RULES)]  # type: ignore[misc]


engine = create_async_engine(os.environ["NAIVE_DATABASE_URL"], pool_size=10)
sessions = async_sessionmaker(engine)
rules = _rules()
app = FastAPI()


@app.post("/forms/{period}", status_code=201)
async def submit(period: str, form: Form) -> dict[str, int]:
    faults = [
        f"{row.division}: {one} <= {two} + 20000"
        for row in form.rows
        for one, two in rules
        if getattr(row.values, one) > getattr(row.values, two) + 20000
    ]
    if faults:
        raise HTTPException(422, faults)
    divisions = [row.division for row in form.rows]
    async with sessions() as session, session.begin():
        await session.execute(delete(NaiveValue).where(NaiveValue.division.in_(divisions), NaiveValue.period == period))
        session.add_all(
            NaiveValue(division=row.division, period=period, element=name, value=Decimal(value))
            for row in form.rows
            for name, value in row.values
        )
    return {"rows": len(form.rows)}


async def _create_table() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(NaiveBase.metadata.create_all)
    await engine.dispose()


if __name__ == "__main__":
    port, workers = sys.argv[1:]
    asyncio.run(_create_table())
    uvicorn.run(f"{__spec__.name}:app", port=int(port), workers=int(workers), log_level="warning")
