"""Garbage is not looked for while modules are loaded, and again afterwards."""

import gc
from collections.abc import Iterator
from contextlib import suppress

import pytest

from hub.kit.loading import loading


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_it_is_looked_for_again_however_the_loading_ended() -> None:
    seen = []
    with suppress(ImportError), loading():
        seen.append(gc.isenabled())
        raise ImportError
    assert seen == [False]
    assert gc.isenabled()


def test_whoever_loads_within_a_loading_does_not_end_it() -> None:
    with loading():
        with loading():
            pass
        assert not gc.isenabled()
