"""Which installation a command is about: the instance of a data directory, or a given file's."""

from __future__ import annotations

import argparse
from pathlib import Path

from config.installation import Installation, InstallationMissingError
from config.installation import read_installation as read
from launch.layout import Layout
from launch.options import DATA_DIR
from store.installed import installation, with_secrets


def add_installation_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir",
        type=Path,
        help=f"of a running instance (default: what CONFIG_SERVICE_URL names, else {DATA_DIR})",
    )


def find_installation(data_dir: Path | None) -> Installation:
    if data_dir is None:
        try:
            return installation()
        except InstallationMissingError:
            data_dir = DATA_DIR
    file = Layout.at(data_dir).installation_file
    if not file.is_file():
        raise InstallationMissingError(
            f"nothing has been started in {data_dir}; run `up`, or name another with --data-dir"
        )
    return with_secrets(read(file))
