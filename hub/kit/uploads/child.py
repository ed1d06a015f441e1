"""The process that reads one upload: `python -I -m hub.kit.uploads.child`, its job on standard input.

It limits itself before anything else is imported, so that a file that makes a reader ask for terabytes
or compute for hours ends this process and nothing else.
"""

import json
import resource
import signal
import sys


def limit_yourself(*, memory_bytes: int, cpu_seconds: int, wall_seconds: float, file_bytes: int) -> None:
    """What the kernel enforces. The clock is a second watch: the parent may have died."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, wall_seconds + 1)


def main() -> None:
    job = json.load(sys.stdin)
    limits = job["limits"]
    limit_yourself(
        memory_bytes=limits["memory_bytes"],
        cpu_seconds=limits["cpu_seconds"],
        wall_seconds=limits["wall_seconds"],
        file_bytes=limits["memory_bytes"],
    )
    # Only under limits: the readers are what is not trusted.
    from hub.kit.uploads.reader import read  # noqa: PLC0415

    json.dump(read(job), sys.stdout)


if __name__ == "__main__":
    main()
