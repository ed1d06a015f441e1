"""Identity on the wire."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints

from hub.identity.models import ApiClient, Organization, Person
from hub.identity.organizations import Kind
from hub.identity.roles import Role
from hub.kit.wire import WireInput

Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,63}$")]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]


class PersonCreate(WireInput):
    username: Username
    display_name: Label
    organization: Code
    # An enum has no JSON form of its own: its text is what a strict model would refuse.
    roles: list[Annotated[Role, Field(strict=False)]] = Field(min_length=1)


class PersonUpdate(WireInput):
    """What is left out stays."""

    display_name: Label | None = None
    organization: Code | None = None
    roles: Annotated[list[Annotated[Role, Field(strict=False)]], Field(min_length=1)] | None = None


class PersonRead(BaseModel):
    username: str
    display_name: str
    organization: str
    roles: list[str]
    disabled_at: datetime | None
    last_sign_in_at: datetime | None

    @classmethod
    def of(cls, person: Person) -> Self:
        return cls(
            username=person.username,
            display_name=person.display_name,
            organization=person.organization.code,
            roles=person.roles,
            disabled_at=person.disabled_at,
            last_sign_in_at=person.last_sign_in_at,
        )


Division = Annotated[str, StringConstraints(pattern=r"^\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?$")]
Contact = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


class OrganizationCreate(WireInput):
    code: Code
    name: Label
    kind: Kind
    division: Division | None = None
    contact_name: Contact | None = None
    contact_phone: Contact | None = None


class OrganizationUpdate(WireInput):
    """All three are said: a contact that is left out is taken away."""

    name: Label
    contact_name: Contact | None = None
    contact_phone: Contact | None = None


class OrganizationRead(BaseModel):
    code: str
    name: str
    kind: str
    division: str | None
    contact_name: str | None
    contact_phone: str | None
    closed_at: datetime | None

    @classmethod
    def of(cls, organization: Organization) -> Self:
        return cls(
            code=organization.code,
            name=organization.name,
            kind=organization.kind,
            division=organization.division,
            contact_name=organization.contact_name,
            contact_phone=organization.contact_phone,
            closed_at=organization.closed_at,
        )


class PasswordIssued(BaseModel):
    """Shown once; the person changes it at the next sign-in."""

    username: str
    password: str


class PasswordChange(WireInput):
    old_password: str = Field(max_length=200)
    new_password: str = Field(max_length=200)


class ApiClientCreate(WireInput):
    client_id: Code
    name: Label
    organization: Code
    allowed_networks: list[Annotated[str, StringConstraints(max_length=50)]] = Field(default=[], max_length=50)


class ApiClientUpdate(WireInput):
    """What is left out stays."""

    name: Label | None = None
    allowed_networks: Annotated[list[Annotated[str, StringConstraints(max_length=50)]], Field(max_length=50)] | None = (
        None
    )


class ApiClientRead(BaseModel):
    client_id: str
    name: str
    organization: str
    allowed_networks: list[str]
    last_used_at: datetime | None
    disabled_at: datetime | None

    @classmethod
    def of(cls, client: ApiClient) -> Self:
        return cls(
            client_id=client.client_id,
            name=client.name,
            organization=client.organization.code,
            allowed_networks=client.allowed_networks,
            last_used_at=client.last_used_at,
            disabled_at=client.disabled_at,
        )


class ApiClientSecretRead(BaseModel):
    """A live secret by its id and age; the secret itself is not kept."""

    id: str
    created_at: datetime


class SecretIssued(BaseModel):
    """Shown once."""

    client_id: str
    client_secret: str
