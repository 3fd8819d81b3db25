"""What the simulator is told at its start, in a file that only its owner reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec


class SimulatorSettings(msgspec.Struct, frozen=True):
    host: str
    port: int
    directory: Path  # where its bills lie
    gstin: str
    password: str

    def __repr__(self) -> str:
        """Whatever logs it shows no secret."""
        return f"SimulatorSettings({self.host}:{self.port})"


def read_settings(file: Path) -> SimulatorSettings:
    def path(kind: type, said: Any) -> Any:
        return kind(said)

    return msgspec.json.decode(file.read_bytes(), type=SimulatorSettings, dec_hook=path)
