"""The unit files call the command as it is."""

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hub_connectors.cli import app
from hub_connectors.settings import HubSettings, StoreSettings

DEPLOY = Path(__file__).parents[2] / "deploy" / "connectors"
SERVICES = sorted(DEPLOY.glob("*.service"))


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
class TestServices:
    def test_call_a_command_that_exists_with_options_that_exist(self, path: Path) -> None:
        _, command, *words = shlex.split(unit(path)["Service"]["ExecStart"].replace("%i", "civil-affairs"))
        group: Any = typer.main.get_command(app)
        parsed = group.commands[command].make_context(command, words)
        assert parsed.params["changes"] is True

    def test_write_only_where_they_may(self, path: Path) -> None:
        service = unit(path)["Service"]
        assert service["ProtectSystem"] == "strict"
        assert f"/var/lib/{service['StateDirectory']}/" in service["ExecStart"]


class TestFiles:
    def test_the_timer_starts_the_service_of_its_name(self) -> None:
        timer = DEPLOY / "hub-connector@.timer"
        assert timer.with_suffix(".service") in SERVICES
        assert unit(timer)["Timer"]["Persistent"] == "yes"

    def test_the_example_environment_names_settings_that_are_read(self) -> None:
        known = {name.upper() for model in (HubSettings, StoreSettings) for name in model.model_fields}
        text = (DEPLOY / "connector.env.example").read_text(encoding="utf-8")
        named = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
        assert named <= known
        assert {"HUB_URL", "HUB_CLIENT_ID", "HUB_CLIENT_SECRET", "CONNECTOR_DATABASE_URL"} <= named
        assert re.search(r"^HUB_CLIENT_SECRET=$", text, re.MULTILINE)
