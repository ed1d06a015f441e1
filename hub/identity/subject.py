"""Who is calling: what every service function gets as its second argument."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from hub.audit.service import Actor
from hub.identity.roles import Permission, Role


@dataclass(frozen=True)
class OrganizationRef:
    id: UUID
    code: str
    name: str
    kind: Literal["authority", "department", "township", "inspectorate"]
    division: str | None


@dataclass(frozen=True)
class Subject:
    """A signed-in person, a program, or whoever holds a link that a person handed out.

    `grants`: the numbers its token is bound to, None when not bound.

    `has_second_factor`: this session was opened with one, or showed one since.
    """

    kind: Literal["person", "client", "link", "system"]
    id: UUID
    name: str
    display_name: str
    organization: OrganizationRef
    roles: frozenset[Role]
    permissions: frozenset[Permission]
    grants: tuple[str, ...] | None = None
    csrf_token: str | None = None
    must_change_password: bool = False
    has_second_factor: bool = False

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def key(self) -> str:
        """One stable name for each caller, for idempotency keys and rate limits."""
        return f"{self.kind}:{self.id}"

    @property
    def actor(self) -> Actor:
        return Actor(self.kind, str(self.id), self.name, self.organization.code)
