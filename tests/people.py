"""The named people, programs and places of the tests. Divisions are Huayuan's real ones."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self
from uuid import uuid4

from hub.geography.models import Division
from hub.identity.authentication import reference, subject_of_person
from hub.identity.models import AccessToken, ApiClient, ApiClientSecret, Organization, Person
from hub.identity.roles import CLIENT, Role
from hub.identity.secrets import digest
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import Database

COUNTY = "433124"
EAST = "433124102"
WEST = "433124103"
VILLAGES = {
    EAST: ("433124102200", "433124102201", "433124102202"),
    WEST: ("433124103200", "433124103201", "433124103202"),
}
PASSWORD = "Correct-Horse-9"
# argon2id of PASSWORD with small cost, so that making people is quick.
PASSWORD_HASH = "$argon2id$v=19$m=64,t=1,p=1$hfL19uoU6BgHPfGBOqB5FQ$Xe2blKjrdVOjqcg7RR1kqVQ3Qzwkq2ECgxEq6fKBfFw"

ORGANIZATIONS = {
    "data-authority": ("花垣县数据局", "authority", COUNTY),
    "human-resources": ("花垣县人力资源和社会保障局", "department", COUNTY),
    "poverty-relief": ("花垣县农业农村局", "department", COUNTY),
    "civil-affairs": ("花垣县民政局", "department", COUNTY),
    "inspectorate": ("花垣县督查室", "inspectorate", COUNTY),
    f"township-{EAST}": ("龙潭镇人民政府", "township", EAST),
    f"township-{WEST}": ("民乐镇人民政府", "township", WEST),
}
NAMED: dict[str, tuple[str, tuple[Role, ...]]] = {
    "administrator": ("data-authority", (Role.ADMINISTRATOR,)),
    "registrar": ("data-authority", (Role.REGISTRAR, Role.APPROVER)),
    "registrar_two": ("data-authority", (Role.REGISTRAR, Role.APPROVER)),
    "steward_human_resources": ("human-resources", (Role.STEWARD, Role.REQUESTER)),
    "steward_poverty_relief": ("poverty-relief", (Role.STEWARD, Role.REQUESTER)),
    "steward_civil_affairs": ("civil-affairs", (Role.STEWARD, Role.REQUESTER)),
    "reporter_east": (f"township-{EAST}", (Role.REPORTER,)),
    "reporter_west": (f"township-{WEST}", (Role.REPORTER,)),
    "leader_east": (f"township-{EAST}", (Role.LEADER,)),
    "clerk_who_signs": (f"township-{EAST}", (Role.REPORTER, Role.LEADER)),
    "auditor": ("inspectorate", (Role.INSPECTOR,)),
}
CLIENTS = {
    "client_human_resources": "human-resources",
    "client_poverty_relief": "poverty-relief",
    "client_civil_affairs": "civil-affairs",
}


def divisions() -> list[Division]:
    names = {"43": "湖南省", "4331": "湘西土家族苗族自治州", COUNTY: "花垣县", EAST: "龙潭镇", WEST: "民乐镇"}
    levels = {2: "province", 4: "prefecture", 6: "county", 9: "township", 12: "village"}
    parents = {"43": None, "4331": "43", COUNTY: "4331", EAST: COUNTY, WEST: COUNTY}
    for township, villages in VILLAGES.items():
        for index, code in enumerate(villages, start=1):
            names[code] = f"第{index}村民委员会"
            parents[code] = township
    made = []
    for code, parent in parents.items():
        lineage = [code[:length] for length in levels if len(code) >= length]
        made.append(
            Division(
                code=code,
                name=names[code],
                level=levels[len(code)],
                parent_code=parent,
                lineage=lineage,
                code_system="NBS",
                code_year=2023,
            )
        )
    return made


@dataclass
class People:
    """Everybody by name; a client's token may be bound to grants."""

    database: Database
    persons: dict[str, Person]
    clients: dict[str, ApiClient]
    organizations: dict[str, Organization]

    @classmethod
    async def settle(cls, database: Database) -> Self:
        async with database.transaction() as session:
            for division in divisions():
                session.add(division)
                await session.flush()
            organizations = {
                code: Organization(
                    code=code,
                    name=name,
                    kind=kind,
                    division=division,
                    contact_name="联系人",
                    contact_phone="0743-0000000",
                )
                for code, (name, kind, division) in ORGANIZATIONS.items()
            }
            session.add_all(organizations.values())
            await session.flush()
            persons = {
                name: Person(
                    username=name,
                    display_name=name,
                    password_hash=PASSWORD_HASH,
                    must_change_password=False,
                    organization=organizations[organization],
                    organization_id=organizations[organization].id,
                    roles=[role.value for role in roles],
                )
                for name, (organization, roles) in NAMED.items()
            }
            clients = {
                name: ApiClient(
                    client_id=organization,
                    name=name,
                    organization=organizations[organization],
                    organization_id=organizations[organization].id,
                    allowed_networks=[],
                )
                for name, organization in CLIENTS.items()
            }
            session.add_all([*persons.values(), *clients.values()])
            await session.flush()
            for client in clients.values():
                session.add(
                    ApiClientSecret(api_client_id=client.id, secret_sha256=digest(f"secret-{client.client_id}"))
                )
        return cls(database, persons, clients, organizations)

    def subject(self, name: str, *, grants: tuple[str, ...] = ()) -> Subject:
        if name in self.persons:
            return subject_of_person(self.persons[name])
        client = self.clients[name]
        return Subject(
            kind="client",
            id=client.id,
            name=client.client_id,
            display_name=client.name,
            organization=reference(client.organization),
            roles=frozenset(),
            permissions=CLIENT,
            grants=grants,
        )

    async def authorization(self, name: str, *, grants: tuple[str, ...] = ()) -> dict[str, str]:
        """The header of a live bearer token for this person or program."""
        token = f"token-{name}-{uuid4()}"
        person, client = self.persons.get(name), self.clients.get(name)
        async with self.database.transaction() as session:
            session.add(
                AccessToken(
                    token_sha256=digest(token),
                    person_id=person.id if person else None,
                    api_client_id=client.id if client else None,
                    grants=list(grants) if client else None,
                    issued_at=clock.now(),
                    expires_at=clock.now() + timedelta(minutes=30),
                )
            )
        return {"Authorization": f"Bearer {token}"}
