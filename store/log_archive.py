"""What a superuser asks Postgres about its log: archive it, finish a piece, how far is a replay."""

from __future__ import annotations

from store.postgres import AnyConnection


async def is_possible(server: AnyConnection) -> bool:
    """Whether the server was started so that its log can be archived."""
    return bool(await server.fetchval("SHOW archive_mode") == "on")


async def identifier(server: AnyConnection) -> str:
    """Of the cluster; a copy that was restored has the same."""
    return str(await server.fetchval("SELECT system_identifier FROM pg_control_system()"))


async def set_timeout(server: AnyConnection, timeout_s: int | None) -> None:
    """An unfinished piece is archived after so long; None: never before it is full."""
    value = "DEFAULT" if timeout_s is None else f"'{int(timeout_s)}s'"
    await server.execute(f"ALTER SYSTEM SET archive_timeout = {value}")
    await server.execute("SELECT pg_reload_conf()")


async def finish_piece(server: AnyConnection) -> str:
    """The name of the present piece of the log, which takes nothing more."""
    # Something to switch behind: else an empty piece would stay unfinished.
    await server.fetchval("SELECT pg_create_restore_point('ubertruck')")
    name: str = await server.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
    return name


async def newest_archived(server: AnyConnection) -> str:
    name: str | None = await server.fetchval("SELECT last_archived_wal FROM pg_stat_archiver")
    return name or ""


async def replayed(server: AnyConnection) -> tuple[bool, int | None]:
    """Whether a replay still runs, and the time of the newest transaction that it brought back."""
    runs: bool = await server.fetchval("SELECT pg_is_in_recovery()")
    last = await server.fetchval("SELECT extract(epoch FROM pg_last_xact_replay_timestamp())")
    return runs, None if last is None else int(last * 1000)
