"""Debian's packages that a benchmark compares with: installed when missing, never as services."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

APT = ("/usr/bin/apt-get", "-qq", "-o", "Dpkg::Use-Pty=0")
# A policy of "no" keeps a package's scripts from starting it as a system service.
POLICY = Path("/usr/sbin/policy-rc.d")


class PackageError(RuntimeError):
    """A package is missing and cannot be installed from here."""


def install(package: str, provides: Path) -> None:
    """Unless what it provides is there already."""
    if provides.exists():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise PackageError(f"install Debian's package `{package}` and try again")
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        for command in (["update"], ["install", "-y", "--no-install-recommends", package]):
            subprocess.run([*APT, *command], check=True, stdout=subprocess.DEVNULL)
    finally:
        if ours:
            POLICY.unlink()
