"""Where an instance keeps what on disk: one data directory, and one short-lived temp directory."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
# Ray and HAProxy put unix sockets some 85 characters below it, and a socket's path is short.
TEMP_NAME = "ut-{}"


class LayoutError(RuntimeError):
    """A directory cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Layout:
    data_dir: Path

    @classmethod
    def at(cls, data_dir: Path) -> Layout:
        return cls(data_dir.expanduser().resolve())

    @property
    def run(self) -> Path:
        return self.data_dir / "run"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def postgres(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def broker_store(self) -> Path:
        return self.data_dir / "broker"

    @property
    def lock_file(self) -> Path:
        return self.run / "lock"

    @property
    def installation_file(self) -> Path:
        return self.run / "installation.yaml"

    @property
    def processes_file(self) -> Path:
        return self.run / "processes.json"

    @property
    def ports_file(self) -> Path:
        return self.run / "ports.json"

    @property
    def broker_users_file(self) -> Path:
        return self.run / "broker-users.conf"

    @property
    def ray_token_file(self) -> Path:
        return self.run / "ray.token"

    @property
    def secrets_file(self) -> Path:
        return self.data_dir / "secrets.json"

    @property
    def payment_sandbox_file(self) -> Path:
        """What the payments sandbox remembers."""
        return self.data_dir / "payment-sandbox.sqlite"

    @property
    def payment_sandbox_settings(self) -> Path:
        return self.run / "payment-sandbox.json"

    @property
    def eway_simulator_dir(self) -> Path:
        """Where the simulator of the e-way bill portal keeps its bills."""
        return self.data_dir / "eway-simulator"

    @property
    def eway_simulator_settings(self) -> Path:
        return self.run / "eway-simulator.json"

    @property
    def messaging_sandbox_file(self) -> Path:
        """What the messages sandbox remembers."""
        return self.data_dir / "messaging-sandbox.jsonl"

    @property
    def messaging_sandbox_settings(self) -> Path:
        return self.run / "messaging-sandbox.json"

    @property
    def messaging_push_key_file(self) -> Path:
        return self.data_dir / "messaging-push-key.pem"

    @property
    def jwt_key_file(self) -> Path:
        return self.data_dir / "jwt-key.pem"

    @property
    def secret_store_file(self) -> Path:
        return self.data_dir / "sealed-secrets.json"

    @property
    def key_file(self) -> Path:
        return self.data_dir / "keys.json"

    @property
    def temp_dir(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / TEMP_NAME.format(digest)

    def log_of(self, child: str) -> Path:
        return self.logs / f"{child}.log"

    def create(self) -> None:
        for folder in (self.data_dir, self.run, self.logs):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise LayoutError(f"cannot create {folder}: {error.strerror}") from error
            if not os.access(folder, os.W_OK | os.X_OK):
                raise LayoutError(f"{folder} is not writable for this user")

    def create_temp(self) -> None:
        """Its name is predictable, so a directory that another user put there is refused."""
        self.remove_temp()
        self.temp_dir.mkdir(mode=0o700)

    def remove_temp(self) -> None:
        try:
            owner = self.temp_dir.lstat().st_uid
        except FileNotFoundError:
            return
        if owner != os.geteuid():
            raise LayoutError(f"{self.temp_dir} belongs to another user; remove it first")
        shutil.rmtree(self.temp_dir)


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.rename(path)
