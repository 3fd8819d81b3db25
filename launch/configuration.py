"""`config`: looks at and changes the configuration tree of a running installation."""

from __future__ import annotations

import argparse
import asyncio
import getpass
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import yaml

from config.installation import InstallationMissingError
from config.paths import ANY, PathError, parse
from config.reference import reference
from launch.config_access import (
    Access,
    bring_in,
    check,
    compare,
    export,
    look,
    opened,
    past,
    put,
    restore,
    take_back,
    try_out,
)
from launch.installed import add_installation_option, find_installation
from launch.layout import REPOSITORY
from store.config_changes import InvalidConfigurationError
from store.errors import StoreError
from store.key_file import KeyFileError

REFERENCE = REPOSITORY / "docs" / "configuration.md"
PATH_HELP = "[/TENANT or /*]/global/... or [/TENANT or /*]/services/SERVICE/ENVIRONMENT or */..."


def main(argv: Sequence[str]) -> int:
    """0: done; 1: refused, and why; 2: there was no way to ask."""
    options = _parser().parse_args(argv)
    if options.command == "reference":
        return _write_reference(check=options.check)
    try:
        asyncio.run(_run(options))
    except InvalidConfigurationError as refused:
        print("\n".join(f"{one.path}: {one.says}" for one in refused.refused))
        return 1
    except (StoreError, PathError, yaml.YAMLError) as refused:
        print(refused)
        return 1
    except (InstallationMissingError, KeyFileError, OSError, asyncpg.PostgresError) as failed:
        print(f"cannot reach the configuration: {failed}")
        return 2
    return 0


async def _run(options: argparse.Namespace) -> None:
    where = find_installation(options.data_dir)
    command: Callable[[Access, argparse.Namespace], Awaitable[None]] = options.run
    author = f"command:{getpass.getuser()}"
    reason = getattr(options, "reason", "")
    async with opened(where, parse(options.path, ANY), author, reason) as access:
        await command(access, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck config",
        description="The configuration tree of an installation that runs; a PATH without a tenant "
        "is of all tenants. Changes work in every process within two seconds.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add(commands, "get", _get, "what holds at a path, and where it was set")
    with_value = _add(commands, "set", _set, "set a leaf, or leaves of a subtree", changes=True)
    with_value.add_argument("value", metavar="VALUE", help="as YAML, or @FILE")
    _add(commands, "unset", _unset, "take back what is set; the default holds", changes=True)
    history = _add(commands, "history", _history, "who changed what, when and why")
    history.add_argument("--limit", type=int, default=20)
    back = _add(commands, "rollback", _rollback, "restore an earlier version", changes=True)
    says = "without: the one before the last change there"
    back.add_argument("version", type=int, nargs="?", metavar="VERSION", help=says)
    compared = _add(commands, "diff", _diff, "what changed between two versions")
    compared.add_argument("--from", dest="since", type=int, help="without: the one before --to")
    compared.add_argument("--to", type=int, help="without: the newest")
    tried = _add(commands, "validate", _validate, "what setting it would change, or what is wrong")
    says = "as YAML, or @FILE; without: whether what is set there holds"
    tried.add_argument("value", nargs="?", metavar="VALUE", help=says)
    _add(commands, "export", _export, "what is set in one tree, as YAML", path="/*")
    taken = _add(commands, "import", _import, "set what was exported", changes=True, path="/*")
    taken.add_argument("file", type=Path, metavar="FILE")
    written = commands.add_parser("reference", help="write docs/configuration.md")
    written.add_argument("--check", action="store_true", help="only say whether it is out of step")
    return parser


def _add(
    commands: Any,
    name: str,
    run: Callable[[Access, argparse.Namespace], Awaitable[None]],
    says: str,
    *,
    changes: bool = False,
    path: str | None = None,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=says)
    parser.set_defaults(run=run)
    add_installation_option(parser)
    if changes:
        parser.add_argument("--reason", default="", help="kept with the version")
        parser.add_argument("--expected", type=int, help="only if this is still the version there")
    if path is None:
        parser.add_argument("path", metavar="PATH", help=PATH_HELP)
    else:
        parser.add_argument(
            "--tree", dest="path", default=path, help="/TENANT (default: %(default)s)"
        )
    return parser


async def _get(access: Access, _: argparse.Namespace) -> None:
    for line in await look(access):
        print(line)


async def _set(access: Access, options: argparse.Namespace) -> None:
    print(await put(access, _value(options.value), options.expected))


async def _unset(access: Access, options: argparse.Namespace) -> None:
    print(await take_back(access, options.expected))


async def _history(access: Access, options: argparse.Namespace) -> None:
    for line in await past(access, options.limit):
        print(line)


async def _rollback(access: Access, options: argparse.Namespace) -> None:
    print(await restore(access, options.version, options.expected))


async def _diff(access: Access, options: argparse.Namespace) -> None:
    for line in await compare(access, options.since, options.to):
        print(line)


async def _validate(access: Access, options: argparse.Namespace) -> None:
    if options.value is None:
        lines = await check(access)
    else:
        lines = await try_out(access, _value(options.value))
    print("\n".join(lines))


async def _export(access: Access, _: argparse.Namespace) -> None:
    print(yaml.safe_dump(await export(access), sort_keys=False, allow_unicode=True), end="")


async def _import(access: Access, options: argparse.Namespace) -> None:
    print(await bring_in(access, yaml.safe_load(options.file.read_text()), options.expected))


def _value(text: str) -> Any:
    return yaml.safe_load(Path(text[1:]).read_text() if text.startswith("@") else text)


def _write_reference(*, check: bool) -> int:
    text = reference()
    if REFERENCE.is_file() and REFERENCE.read_text() == text:
        print(f"{REFERENCE.name} is in step")
        return 0
    if check:
        print(f"{REFERENCE.name} is out of step: run `python -m ubertruck config reference`")
        return 1
    REFERENCE.write_text(text)
    print(f"{REFERENCE.name} is written")
    return 0
