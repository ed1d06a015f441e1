"""What a backup says of itself."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Literal[1] = 1
_SHA256 = r"^[0-9a-f]{64}$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableEntry(_Part):
    """One table: its rows lie in PostgreSQL's COPY text format, in these columns, in one member of the archive."""

    schema_name: str
    name: str
    columns: tuple[str, ...]
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=_SHA256)

    @staticmethod
    def member_of(schema_name: str, name: str) -> str:
        return f"tables/{schema_name}.{name}.copy"

    @property
    def member(self) -> str:
        return self.member_of(self.schema_name, self.name)


class SequenceEntry(_Part):
    schema_name: str
    name: str
    last_value: int
    is_called: bool


class FileEntry(_Part):
    """One file of the data folder."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=_SHA256)

    @staticmethod
    def member_of(name: str) -> str:
        return f"files/{name}"

    @property
    def member(self) -> str:
        return self.member_of(self.name)


class Manifest(_Part):
    format: Literal[1] = FORMAT
    made_at: datetime
    hub_version: str
    county: str
    revision: str
    generation: UUID
    tables: tuple[TableEntry, ...]
    sequences: tuple[SequenceEntry, ...]
    files: tuple[FileEntry, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)
