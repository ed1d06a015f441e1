from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.audit.service import SYSTEM
from hub.kit import clock
from hub.registry import service
from hub.registry.apply import apply_folder, plan_folder
from hub.registry.errors import SchemaRefused
from hub.registry.export import export_folder
from hub.registry.file_marks import RegistryFilesError
from hub.registry.models import CodeList, DataElementVersion, RuleVersion
from hub.registry.statuses import RegistrationStatus
from hub.settings import share_folder
from tests.people import People
from tests.registry.factories import create_element

SCHEMAS = share_folder("schemas")


async def count(session: AsyncSession, model: type) -> int:
    return await session.scalar(select(func.count()).select_from(model)) or 0


@pytest.fixture
async def applied(session: AsyncSession, people: People) -> None:
    await apply_folder(session, SYSTEM, SCHEMAS)


@pytest.fixture
async def exported(session: AsyncSession, applied: None, tmp_path: Path) -> Path:
    done = await export_folder(session, tmp_path / "registry")
    assert done.left_out == ()
    return tmp_path / "registry"


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


class TestApply:
    async def test_registers_what_the_hub_ships_as_recorded(self, session: AsyncSession, people: People) -> None:
        planned = await plan_folder(session, SCHEMAS)
        assert await count(session, DataElementVersion) == 0
        plan = await apply_folder(session, SYSTEM, SCHEMAS)
        assert plan == planned
        assert await count(session, DataElementVersion) == sum(c.item == "data_element" for c in plan.pending) >= 25
        assert await count(session, RuleVersion) == sum(change.item == "rule" for change in plan.pending)
        assert await count(session, CodeList) == sum(change.item == "code_list" for change in plan.pending)
        statuses = (await session.scalars(select(DataElementVersion.registration_status).distinct())).all()
        assert statuses == ["recorded"]
        events = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "schema.apply"))).all()
        assert [len(event.details["registered"]) for event in events] == [len(plan.pending)]

    async def test_again_changes_nothing(self, session: AsyncSession, applied: None) -> None:
        before = await count(session, AuditEventRow)
        plan = await apply_folder(session, SYSTEM, SCHEMAS)
        assert (plan.pending, plan.refused) == ((), ())
        assert await count(session, AuditEventRow) == before

    async def test_a_steward_moves_on_what_was_applied(
        self, session: AsyncSession, applied: None, people: People
    ) -> None:
        await service.change_registration_status(
            session,
            people.subject("steward_human_resources"),
            "village_migrant_workers",
            RegistrationStatus.QUALIFIED,
        )
        assembled = await service.list_assembled(session, "village", "month", clock.today())
        assert [version.identifier for version in assembled] == ["village_migrant_workers"]
        assert await service.list_object_classes(session) == [("village", "month")]

    async def test_faults_name_file_and_line(self, session: AsyncSession, exported: Path) -> None:
        edit(exported, "elements/village-month.yaml", "period_type: month", "period_type: week")
        with pytest.raises(RegistryFilesError) as refused:
            await plan_folder(session, exported)
        assert refused.value.errors[0].pointer.startswith("elements/village-month.yaml:")


class TestExport:
    async def test_one_edited_name_is_one_change(self, session: AsyncSession, exported: Path) -> None:
        assert (await plan_folder(session, exported)).pending == ()
        edit(exported, "elements/village-month.yaml", "zh: 外出务工人数\n", "zh: 外出务工人员数\n")
        plan = await plan_folder(session, exported)
        assert [(c.item, c.kind, c.version, c.differences) for c in plan.pending] == [
            ("data_element", "new_version", 2, ("name_zh",))
        ]
        await apply_folder(session, SYSTEM, exported)
        assert (await plan_folder(session, exported)).pending == ()
        assert len(await service.list_versions(session, "village_migrant_workers")) == 2

    async def test_a_breaking_edit_must_be_meant(self, session: AsyncSession, exported: Path) -> None:
        file = "elements/village-month.yaml"
        text = (exported / file).read_text(encoding="utf-8")
        head, mark, tail = text.partition("- identifier: village_migrant_workers\n")
        (exported / file).write_text(
            head + mark + tail.replace("maximum: 20000", "maximum: 19000", 1), encoding="utf-8"
        )
        line = head.count("\n") + 1
        plan = await plan_folder(session, exported)
        assert [(c.identifier, c.kind) for c in plan.refused] == [("village_migrant_workers", "breaking")]
        with pytest.raises(SchemaRefused) as refused:
            await apply_folder(session, SYSTEM, exported)
        assert [(item.pointer, item.code) for item in refused.value.errors] == [(f"{file}:{line}", "domain_narrowed")]
        assert len(await service.list_versions(session, "village_migrant_workers")) == 1
        edit(exported, file, mark, f"{mark}  breaking: true\n")
        await apply_folder(session, SYSTEM, exported)
        newest = (await service.list_versions(session, "village_migrant_workers"))[-1]
        assert (newest.version, newest.is_breaking, newest.registration_status) == (2, True, "recorded")

    async def test_a_longer_list_reaches_every_element_that_uses_it(
        self, session: AsyncSession, exported: Path
    ) -> None:
        users = [
            version.identifier
            for version in (await session.scalars(select(DataElementVersion))).all()
            if version.code_list == "industry_sector"
        ]
        assert users
        edit(
            exported,
            "code_lists/industry_sector.yaml",
            "permissible_values:\n",
            "permissible_values:\n- value: '9'\n  meaning: 其他\n",
        )
        plan = await apply_folder(session, SYSTEM, exported)
        assert {change.identifier for change in plan.pending} == {"industry_sector", *users}
        versions = await service.list_versions(session, users[0])
        values = await service.list_permissible_values(session, versions)
        assert [len(values[version.code_list, version.code_list_version]) for version in versions] == [3, 4]

    async def test_what_says_too_little_is_left_out_and_told(
        self, session: AsyncSession, applied: None, people: People, tmp_path: Path
    ) -> None:
        await create_element(session, people, status=None, identifier="village_vague", legal_basis=None)
        await create_element(session, people, status=None, identifier="nameless_count", position=9000)
        done = await export_folder(session, tmp_path / "out")
        assert done.left_out == ("nameless_count", "village_vague")
        assert (await plan_folder(session, tmp_path / "out")).pending == ()

    async def test_a_retired_element_does_not_come_back(
        self, session: AsyncSession, exported: Path, people: People
    ) -> None:
        await service.change_registration_status(
            session, people.subject("registrar"), "village_migrant_workers", RegistrationStatus.RETIRED
        )
        assert (await plan_folder(session, exported)).refused == ()
        edit(exported, "elements/village-month.yaml", "zh: 外出务工人数\n", "zh: 外出务工人员数\n")
        refused = (await plan_folder(session, exported)).refused
        assert [(change.identifier, change.kind) for change in refused] == [("village_migrant_workers", "ended")]


class TestRules:
    async def test_a_rule_judges_once_a_second_person_approved(
        self, session: AsyncSession, applied: None, people: People
    ) -> None:
        assert await service.list_rules(session, "village", "month") == []
        rule = (await service.search_rules(session, element="village_migrant_workers", limit=1))[0]
        await service.change_rule_status(
            session, people.subject("registrar"), rule.identifier, RegistrationStatus.QUALIFIED
        )
        assert [
            found.identifier for found in await service.list_rules(session, rule.object_class, rule.period_type)
        ] == [rule.identifier]

    async def test_uses_name_rules_and_derived_elements(self, session: AsyncSession, applied: None) -> None:
        uses = await service.list_uses_in_registry(session, "village_migrant_workers")
        assert uses.rules
        assert all("village_migrant_workers" in rule.elements for rule in uses.rules)
        for version in uses.derived:
            assert "village_migrant_workers" in (version.expression or "")
