"""The operating system's side of the private PostgreSQL server: whose it is, and what it may reach.

PostgreSQL refuses to run as root. Started by root, the server runs as an unprivileged account, which owns
the cluster; everything else in the folder (settings, locks) stays the hub's, so that root never writes
where that account could have planted a link.
"""

import fcntl
import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hub.kit.i18n import gettext as _
from hub.kit.postgres_binaries import PostgresError

_UNPRIVILEGED = ("postgres", "nobody")
# The caller's environment could redirect the server or its clock (PGPORT, LC_ALL, LD_PRELOAD of a fake clock),
# and the messages we look for in its log are the English ones.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
_LOCK_SECONDS = 180


@dataclass(frozen=True)
class Account:
    """The account that the server runs as."""

    name: str
    uid: int
    gid: int
    is_other: bool  # not the hub's own: root hands over to it

    def run(self, command: list[str], output: IO[bytes]) -> int:
        """Run a program as this account, in a session of its own: Ctrl-C at the hub's terminal must not
        reach a server that the hub is still using.
        """
        return subprocess.run(  # noqa: S603  # our own programs
            command,
            cwd="/",
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            start_new_session=True,
            umask=0o077,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            # Without this the server would keep root's supplementary groups.
            extra_groups=os.getgrouplist(self.name, self.gid) if self.is_other else None,
        ).returncode

    def own(self, folder: Path) -> None:
        """Give it the folder and what is in it, for instance a cluster that root copied here."""
        if not self.is_other:
            return
        os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        for parent, folders, files in os.walk(folder):
            for name in [*folders, *files]:
                os.chown(Path(parent, name), self.uid, self.gid, follow_symlinks=False)

    def check_reach(self, folder: Path) -> None:
        """Refuse, by its name, the first folder on the way that this account can't pass, such as a 0700 /root."""
        if not self.is_other or self._reaches(folder):
            return
        blocking = next((path for path in reversed(folder.parents) if not self._reaches(path)), folder)
        raise PostgresError(
            _(
                "PostgreSQL 不能以 root 身份运行,由账户 {account} 运行;但该账户无法进入文件夹 {folder}。"
                "请运行 chmod a+x {folder},或把数据文件夹放到别处(HUB_DATA_DIR,例如 /var/lib/hub),或改用普通用户运行。"
            ).format(account=self.name, folder=blocking)
        )

    def _reaches(self, folder: Path) -> bool:
        """Asked of the system itself: mode bits alone don't know access control lists."""
        with Path(os.devnull).open("wb") as nowhere:
            return self.run(["/bin/sh", "-c", 'cd -- "$0"', str(folder)], nowhere) == 0


def own_name() -> str:
    """The name of the account the hub runs as; peer authentication knows accounts by name."""
    entry = _entry(os.geteuid())
    if entry is None:
        raise PostgresError(
            _(
                "当前用户号 {uid} 在系统用户表(/etc/passwd)中没有名称,PostgreSQL 无法识别。请用有名称的用户运行。"
            ).format(uid=os.geteuid())
        )
    return entry.pw_name


def _entry(account: int | str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(account) if isinstance(account, int) else pwd.getpwnam(account)
    except KeyError:
        return None


def choose_account(cluster: Path) -> Account:
    """The account for this cluster folder, which may not exist yet."""
    uid = os.geteuid()
    owner = cluster.stat().st_uid if cluster.exists() else None
    if uid != 0:
        if owner not in (None, uid):
            raise PostgresError(
                _("数据库文件夹 {cluster} 属于另一个用户(用户号 {owner})。请以该用户或 root 身份运行。").format(
                    cluster=cluster, owner=owner
                )
            )
        return Account(own_name(), uid, os.getegid(), is_other=False)
    # A cluster that an ordinary user began stays theirs when root comes along.
    known = [_entry(owner)] if owner else []
    for entry in [*known, *map(_entry, _UNPRIVILEGED)]:
        if entry is not None:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, is_other=True)
    raise PostgresError(_("PostgreSQL 不能以 root 身份运行,而系统中没有 postgres 或 nobody 用户。请改用普通用户运行。"))


def make_folder(folder: Path) -> None:
    """With its missing parents, each passable for the account that root hands over to, whatever the umask is."""
    if not folder.parent.exists():
        make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)


def make_private_folder(folder: Path, account: Account) -> None:
    """A 0700 folder of the account. One that stands already must be just that: in /tmp anybody could have
    made it first, to sit between the hub and its database.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.lstat()
        if not folder.is_symlink() and folder.is_dir() and status.st_uid == account.uid and not status.st_mode & 0o077:
            return
        if folder.is_symlink() or not folder.is_dir() or status.st_uid not in (os.geteuid(), account.uid):
            raise PostgresError(
                _("文件夹 {folder} 不属于 PostgreSQL 的账户 {account}。请检查是谁建立的,删除后重试。").format(
                    folder=folder, account=account.name
                )
            ) from None
        folder.chmod(0o700)
    account.own(folder)


def write_file(path: Path, text: str) -> None:
    """Replaced in one step: a server that starts at this moment reads the old text or the new, not half of it."""
    fresh = path.with_name(path.name + ".new")
    with open_file(fresh) as file:
        file.write(os.fsencode(text))
    fresh.replace(path)


def open_file(path: Path) -> IO[bytes]:
    return os.fdopen(_open(path, os.O_WRONLY | os.O_TRUNC), "wb")


def _open(path: Path, flags: int) -> int:
    file = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    if os.geteuid() == 0:
        # An ordinary user's folder must stay usable for them after root was here.
        parent = path.parent.stat()
        os.fchown(file, parent.st_uid, parent.st_gid)
    return file


def share_lock(path: Path) -> int:
    """Take part in a lock until `release_lock`, or until this process dies, however it dies."""
    file = _open(path, os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def release_lock(file: int) -> None:
    # Unlocked by word, not only closed: a forked child may still hold the same open file.
    fcntl.flock(file, fcntl.LOCK_UN)
    os.close(file)


def is_shared(path: Path) -> bool:
    """Whether anybody takes part in this lock."""
    file = _open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(file)


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    file = _open(path, os.O_RDWR)
    deadline = time.monotonic() + _LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise PostgresError(
                        _(
                            "另一个进程占用 {path} 超过 {seconds} 秒,无法启动数据库。请检查是否有停住的 hub 进程。"
                        ).format(path=path, seconds=_LOCK_SECONDS)
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(file)
