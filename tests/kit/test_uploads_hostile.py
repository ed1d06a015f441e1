"""RELIABILITY.md REL-S5: every hostile file is refused with a sentence, and the server's memory does not move."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.kit.uploads.limits import FORM_LIMITS, IMPORT_LIMITS
from hub.kit.uploads.reading import _answer, read_upload
from hub.kit.uploads.refusal import Refused
from tests.kit.hostile.archives import workbook
from tests.kit.hostile.corpus import CORPUS, Hostile

ROOT = Path(__file__).parents[2]
# What Python itself may need for a new kind of error; the bomb alone would be a gibibyte.
ALLOWED_GROWTH_KIBIBYTES = 20 * 1024


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a server of its own answered to the whole corpus."""
    folder = tmp_path_factory.mktemp("hostile")
    for hostile in CORPUS:
        (folder / hostile.name).write_bytes(hostile.make())
    run = subprocess.run(
        [sys.executable, "-m", "tests.kit.hostile.play_server", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(run.stdout))


class TestCorpus:
    def test_is_as_large_as_was_promised(self) -> None:
        assert len({hostile.name for hostile in CORPUS}) == len(CORPUS) >= 40

    @pytest.mark.parametrize("hostile", CORPUS, ids=lambda hostile: hostile.name)
    def test_is_refused_with_a_sentence(self, played: dict[str, Any], hostile: Hostile) -> None:
        code, status, sentence = played["answers"][hostile.name]
        assert code == hostile.code
        assert status in {413, 415, 422}
        assert any("\u4e00" <= letter <= "\u9fff" for letter in sentence)
        assert "{" not in sentence

    def test_leaves_the_servers_memory_alone(self, played: dict[str, Any]) -> None:
        assert played["grown_kibibytes"] < ALLOWED_GROWTH_KIBIBYTES


class TestLimits:
    def test_of_a_form_are_those_that_were_promised(self) -> None:
        assert FORM_LIMITS.cpu_seconds <= 3
        assert FORM_LIMITS.wall_seconds <= 15
        assert FORM_LIMITS.memory_bytes <= 2**30
        assert FORM_LIMITS.unpacked_bytes <= 50 * 2**20
        assert (FORM_LIMITS.parts, FORM_LIMITS.rows, FORM_LIMITS.columns) == (200, 5000, 200)

    def test_of_an_import_hold_a_province(self) -> None:
        assert IMPORT_LIMITS.rows >= 700_000
        assert IMPORT_LIMITS.cells >= 60_000 * 200

    async def test_a_child_that_takes_too_long_is_killed(self, tmp_path: Path) -> None:
        file = tmp_path / "a.xlsx"
        file.write_bytes(workbook())
        hasty = type(FORM_LIMITS)(**{**vars(FORM_LIMITS), "wall_seconds": 0.001})
        with pytest.raises(Exception, match="用时") as refused:
            await read_upload(file, filename="a.xlsx", limits=hasty)
        assert getattr(refused.value, "code", None) == "upload_too_slow"

    @pytest.mark.parametrize(
        ("greed", "wall_seconds", "status"),
        [
            ("while True: pass", 60, -signal.SIGXCPU),
            ("bytearray(2**31)", 60, 1),
            ("__import__('time').sleep(60)", 0, -signal.SIGALRM),
        ],
        ids=["computing", "memory", "clock"],
    )
    def test_hold_the_child_by_the_kernel(self, greed: str, wall_seconds: int, status: int) -> None:
        limits = f"memory_bytes=2**30, cpu_seconds=1, wall_seconds={wall_seconds}, file_bytes=2**20"
        program = f"from hub.kit.uploads.child import limit_yourself; limit_yourself({limits})\n{greed}"
        run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, check=False)
        # Where the soft and the hard limit of computing are one, some kernels send the harder signal.
        assert run.returncode in {status, -signal.SIGKILL if status == -signal.SIGXCPU else status}

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (-signal.SIGKILL, "upload_too_slow"),
            (-signal.SIGXCPU, "upload_too_slow"),
            (-signal.SIGALRM, "upload_too_slow"),
            (-signal.SIGABRT, "upload_too_demanding"),
            (-signal.SIGXFSZ, "upload_too_demanding"),
            (1, "upload_too_demanding"),
        ],
    )
    def test_the_childs_death_is_a_refusal(self, status: int, code: str) -> None:
        with pytest.raises(Refused) as refused:
            _answer(b"", status)
        assert refused.value.code == code
