"""The embedded Postgres as a child of `up`, and what makes any Postgres ready for the others."""

from __future__ import annotations

from config.installation import DatabaseRole, Postgres
from config.sections.launch import Launch
from config.sections.storage import Pool, Storage
from launch.embedded.postgres import STOP_SIGNAL, EmbeddedPostgres
from launch.layout import Layout
from launch.process import ChildPlan
from serve.identity.development import is_development, refuse_development_secrets, seed
from serve.roles.seeding import seed_all_roles
from store.bootstrap import bootstrap
from store.migrate import migrate
from store.postgres import connect, open_pool

ONE_CONNECTION = Pool(size_min=0, size_max=1)


def plan(server: EmbeddedPostgres, layout: Layout, limits: Launch) -> ChildPlan:
    async def wait_ready() -> None:
        await server.wait_ready(limits.server_ready_s_max)

    return ChildPlan(
        name="postgres",
        log=layout.log_of("postgres"),
        command=server.command,
        environment=server.environment,
        prepare=server.prepare,
        wait_ready=wait_ready,
        stop_signal=STOP_SIGNAL,
        stop_grace_s=limits.database_stop_grace_s,
    )


async def prepare_database(
    superuser_dsn: str | None, where: Postgres, storage: Storage
) -> list[str]:
    """Roles and database where we are the superuser, then schema, then who is in it."""
    if superuser_dsn is not None:
        await bootstrap(superuser_dsn, where)
    applied = await migrate(where, storage)
    if is_development():
        owner = await connect(where, DatabaseRole.OWNER)
        try:
            await seed(owner)
        finally:
            await owner.close()
    await bring_roles(where)
    if not is_development():
        pool = await open_pool(where, DatabaseRole.SYSTEM, ONE_CONNECTION, storage)
        async with pool:
            await refuse_development_secrets(pool)
    return applied


async def bring_roles(where: Postgres) -> None:
    """What this release adds to the product's roles, in every tenant that was there before."""
    owner = await connect(where, DatabaseRole.OWNER)
    try:
        await seed_all_roles(owner)
    finally:
        await owner.close()
