"""The demo's accounts and clients, kept beside the database for whoever tries the hub out."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from hub.identity import secrets
from hub.identity.roles import Role
from hub.kit import json
from hub.kit.files import replace_private

FILE = "demo-accounts.json"

DEPARTMENTS = {"hr": "human-resources", "poverty": "poverty-relief", "civil": "civil-affairs"}
_DEPARTMENT_ROLES = (Role.STEWARD, Role.REQUESTER)
STAFF: dict[str, tuple[str, tuple[Role, ...]]] = {
    "authority": ("data-authority", (Role.ADMINISTRATOR, Role.REGISTRAR, Role.APPROVER)),
    "authority-2": ("data-authority", (Role.REGISTRAR, Role.APPROVER)),
    **{username: (organization, _DEPARTMENT_ROLES) for username, organization in DEPARTMENTS.items()},
    "inspector": ("inspectorate", (Role.INSPECTOR,)),
}


@dataclass(frozen=True)
class Account:
    username: str
    password: str = field(repr=False)
    roles: tuple[str, ...]
    organization: str


@dataclass(frozen=True)
class Client:
    client_id: str
    client_secret: str = field(repr=False)
    department: str
    grants: tuple[str, ...]


@dataclass(frozen=True)
class Accounts:
    accounts: tuple[Account, ...]
    clients: tuple[Client, ...]

    def save(self, folder: Path) -> None:
        replace_private(folder / FILE, (json.dumps(asdict(self)) + "\n").encode())

    @classmethod
    def load(cls, folder: Path) -> "Accounts | None":
        path = folder / FILE
        if not path.exists():
            return None
        held = json.loads(path.read_bytes())
        return cls(
            tuple(
                Account(a["username"], a["password"], tuple(a["roles"]), a["organization"]) for a in held["accounts"]
            ),
            tuple(
                Client(c["client_id"], c["client_secret"], c["department"], tuple(c["grants"])) for c in held["clients"]
            ),
        )

    def for_people(self) -> str:
        lines = ["", "演示账号（密码都相同）："]
        lines += [f"  {account.username:<22}{account.organization}" for account in self.accounts]
        lines += [f"  密码  {self.accounts[0].password}", "", "演示客户端："]
        lines += [f"  {client.client_id:<22}{client.client_secret}" for client in self.clients]
        return "\n".join([*lines, ""])


def new_password() -> str:
    return secrets.new_password()
