from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.kit import clock
from hub.kit.db import Base, uuid7


class Organization(Base):
    """A body that registers, owns, asks for or reports data.

    `code` is the short name the registry files and the contract use; `credit_code` is the unified
    social credit identifier (GB 32100). `division` is an official code without a foreign key:
    identity stands below geography.
    """

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("kind IN ('authority', 'department', 'township', 'inspectorate')", name="kind"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(unique=True)
    credit_code: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    division: Mapped[str | None] = mapped_column(index=True)
    contact_name: Mapped[str | None]
    contact_phone: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    closed_at: Mapped[datetime | None]


class Person(Base):
    """`openid_subject`: issuer and subject of the provider's account, bound at its first sign-in (ASVS 5.0, 6.8.1)."""

    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    username: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str]
    must_change_password: Mapped[bool]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_sign_in_at: Mapped[datetime | None]
    openid_subject: Mapped[str | None] = mapped_column(unique=True)

    organization: Mapped[Organization] = relationship(lazy="raise")


class Session(Base):
    """A person's signed-in browser, kept on the server so that it can be ended at once.

    `method`: `password` or `openid`. `second_factor_at`: when the second factor was shown, if it was.
    """

    __tablename__ = "sessions"

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    csrf_token: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str]
    user_agent: Mapped[str]
    method: Mapped[str] = mapped_column(default="password")
    second_factor_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="raise")


class SignInFailure(Base):
    """A failed sign-in or token request, for the throttle. The name tried is kept as a hash only."""

    __tablename__ = "sign_in_failures"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    account_sha256: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    address: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(index=True)


class ApiClient(Base):
    """A department's program (OAuth 2 client credentials, RFC 6749 §4.4)."""

    __tablename__ = "api_clients"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    client_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    allowed_networks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_used_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]

    organization: Mapped[Organization] = relationship(lazy="raise")


class ApiClientSecret(Base):
    """At most two live at once, so that a secret is rotated without a gap. 256 random bits, kept as SHA-256."""

    __tablename__ = "api_client_secrets"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    api_client_id: Mapped[UUID] = mapped_column(ForeignKey("api_clients.id"), index=True)
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    revoked_at: Mapped[datetime | None]


class AccessToken(Base):
    """An opaque bearer token of a client or a person, kept hashed, revocable at once.

    `grants` are the grant numbers it is bound to, and so its purposes; null for a person's token.
    """

    __tablename__ = "access_tokens"
    __table_args__ = (CheckConstraint("(person_id IS NULL) <> (api_client_id IS NULL)", name="one_owner"),)

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    api_client_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_clients.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    api_client_secret_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_client_secrets.id"))
    grants: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship(lazy="raise")
    api_client: Mapped[ApiClient | None] = relationship(lazy="raise")


class SecondFactor(Base):
    """A person's authenticator (RFC 6238). Its secret is sealed: the database alone makes no codes.

    `confirmed_at` is null until a first code was shown. `last_step`: the time step of the last code that was
    taken; it and those before it are never taken again (ASVS 5.0, 6.5.1).
    """

    __tablename__ = "second_factors"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), primary_key=True)
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None] = mapped_column(BigInteger)


class RecoveryCode(Base):
    """A code for the day the telephone is lost; good once."""

    __tablename__ = "recovery_codes"

    code_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    used_at: Mapped[datetime | None]


class SignInStep(Base):
    """Somebody whose first factor held and whose second is still asked for; opens nothing."""

    __tablename__ = "sign_in_steps"

    token_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    method: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


class OpenIdRequest(Base):
    """A browser that was sent to the provider: what its answer must fit. Deleted by the first answer."""

    __tablename__ = "openid_requests"

    state_sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    nonce: Mapped[str]
    verifier: Mapped[str]
    next: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
