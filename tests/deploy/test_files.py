"""What stands in deploy/ and in the runbook is true of the program."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
import typer
import yaml
from prometheus_client.parser import text_string_to_metric_families
from typer._click.exceptions import NoSuchOption
from typer.core import TyperGroup

from hub import cli
from hub.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RUNBOOK = ROOT / "docs" / "runbook.md"

# What other exporters of the scrape file tell (node_exporter 1.5, postgres_exporter 0.11, blackbox_exporter 0.23).
OTHERS = {
    "up",
    "probe_success",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes",
    "pg_stat_activity_max_tx_duration",
}
WORDS = {
    "sum",
    "rate",
    "increase",
    "max",
    "by",
    "for",
    "time",
    "or",
    "and",
    "histogram_quantile",
    "predict_linear",
    "le",
}


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules() -> list[dict[str, Any]]:
    return [rule for group in read_yaml(DEPLOY / "prometheus" / "alerts.yml")["groups"] for rule in group["rules"]]


def metrics_of(expression: str) -> set[str]:
    """The metrics' names in PromQL: what is no function, no label and no text."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)', " ", expression)
    return {word for word in re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare) if word not in WORDS}


def settings_in(text: str) -> set[str]:
    return set(re.findall(r"\bHUB_[A-Z_]+\b", text))


# All but the one that names the file itself.
KNOWN = {f"HUB_{name.upper()}" for name in Settings.model_fields} - {"HUB_CONFIG"}


class TestEnvironmentExample:
    LINES = (DEPLOY / "hub.env.example").read_text(encoding="utf-8").splitlines()

    def test_names_every_setting_once_and_no_other(self) -> None:
        named = [line.lstrip("#").partition("=")[0] for line in self.LINES if re.match(r"#?HUB_[A-Z_]+=", line)]
        assert sorted(named) == sorted(KNOWN)

    def test_what_is_commented_out_stands_at_its_default(self) -> None:
        for line in self.LINES:
            if found := re.match(r"#HUB_([A-Z_]+)=(.*)", line):
                default = Settings.model_fields[found[1].lower()].default
                assert found[2] == ("" if default is None else str(default)), line

    def test_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HUB_CONFIG", str(DEPLOY / "hub.env.example"))
        monkeypatch.delenv("HUB_DATA_DIR", raising=False)
        chosen = Settings()
        assert (chosen.demo, chosen.secure_cookies, chosen.trusted_proxies) == (False, True, "127.0.0.1")


class TestAlerts:
    async def test_name_only_figures_that_exist(self, client: httpx.AsyncClient) -> None:
        exposed = (await client.get("/metrics")).text
        families = {family.name: family for family in text_string_to_metric_families(exposed)}
        told = {sample.name for family in families.values() for sample in family.samples}
        # A labelled figure without a value yet is told by its type line alone.
        told |= {
            f"{name}_{suffix}" for name, family in families.items() if family.type == "counter" for suffix in ("total",)
        }
        told |= {f"{name}_bucket" for name, family in families.items() if family.type == "histogram"} | set(families)
        named = set().union(*(metrics_of(rule["expr"]) for rule in rules()))
        assert len(named) > 15
        assert named - told - OTHERS == set()

    def test_the_documented_figures_exist_too(self) -> None:
        source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "hub").rglob("*.py"))
        named = set(re.findall(r"`(hub_[a-z_]+)", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))
        assert len(named) > 15
        assert [name for name in named if f'"{name}"' not in source] == []

    def test_point_at_headings_of_the_runbook(self) -> None:
        headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
        assert {rule["annotations"]["runbook"] for rule in rules()} <= set(headings)

    @pytest.mark.parametrize("alert", ["HubTransactionHeldOpen", "HubAreaClockHeld"])
    def test_a_transaction_held_open_is_told_within_45_seconds(self, alert: str) -> None:
        """REL-R8: held for longer than the threshold, scraped, evaluated; nothing is waited out on top."""
        scraping = read_yaml(DEPLOY / "prometheus" / "prometheus.yml")["global"]
        rule = next(rule for rule in rules() if rule["alert"] == alert)
        threshold = float(rule["expr"].rpartition(">")[2])
        waits = [scraping["scrape_interval"], scraping["evaluation_interval"], rule.get("for", "0s")]
        assert threshold + sum(float(wait.removesuffix("s")) for wait in waits) <= 45

    def test_the_names_are_found(self) -> None:
        assert metrics_of('sum by (le) (rate(a_b_total{status=~"5.."}[5m])) / c > 0.1') == {"a_b_total", "c"}


class TestUnits:
    UNITS = sorted((DEPLOY / "systemd").glob("collect-once-hub*.service"))

    @pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
    def test_are_fenced_in(self, unit: Path) -> None:
        lines = set(unit.read_text(encoding="utf-8").splitlines())
        assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "UMask=0077"} <= lines
        assert "User=collect-once-hub" in lines
        if "backup" not in unit.stem:
            assert {"Restart=always", "StateDirectory=collect-once-hub", "CapabilityBoundingSet="} <= lines
            assert any(line.startswith("MemoryMax=") for line in lines)

    def test_there_are_three(self) -> None:
        assert len(self.UNITS) == 3


class TestCompose:
    COMPOSE = read_yaml(DEPLOY / "compose" / "compose.yaml")

    def test_the_database_is_reached_from_the_hub_alone(self) -> None:
        services = self.COMPOSE["services"]
        assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
        assert services["database"]["networks"] == ["inside"]
        assert self.COMPOSE["networks"]["inside"]["internal"] is True

    def test_services_are_watched_and_secrets_are_files(self) -> None:
        assert "healthcheck" in self.COMPOSE["services"]["database"]
        assert "HEALTHCHECK" in (DEPLOY / "compose" / "Dockerfile").read_text(encoding="utf-8")
        assert all(set(secret) == {"file"} for secret in self.COMPOSE["secrets"].values())
        for service in self.COMPOSE["services"].values():
            for name, value in service.get("environment", {}).items():
                assert "PASSWORD" not in name or value.startswith("/run/secrets/")


class TestProxies:
    def test_write_no_query_strings_and_believe_no_callers_address(self) -> None:
        nginx = (DEPLOY / "proxy" / "nginx.conf").read_text(encoding="utf-8")
        form = re.search(r"log_format hub (.*?);", nginx, re.DOTALL)
        assert form is not None
        assert not re.search(r"\$(request|request_uri|args|query_string|http_referer)\b", form[1])
        assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx
        assert "proxy_buffering off;" in nginx
        largest = re.search(r"client_max_body_size (\d+)m;", nginx)
        assert largest is not None
        assert int(largest[1]) * 1024 * 1024 > Settings.model_fields["maximum_upload_bytes"].default

    @pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
    def test_hide_the_figures_and_bind_to_https(self, name: str) -> None:
        text = (DEPLOY / "proxy" / name).read_text(encoding="utf-8")
        assert "/metrics" in text
        assert "Strict-Transport-Security" in text


class TestSettingsNamed:
    FILES = sorted(
        path for path in [*DEPLOY.rglob("*"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"] if path.is_file()
    )
    # Of the shell, of connectors (docs/connectors.md), of the fault harnesses (docs/faults.md) and of the screenshots.
    OTHERS: ClassVar = {
        "HUB_FAULT_SEED",
        "HUB_SCREENSHOTS",
        "HUB_CONFIG",
        "HUB_URL",
        "HUB_CLIENT_ID",
        "HUB_CLIENT_SECRET",
        "HUB_DATABASE",
        "HUB_OWNER",
        "HUB_APP",
        "HUB_",
    }

    @pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
    def test_exist(self, path: Path) -> None:
        assert settings_in(path.read_text(encoding="utf-8")) - KNOWN - self.OTHERS == set()


class NoSuchCommandError(Exception):
    pass


def commands(text: str) -> Iterator[list[str]]:
    """`hub …` as it stands in code blocks, in code words and in units; comments left out."""
    outside, inside = [re.split(r"^ *```.*\n", text, flags=re.MULTILINE)[start::2] for start in (0, 1)]
    lines = [line for block in inside for line in block.splitlines()]
    lines += [word for prose in outside for word in re.findall(r"`(hub [^`\n]+)`", prose)]
    lines += re.findall(r"^Exec\w+=(\S*/hub .*)$", text, re.MULTILINE)
    for line in lines:
        if not re.match(r"\s*(\S*/)?hub ", line):
            continue
        words = shlex.split(re.sub(r"\s#\s.*$", "", line.strip()))
        yield words[1:]


def check_command(words: list[str]) -> None:
    """Raise unless the command, its options and the number of its arguments are the program's."""
    command: Any = typer.main.get_command(cli.app)
    context = command.context_class(command)
    while isinstance(command, TyperGroup):
        name, *words = words or [""]
        found = command.get_command(context, name)
        if found is None:
            raise NoSuchCommandError(name)
        command, context = found, found.context_class(found, parent=context, info_name=name)
    given, left, _order = command.make_parser(context).parse_args(words)
    missing = [
        parameter.name for parameter in command.params if parameter.required and not given.get(parameter.name or "")
    ]
    if left or missing:
        raise NoSuchCommandError(f"{words}: left over {left}, missing {missing}")


class TestRunbook:
    @pytest.mark.parametrize(
        ("path", "least"),
        [(RUNBOOK, 20), (ROOT / "README.md", 5), *[(unit, 1) for unit in TestUnits.UNITS if "backup" not in unit.stem]],
        ids=lambda found: getattr(found, "name", ""),
    )
    def test_every_command_exists(self, path: Path, least: int) -> None:
        found = list(commands(path.read_text(encoding="utf-8")))
        assert len(found) >= least
        for words in found:
            check_command(words)

    @pytest.mark.parametrize(
        "words", [["nothing"], ["client", "rotate"], ["backup", "a", "b"], ["serve", "--many", "2"]]
    )
    def test_one_that_does_not_is_found(self, words: list[str]) -> None:
        with pytest.raises((NoSuchCommandError, NoSuchOption)):
            check_command(words)

    def test_names_only_files_that_are_there(self) -> None:
        for named in set(re.findall(r"deploy/[\w./-]+\w", RUNBOOK.read_text(encoding="utf-8"))):
            assert (ROOT / named).exists() or list(ROOT.glob(f"{named}*")), named


class TestOffline:
    @staticmethod
    def versions(lock: str) -> dict[str, str]:
        text = (DEPLOY / "locks" / lock).read_text(encoding="utf-8")
        return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))

    def test_what_is_installed_is_what_was_tested(self) -> None:
        runtime, development = self.versions("runtime.txt"), self.versions("development.txt")
        assert len(runtime) > 40
        assert runtime.items() <= development.items()
        assert {"pytest", "ruff", "playwright"} & set(runtime) == set()

    def test_every_dependency_is_there(self) -> None:
        project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        block = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
        assert block is not None
        assert set(re.findall(r'"([a-z0-9-]+)', block[1])) <= set(self.versions("runtime.txt"))

    def test_a_damaged_folder_is_refused_before_anything_is_done(self, tmp_path: Path) -> None:
        folder = tmp_path / "offline"
        folder.mkdir()
        (folder / "install").write_bytes((DEPLOY / "offline" / "install").read_bytes())
        (folder / "collect_once_hub-1.0-py3-none-any.whl").write_bytes(b"changed on the way")
        (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ./collect_once_hub-1.0-py3-none-any.whl\n")
        target = tmp_path / "opt"
        done = subprocess.run(
            ["/bin/sh", str(folder / "install"), str(target)], capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert "FAILED" in done.stdout + done.stderr
        assert not target.exists()


@pytest.mark.parametrize(
    "path",
    [path for path in DEPLOY.rglob("*") if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")],
    ids=lambda path: path.name,
)
def test_scripts_are_programs(path: Path) -> None:
    assert os.access(path, os.X_OK)
    subprocess.run(["/bin/sh", "-n", str(path)], check=True)
