"""Everything `up` runs, in the order it depends on each other: start, keep alive, stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator

import httpx
import psutil

from config.installation import DatabaseRole, Installation
from config.policy import Policy, process_settings
from launch import database, draining, simulated
from launch.backup import archiving
from launch.embedded import eway, messaging, nats, payments, ray, redis
from launch.embedded.broker_care import keep_writing
from launch.embedded.broker_users import BrokerUsers
from launch.embedded.broker_watch import BrokerWatch
from launch.embedded.postgres import EmbeddedPostgres
from launch.layout import Layout
from launch.leftovers import RecordedProcess, kill, write_record
from launch.options import UpOptions
from launch.ports import PortBlock
from launch.process import POLL_S, Child, ChildPlan, StartError
from launch.progress import Progress, say
from launch.settings import GivenServers
from launch.starting import Starter
from serve.identity.keys import create_key_file
from store.audit_chain import Signer
from store.config_bus import ConfigBus
from store.config_follow import ConfigFollower
from store.key_file import KeyFile
from store.postgres import open_pool

# Servers of ours that play somebody else's.
SANDBOXES = ("payments", "eway", "messaging")


class Stack:
    def __init__(
        self,
        *,
        options: UpOptions,
        layout: Layout,
        ports: PortBlock,
        given: GivenServers,
        where: Installation,
        policy: Policy,
    ) -> None:
        self.progress = Progress()
        self._options = options
        self._layout = layout
        self._ports = ports
        self._given = given
        self._where = where
        self._policy = policy
        self._children: dict[str, Child] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._open = contextlib.AsyncExitStack()
        self._up = RecordedProcess.of("up", os.getpid())
        self._environment = os.environ.get("ENVIRONMENT", "")
        self._ray = ray.RaySettings(
            layout=layout,
            ports=ports,
            limits=policy.cluster,
            environment_name=self._environment,
            log_bytes_max=policy.launch.log_bytes_max,
        )
        self._starter = self._new_starter()
        self._is_up = False

    async def start(self) -> None:
        """Return when the installation serves; what failed first is raised."""
        store_ready, users_known = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._start_database(store_ready))
            group.create_task(self._start_redis())
            group.create_task(self._start_payments())
            group.create_task(self._start_eway())
            group.create_task(self._start_messaging())
            group.create_task(self._start_broker(store_ready, users_known))
            group.create_task(self._start_cluster(store_ready, users_known))
        async with self.progress.step("readyz"):
            await self._wait_until_ready()
        self._is_up = True
        if self._options.sim:
            await self._run_child(
                simulated.plan(self._options, self._where, self._layout, self._policy.launch)
            )
        self.progress.finish()

    async def stop(self) -> None:
        """End everything, in the opposite order; safe after a failed or half-done start."""
        self.progress.finish()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._open.aclose()
        await self._starter.stop()
        await self._drain()
        for names in (("sim",), ("ray",), ("broker", "redis", *SANDBOXES, "postgres")):
            running = [self._children[name] for name in names if name in self._children]
            await asyncio.gather(*(child.stop() for child in running))
        await asyncio.to_thread(kill, psutil.Process().children(recursive=True))
        await asyncio.to_thread(self._ray.clean_up)
        self._layout.processes_file.unlink(missing_ok=True)

    async def _drain(self) -> None:
        """Of an instance that came up; what is still starting has nothing to finish."""
        if "sim" in self._children:
            await self._children["sim"].stop()
        if self._is_up:
            await draining.drain(self._where, self._ports, self._policy)

    async def _start_database(self, ready: asyncio.Event) -> None:
        given = self._given.postgres_admin_dsn
        superuser_dsn = given.get_secret_value() if given else None
        if self._given.postgres is None:
            server = EmbeddedPostgres(
                self._layout.postgres,
                self._layout.run,
                self._where.postgres.port,
                extra=archiving.settings_lines(),
            )
            async with self.progress.step("postgres"):
                await self._run_child(database.plan(server, self._layout, self._policy.launch))
            superuser_dsn = server.superuser_dsn
        async with self.progress.step("migrate"):
            create_key_file(self._where.jwt_key_file)
            await database.prepare_database(
                superuser_dsn, self._where.postgres, self._policy.storage
            )
        ready.set()

    async def _start_redis(self) -> None:
        if self._given.redis is None:
            async with self.progress.step("redis"):
                plan = redis.plan(self._layout, self._where.redis, self._policy.launch)
                await self._run_child(plan)

    async def _start_payments(self) -> None:
        """The sandbox sends its webhooks again until the gateway answers."""
        sandbox = self._where.payment_sandbox
        if sandbox is not None:
            async with self.progress.step("payments"):
                plan = payments.plan(sandbox, self._where.http, self._layout, self._policy)
                await self._run_child(plan)

    async def _start_eway(self) -> None:
        sandbox = self._where.eway_sandbox
        if sandbox is not None:
            async with self.progress.step("eway"):
                await self._run_child(eway.plan(sandbox, self._layout, self._policy))

    async def _start_messaging(self) -> None:
        """The sandbox sends its receipts again until the gateway answers."""
        sandbox = self._where.messaging_sandbox
        if sandbox is not None:
            async with self.progress.step("messaging"):
                await self._run_child(messaging.plan(sandbox, self._layout, self._policy))

    async def _start_broker(self, store_ready: asyncio.Event, users_known: asyncio.Event) -> None:
        if self._given.mqtt is not None:
            users_known.set()
            return
        settings = nats.NatsSettings(
            layout=self._layout,
            mqtt=self._where.mqtt,
            ports=self._ports,
            instance=self._where.instance,
            limits=self._policy.broker,
            log_bytes_max=self._policy.launch.log_bytes_max,
        )
        async with self.progress.step("broker"):
            await self._run_child(nats.plan(settings, self._policy.launch))
        await store_ready.wait()
        await self._open.enter_async_context(self._following_configuration())
        self._watch_broker(settings, users_known)

    def _watch_broker(self, broker_settings: nats.NatsSettings, users_known: asyncio.Event) -> None:
        broker = self._children["broker"]
        keys = KeyFile(self._where.key_file)
        users = BrokerUsers(
            self._where.postgres,
            self._where.mqtt,
            process_settings(),
            self._layout.broker_users_file,
            reload=lambda: broker.send_signal(nats.RELOAD_SIGNAL),
            keys=keys,
        )
        watch = BrokerWatch(
            postgres=self._where.postgres,
            settings=process_settings(),
            signer=Signer(keys, self._policy.audit.value_bytes_max),
            log_file=broker_settings.log,
            monitor_url=broker_settings.monitor_url,
            sign_in_refused=users.sign_in_refused,
        )
        self._tasks += [
            asyncio.create_task(users.run(users_known), name="broker-users"),
            asyncio.create_task(watch.run(), name="broker-watch"),
            asyncio.create_task(
                keep_writing(
                    broker_settings.monitor_url,
                    broker_settings.layout.broker_store,
                    lambda: broker.send_signal(broker.plan.stop_signal),
                    broker_settings.limits,
                ),
                name="broker-care",
            ),
        ]

    @contextlib.asynccontextmanager
    async def _following_configuration(self) -> AsyncIterator[None]:
        """What concerns the embedded broker holds here, too, as soon as it is set."""
        storage = self._policy.storage
        pool = await open_pool(
            self._where.postgres, DatabaseRole.SYSTEM, database.ONE_CONNECTION, storage
        )
        bus = ConfigBus(self._where.redis, self._where.instance, storage.bus)
        try:
            async with ConfigFollower(process_settings(), pool, bus).following():
                yield
        finally:
            await bus.close()
            pool.terminate()  # close() would wait for a database that may be gone

    async def _start_cluster(self, store_ready: asyncio.Event, users_known: asyncio.Event) -> None:
        await self._starter.load()
        async with self.progress.step("ray"):
            await self._run_child(ray.plan(self._ray, self._policy.launch))
            await self._starter.join()
        await store_ready.wait()
        await users_known.wait()
        await self._starter.go()
        self._children["ray"].on_restarted = self._start_actors_again

    async def _start_actors_again(self) -> None:
        """A new Ray head is empty: everything on it is created as at the first start."""
        self._starter = self._new_starter()
        await self._starter.load()
        await self._starter.join()
        await self._starter.go()
        say("ray: actors and Serve run again")

    async def _run_child(self, plan: ChildPlan) -> None:
        child = Child(plan, self._policy.launch, self._write_record)
        self._children[plan.name] = child
        await child.start()

    def _new_starter(self) -> Starter:
        return Starter(
            self._layout,
            self._policy.launch,
            self._ray.environment(),
            self.progress,
            self._write_record,
        )

    async def _wait_until_ready(self) -> None:
        """The same question a load balancer asks."""
        url = f"http://{self._where.http.host}:{self._where.http.port}/readyz"
        give_up_at = time.monotonic() + self._policy.launch.serve_ready_s_max
        probe_s = self._policy.launch.probe_timeout_s
        async with httpx.AsyncClient(trust_env=False, timeout=probe_s) as client:
            while True:
                says = "no answer"
                with contextlib.suppress(httpx.HTTPError):
                    answer = await client.get(url)
                    if answer.status_code == httpx.codes.OK:
                        return
                    says = answer.text
                self.progress.waits_for("readyz", says[:200])
                if time.monotonic() > give_up_at:
                    raise StartError(f"{url} does not become ready: {says}")
                await asyncio.sleep(POLL_S)

    def _write_record(self) -> None:
        if self._up is not None:
            records = [child.record for child in self._children.values()]
            children = [r for r in (*records, self._starter.record) if r is not None]
            write_record(self._layout, self._up, children)
