"""The only reader of the environment."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, FilePath, SecretStr
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

_FIGURES = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name for it
_POLARS_THREADS = "POLARS_MAX_THREADS"


class Settings(BaseSettings):
    """Every setting, from `HUB_…` or from the file of `KEY=value` lines that `HUB_CONFIG` names."""

    model_config = SettingsConfigDict(env_prefix="HUB_", extra="ignore")

    data_dir: Path = Field(
        default=Path(".hub-data"), description="the folder of the private database, keys and demo accounts"
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 15 or newer, as the application's role; absent: the hub starts its own server",
    )
    migration_database_url: SecretStr | None = Field(
        default=None, description="the same database as its owner, for `hub migrate`"
    )
    county: str = Field(
        default="433124",
        pattern=r"^\d{2}(\d{2}(\d{2})?)?$",
        description="the division this hub serves: a county, or a prefecture or province with all its counties",
    )
    demo: bool = Field(default=True, description="load the demo county into an empty database")
    host: str = Field(default="127.0.0.1", description="the address to listen on")
    port: int = Field(default=8000, ge=1, le=65535, description="the port to listen on")
    workers: int = Field(default=1, ge=1, le=64, description="server processes")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="log detail")
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="json: a line for programs; text: for people; auto: text on a terminal"
    )
    trusted_proxies: str = Field(
        default="",
        description="addresses or networks, by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed",
    )
    secure_cookies: bool = Field(
        default=False, description="mark cookies Secure and name them __Host-; set it behind HTTPS"
    )
    maximum_body_bytes: int = Field(
        default=4 * 1024 * 1024, ge=1024, description="the largest request body that is read"
    )
    client_requests_per_minute: int = Field(
        default=1200, ge=0, description="how often one API client may call, over all server processes; 0: no limit"
    )
    client_reads_per_day: int = Field(
        default=200_000, ge=0, description="how often one API client may read in a day (China); 0: no quota"
    )
    sign_ins_per_minute: int = Field(
        default=600,
        ge=0,
        description="tries to sign in or get a token from one address, for each server process; 0: no limit",
    )
    concurrent_requests: int = Field(
        default=32, ge=1, description="requests that one server process works on at once; more wait in order"
    )
    queued_requests: int = Field(
        default=256, ge=0, description="requests that may wait for a place; more are told to come back (503)"
    )
    minimum_free_bytes: int = Field(
        default=128 * 1024 * 1024,
        ge=0,
        description="writes are refused (507) while the data folder's disk has less room; 0: never",
    )
    maximum_upload_bytes: int = Field(
        default=200 * 1024 * 1024, ge=1024, description="the largest file of a bulk import"
    )
    maximum_attachment_bytes: int = Field(
        default=8 * 1024 * 1024, ge=1024, description="the largest scan that is attached to a value"
    )
    uploads_at_once: int = Field(
        default=2, ge=1, le=64, description="uploaded files of one kind that one server process reads at a time"
    )
    token_minutes: int = Field(default=30, ge=1, le=24 * 60, description="how long a bearer token lives")
    session_idle_minutes: int = Field(default=30, ge=1, description="a session ends when idle this long")
    session_hours: int = Field(default=12, ge=1, description="a session ends after this at the latest")

    reminder_working_days: int = Field(
        default=2, ge=0, le=30, description="so many working days before a deadline a township is reminded of it"
    )

    password_policy: Literal["dengbao", "asvs"] = Field(
        default="dengbao", description="dengbao: three character classes (GB/T 22239); asvs: length and word list only"
    )

    second_factor: Literal["optional", "required"] = Field(
        default="optional",
        description="required: whoever publishes, decides or manages signs in with a second factor (TOTP)",
    )
    config: FilePath | None = Field(
        default=None, description="a file of further settings, which the environment wins over"
    )
    oidc_issuer: str | None = Field(
        default=None, description="OpenID Connect: the provider's issuer, as its discovery says; absent: not used"
    )
    oidc_client_id: str | None = Field(default=None, description="OpenID Connect: this hub's id at the provider")
    oidc_client_secret: SecretStr | None = Field(default=None, description="OpenID Connect: this hub's secret there")
    oidc_client_secret_file: Path | None = Field(
        default=None, description="OpenID Connect: a file that holds the secret, in place of the setting"
    )
    oidc_username_claim: str = Field(
        default="preferred_username", description="OpenID Connect: the claim that holds the hub's username"
    )
    oidc_name: str = Field(default="统一身份认证", description="OpenID Connect: what the sign-in page calls it")
    oidc_ca_file: Path | None = Field(
        default=None, description="OpenID Connect: certificates of an intranet's own authority (PEM)"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by the file HUB_CONFIG names
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, as an operator expects when trying something out."""
        file = DotEnvSettingsSource(settings_cls, env_file=os.environ.get("HUB_CONFIG"))
        return init_settings, env_settings, file, file_secret_settings


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


def figures_folder() -> Path | None:
    """Where several server processes keep their figures together; None when there is one process alone."""
    folder = os.environ.get(_FIGURES)
    return Path(folder) if folder else None


def share_figures(folder: Path) -> None:
    """Said to the processes that are started after this; prometheus_client looks for it when it is imported."""
    os.environ[_FIGURES] = str(folder)


def share_processors(processes: int) -> None:
    """Said to the processes that are started after this: together their polars uses each processor once.

    A form's check is too small to be handed to other threads; a process alone keeps all for its imports.
    """
    os.environ.setdefault(_POLARS_THREADS, str(max(1, (os.cpu_count() or 1) // processes)))


def share_folder(name: Literal["migrations", "schemas"]) -> Path:
    """Where shipped migrations or registry files are: beside the package in a checkout, inside it once installed."""
    package = Path(__file__).resolve().parent
    installed = package / "share" / name
    return installed if installed.is_dir() else package.parent / name
