"""The only reader of the environment."""

from collections.abc import Sequence
from pathlib import Path

from httpx import URL, InvalidURL
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hub_connectors.errors import SettingsFault


class StoreSettings(BaseSettings):
    """Where the department's table and the run log are: `run` and `runs` must find the same place without help.

    `connector_state_url` keeps the connector's own tables apart from the department's: then a delivery can wait in
    the queue while the department's database is down.
    """

    connector_database_url: str = Field(default="sqlite:///hub-connector.sqlite", repr=False)
    connector_state_url: str | None = Field(default=None, repr=False)
    connector_codes: Path | None = None
    connector_retry_wait: float = Field(default=2.0, gt=0, le=3600)

    @property
    def state_url(self) -> str:
        return self.connector_state_url or self.connector_database_url

    @field_validator("connector_database_url", "connector_state_url")
    @classmethod
    def is_database_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            make_url(value)
        except ArgumentError as error:
            raise ValueError("不是有效的 SQLAlchemy 数据库地址") from error
        return value


class HubSettings(BaseSettings):
    hub_url: str
    hub_client_id: str = Field(min_length=1)
    hub_client_secret: SecretStr = Field(min_length=1)

    @field_validator("hub_url")
    @classmethod
    def has_no_path(cls, value: str) -> str:
        try:
            url = URL(value.rstrip("/"))
        except InvalidURL as error:
            raise ValueError("不是有效的网址") from error
        if url.scheme not in {"http", "https"} or not url.host:
            raise ValueError("必须以 http:// 或 https:// 开头")
        if url.path not in {"", "/"} or url.query or url.fragment or url.userinfo:
            raise ValueError("只写协议、主机和端口，不带路径、参数或口令")
        return str(url)


def _explained(error: ValidationError, names: Sequence[str]) -> SettingsFault:
    """Pydantic's own text would print the value, and the value may be a secret."""
    faults = []
    for item in error.errors(include_input=False, include_url=False, include_context=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        reason = "没有设置" if item["type"] in {"missing", "string_too_short", "too_short"} else item["msg"]
        faults.append(f"{name.upper()} {reason.removeprefix('Value error, ')}")
    return SettingsFault(f"环境变量有误：{'；'.join(faults)}（需要 {'、'.join(names)}）。")


def store_settings() -> StoreSettings:
    try:
        return StoreSettings()
    except ValidationError as error:
        raise _explained(error, ["CONNECTOR_DATABASE_URL"]) from None


def hub_settings() -> HubSettings:
    try:
        return HubSettings()
    except ValidationError as error:
        raise _explained(error, ["HUB_URL", "HUB_CLIENT_ID", "HUB_CLIENT_SECRET"]) from None
