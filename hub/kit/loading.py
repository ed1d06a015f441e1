"""Loading a large program."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# A form's check makes ten thousand objects that go by themselves; Python's own 700 would be looked through in vain.
NEW_OBJECTS_BETWEEN_COLLECTIONS = 20_000


@contextmanager
def loading() -> Iterator[None]:
    """Modules are loaded meanwhile, which makes little garbage: looking for it again and again took a tenth of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def keep_what_stands() -> None:
    """Until the process ends: no later collection walks what was loaded by now."""
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_BETWEEN_COLLECTIONS)
