"""The commands, as an operator runs them: processes of their own on a data folder of their own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HUB = Path(sys.executable).parent / "hub"


class Operator:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        self.environment |= {"HUB_DATA_DIR": str(folder)}

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(HUB), *arguments], env=self.environment | environment, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def hub() -> Iterator[Operator]:
    folder = Path(tempfile.mkdtemp(prefix="hub-cli-"))
    folder.chmod(0o711)  # PostgreSQL's own account must be able to pass
    yield Operator(folder / "data")
    shutil.rmtree(folder, ignore_errors=True)


class TestFirstStart:
    """In order: an operator's first hour."""

    def test_1_init_makes_a_county_without_the_demo(self, hub: Operator) -> None:
        done = hub("init", "--administrator", "admin-wu")
        assert done.returncode == 0, done.stderr
        username, password = done.stdout.split()
        assert username == "admin-wu"
        assert len(password) >= 10

    def test_2_init_twice_is_refused_in_a_sentence(self, hub: Operator) -> None:
        again = hub("init")
        assert again.returncode == 1
        assert "Traceback" not in again.stderr
        assert again.stderr.strip()

    def test_3_the_demo_does_not_mix_in(self, hub: Operator) -> None:
        assert hub("demo").returncode == 0
        assert not (hub.folder / "demo-accounts.json").exists()

    def test_4_the_registry_is_planned_then_applied_then_unchanged(self, hub: Operator) -> None:
        planned = hub("schema", "plan", "schemas")
        assert planned.returncode == 0, planned.stderr
        assert "village_migrant_workers" in planned.stdout
        assert hub("schema", "apply", "schemas").returncode == 0
        assert "village_migrant_workers" not in hub("schema", "plan", "schemas").stdout

    def test_5_export_edit_one_name_and_exactly_one_change_is_planned(self, hub: Operator, tmp_path: Path) -> None:
        exported = tmp_path / "exported"
        done = hub("schema", "export", str(exported))
        assert done.returncode == 0, done.stderr
        before = hub("schema", "plan", str(exported)).stdout
        path = exported / "elements" / "village-month.yaml"
        text = path.read_text(encoding="utf-8")
        assert "zh: 外出务工人数\n" in text
        path.write_text(text.replace("zh: 外出务工人数\n", "zh: 外出务工的人数\n", 1), encoding="utf-8")
        after = hub("schema", "plan", str(exported)).stdout
        new = set(after.splitlines()) - set(before.splitlines())
        assert len([line for line in new if "village_migrant_workers" in line]) == 1

    def test_6_faults_in_files_are_named_with_their_line_and_nothing_is_applied(
        self, hub: Operator, tmp_path: Path
    ) -> None:
        folder = tmp_path / "schemas"
        shutil.copytree("schemas", folder)
        path = next((folder / "elements").glob("village-month-labour*.yaml"))
        path.write_text(path.read_text(encoding="utf-8").replace("datatype: integer", "datatype: whole", 1), "utf-8")
        refused = hub("schema", "apply", str(folder))
        assert refused.returncode == 1
        assert f"{path.name}:" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_7_people_and_clients(self, hub: Operator) -> None:
        made = hub("user", "create", "clerk-li", "--organization", "civil-affairs", "--role", "requester")
        assert made.returncode == 0, made.stderr
        assert made.stdout.startswith("clerk-li ")
        assert hub("user", "create", "x", "--organization", "nobody", "--role", "requester").returncode == 1
        client = hub("client", "create", "civil-affairs", "民政业务系统")
        assert client.returncode == 0, client.stderr
        assert client.stdout.split()[0] == "civil-affairs"

    def test_8_a_token_is_all_that_stands_on_standard_output(self, hub: Operator) -> None:
        issued = hub("token", "clerk-li")
        assert issued.returncode == 0
        assert len(issued.stdout.strip().split()) == 1
        assert hub("token", "nobody").returncode == 1

    def test_8a_a_secret_is_rotated_without_a_gap(self, hub: Operator) -> None:
        first = hub("client", "secrets", "civil-affairs").stdout.split()[0]
        rotated = hub("client", "rotate", "civil-affairs")
        assert rotated.returncode == 0, rotated.stderr
        assert len(rotated.stdout.split()) == 2
        assert len(hub("client", "secrets", "civil-affairs").stdout.splitlines()) == 2
        assert hub("client", "rotate", "civil-affairs").returncode == 1  # two live ones are enough
        assert hub("client", "revoke", "civil-affairs", first).returncode == 0
        assert first not in hub("client", "secrets", "civil-affairs").stdout
        assert hub("client", "revoke", "civil-affairs", first).returncode == 1
        assert hub("client", "disable", "civil-affairs").returncode == 0

    def test_8b_a_new_years_calendar_is_entered_and_faults_are_named(self, hub: Operator, tmp_path: Path) -> None:
        file = tmp_path / "2027.csv"
        file.write_text("day,is_working,name\n2027-01-01,false,元旦\n2027-01-03,true,元旦调休\n", encoding="utf-8")
        entered = hub("calendar", "import", str(file), "--source", "国办发明电〔2026〕1号")
        assert (entered.returncode, entered.stdout) == (0, "2027 2\n"), entered.stderr
        file.write_text("day,is_working,name\n2027-02-30,false,元旦\n2027-01-03,maybe,元旦调休\n", encoding="utf-8")
        refused = hub("calendar", "import", str(file), "--source", "x")
        assert refused.returncode == 1
        assert "line:2" in refused.stderr
        assert "line:3" in refused.stderr
        file.write_text("day,name\n", encoding="utf-8")
        assert "is_working" in hub("calendar", "import", str(file), "--source", "x").stderr
        file.write_bytes("day,is_working,name\n2027-01-01,false,元旦\n".encode("gb18030"))
        assert "UTF-8" in hub("calendar", "import", str(file), "--source", "x").stderr

    def test_8c_new_division_codes_are_loaded_all_or_none(self, hub: Operator, tmp_path: Path) -> None:
        file = tmp_path / "new.csv"
        file.write_text("code,name,level,parent_code\n433124102999,新设村,village,433124102\n", encoding="utf-8")
        options = ("--code-system", "NBS", "--code-year", "2023")
        loaded = hub("divisions", "import", str(file), *options)
        assert (loaded.returncode, loaded.stdout) == (0, "rows 1, added 1, renamed 0\n"), loaded.stderr
        again = hub("divisions", "import", str(file), *options)
        assert again.stdout == "rows 1, added 0, renamed 0\n"
        file.write_text("code,name,level,parent_code\n99,某地,village,43\n", encoding="utf-8")
        assert hub("divisions", "import", str(file), *options).returncode == 1

    def test_9_the_log_holds(self, hub: Operator) -> None:
        verified = hub("audit", "verify")
        assert verified.returncode == 0, verified.stdout


class TestSettings:
    def test_mask_secrets(self, hub: Operator) -> None:
        shown = hub("settings", HUB_DATABASE_URL="postgresql://u:geheim@db/hub").stdout
        assert "geheim" not in shown
        assert "HUB_DATABASE_URL=********" in shown

    def test_a_wrong_one_is_named(self, hub: Operator) -> None:
        refused = hub("settings", HUB_PORT="ninety")
        assert refused.returncode == 1
        assert "HUB_PORT" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_a_file_that_is_not_there_is_named(self, hub: Operator, tmp_path: Path) -> None:
        """Started without it, the hub would serve another county from another database."""
        refused = hub("settings", HUB_CONFIG=str(tmp_path / "hub.evn"))
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "HUB_CONFIG" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_come_from_a_file_too_and_the_environment_wins(self, hub: Operator, tmp_path: Path) -> None:
        file = tmp_path / "hub.env"
        file.write_text("HUB_PORT=9001\nHUB_COUNTY=433101\n")
        shown = hub("settings", HUB_CONFIG=str(file), HUB_PORT="9002").stdout
        assert "HUB_PORT=9002" in shown
        assert "HUB_COUNTY=433101" in shown
