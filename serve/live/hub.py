"""The live feed of one replica: what comes over Redis, per tenant, to those who view it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from actors.handles import ActorAwayError
from config.policy import Policy, Settings
from freight.cloudevents import cloud_event
from freight.tracking.columns import LastArray
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.live.feed import TenantFeed
from serve.live.forms import Form
from serve.live.messages import event_text
from serve.live.resume import Place
from serve.live.told import told_of
from serve.live.viewer import FULL, STOPPING, TENANT_CLOSED, TOKEN_EXPIRED, Viewer
from serve.metrics import GatewayMetrics
from store import events
from store.directory import DirectoryEntry, TruckDirectory
from store.events import StoredEvent
from store.live_bus import Event, LiveBus, Message, Positions, Reconnected, Traced
from store.postgres import STORE_FAILURES, AnyPool, as_tenant
from telemetry import work

log = logging.getLogger("ubertruck.live")

TEND_S = 1.0
TRUCKS = "trucks"


class KnowsPositions(Protocol):
    async def positions(self, tenant_key: int) -> LastArray: ...


class LiveHub:
    """Tenants that nobody views cost nothing; the first viewer has its tenant fetched whole. A
    replica without viewers does not listen at all."""

    def __init__(
        self,
        *,
        settings: Settings,
        shards: KnowsPositions,
        bus: LiveBus,
        directory: TruckDirectory,
        app_pool: AnyPool,
        metrics: GatewayMetrics,
    ) -> None:
        self._settings = settings
        self._shards = shards
        self._bus = bus
        self._directory = directory
        self._app_pool = app_pool
        self._metrics = metrics
        self._feeds: dict[int, TenantFeed] = {}
        self._look_now = asyncio.Event()
        self._is_viewed = asyncio.Event()
        self._viewers = 0
        self._who: dict[Viewer, Principal] = {}

    @property
    def _policy(self) -> Policy:
        return self._settings.now

    def take_settings(self) -> None:
        """Feeds that are watched follow what was changed for their tenants."""
        for feed in self._feeds.values():
            feed.take(self._settings.of(feed.tenant))

    # ------------------------------------------------------------------------------ viewers

    def join(self, who: Principal, form: Form) -> Viewer:
        feed = self._feeds.get(who.tenant_key)
        if feed is None:
            feed = TenantFeed(who.tenant_key, who.tenant, self._settings.of(who.tenant))
            self._feeds[who.tenant_key] = feed
            self._look_now.set()
            self._is_viewed.set()

        async def replay(place: Place) -> tuple[list[tuple[int, str]], bool]:
            try:
                return await self._replay_to(who.tenant_key, who.carrier, place)
            except STORE_FAILURES as failed:
                log.warning("cannot replay events: %s", failed)
                return [], False

        may_see_events = Permission.EVENTS_READ in who.permissions
        viewer = Viewer(
            feed,
            form,
            self._settings.of(who.tenant).live,
            expires_s=who.expires_s,
            replay=replay if may_see_events else None,
            carrier=who.carrier,
        )
        feed.viewers.add(viewer)
        self._who[viewer] = who
        self._viewers += 1
        self._metrics.viewers.set(self._viewers)
        if self._viewers > self._policy.live.viewers_max:
            viewer.close(FULL, "this replica has all the viewers it can serve; try again")
        return viewer

    def leave(self, who: Principal, viewer: Viewer) -> None:
        feed = self._feeds[who.tenant_key]
        feed.viewers.discard(viewer)
        self._who.pop(viewer, None)
        if not feed.viewers:
            del self._feeds[who.tenant_key]
        if not self._feeds:
            self._is_viewed.clear()
        self._viewers -= 1
        self._metrics.viewers.set(self._viewers)
        self._metrics.events_dropped.inc(viewer.events_dropped)
        if viewer.closing is not None:
            self._metrics.viewers_cut.labels(str(viewer.closing.code)).inc()

    def cut_revoked(self, is_revoked: Callable[[Principal], bool]) -> None:
        for viewer, who in self._who.items():
            if is_revoked(who):
                viewer.close(TOKEN_EXPIRED, "what it signed in with was revoked")

    def cut_tenant(self, tenant_key: int, why: str) -> None:
        feed = self._feeds.get(tenant_key)
        for viewer in feed.viewers if feed else ():
            viewer.close(TENANT_CLOSED, why)

    def close(self) -> None:
        for feed in self._feeds.values():
            for viewer in feed.viewers:
                viewer.close(STOPPING, "the server is stopping; resume elsewhere")

    async def _replay_to(
        self, tenant_key: int, carrier: str | None, place: Place
    ) -> tuple[list[tuple[int, str]], bool]:
        missed, is_complete = await self._missed(tenant_key, carrier, place)
        return [(event.seq, event_text(cloud_event(event))) for event in missed], is_complete

    async def _missed(
        self, tenant_key: int, carrier: str | None, place: Place
    ) -> tuple[list[StoredEvent], bool]:
        """The events this place has missed, and whether that is all of them."""
        limit = self._policy.live.resume_events_max + len(place.recent)
        async with as_tenant(self._app_pool, tenant_key, carrier) as conn:
            stored = await events.since(conn, place.base, limit)
        is_missed = place.missed(event.seq for event in stored)
        missed = [event for event, was in zip(stored, is_missed, strict=True) if was]
        return missed, len(stored) < limit

    # -------------------------------------------------------------------- what comes over Redis

    async def follow(self) -> None:
        """Runs for the life of the replica; the bus itself survives outages of Redis. Who begins
        to listen hears that all may be stale, so nothing is missed between two viewers."""
        while True:
            await self._is_viewed.wait()
            async with contextlib.aclosing(self._bus.subscribe()) as messages:
                async for message in messages:
                    try:
                        self._take(message)
                    except Exception:  # one odd message must not blind all viewers
                        log.exception("a live message was left out")
                    if not self._feeds:
                        break

    def _take(self, message: Message) -> None:
        if isinstance(message, Reconnected):
            for each in self._feeds.values():
                each.is_stale = True
            self._look_now.set()
            return
        feed = self._feeds.get(message.tenant_key)
        if feed is None:
            return
        if isinstance(message, Traced):
            feed.traced = work.resumed(None, message.header), time.time_ns()
        elif isinstance(message, Positions):
            feed.heard_s = time.monotonic()
            self._take_positions(feed, message.rows)
        elif isinstance(message, Event):
            body = msgspec.json.decode(message.body)
            carrier = self._carrier_of(feed, body["subject"])
            with told_of(feed, body):
                feed.pass_on_event(message.seq, event_text(body), carrier)

    def _carrier_of(self, feed: TenantFeed, subject: str) -> str | None:
        """Whose truck an event is about; who is bound to a carrier hears of no other."""
        kind, _, truck = subject.partition("/")
        entry = self._directory.by_name.get((feed.tenant, truck)) if kind == TRUCKS else None
        return None if entry is None else entry.carrier

    def _take_positions(self, feed: TenantFeed, rows: LastArray) -> None:
        for truck_key in feed.columns.apply(rows, int(time.time() * 1000)):
            entry = self._directory.by_key.get(truck_key)
            if entry is not None and entry.tenant_key == feed.tenant_key:
                feed.columns.name(truck_key, entry.truck, entry.carrier)

    def take_directory(self, changes: Iterable[DirectoryEntry]) -> None:
        for entry in changes:
            feed = self._feeds.get(entry.tenant_key)
            if feed is None:
                continue
            if entry.deleted:
                feed.columns.remove(entry.truck_key)
            else:
                feed.columns.name(entry.truck_key, entry.truck, entry.carrier)

    # ------------------------------------------------------------------- what has to be asked for

    async def tend(self) -> None:
        """Ages trucks, and fetches whole what is new, may have missed something, or is due."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TEND_S):
                    await self._look_now.wait()
            self._look_now.clear()
            for feed in list(self._feeds.values()):
                feed.columns.mark_offline(int(time.time() * 1000))
                if self._is_due(feed, time.monotonic()):
                    await self._sync(feed)
            self._metrics.feed_age.set(self._age_s(time.monotonic()))

    def _age_s(self, now_s: float) -> float:
        """Of what viewers see; fetched whole counts as heard."""
        heard = (max(feed.heard_s, feed.synced_s) for feed in self._feeds.values())
        return max((now_s - at_s for at_s in heard if at_s), default=0.0)

    def _is_due(self, feed: TenantFeed, now_s: float) -> bool:
        live, age_s = self._policy.live, now_s - feed.synced_s
        is_silent = now_s - feed.heard_s > live.silence_s
        return feed.is_stale or age_s > live.resync_s or (is_silent and age_s > live.silence_s)

    async def _sync(self, feed: TenantFeed) -> None:
        try:
            await self._catch_up_events(feed)
            self._take_positions(feed, await self._shards.positions(feed.tenant_key))
            feed.is_stale = False
            feed.synced_s = time.monotonic()
        except (ActorAwayError, *STORE_FAILURES) as failed:
            log.warning("cannot fetch positions of tenant %s: %s", feed.tenant, failed)
        except Exception:  # the loop that calls this serves all tenants
            log.exception("cannot fetch positions of tenant %s", feed.tenant)
        finally:
            feed.is_filled = True

    async def _catch_up_events(self, feed: TenantFeed) -> None:
        """From the log what Redis may have lost; a new feed begins at the end of the log."""
        place = feed.place()
        if place is None:
            async with as_tenant(self._app_pool, feed.tenant_key) as conn:
                newest = await events.list_page(conn, limit=1, newest_first=True)
            feed.begin_at(newest[0].seq if newest else 0)
            return
        missed, is_complete = await self._missed(feed.tenant_key, None, place)
        for event in missed:
            carrier = self._carrier_of(feed, event.subject)
            feed.pass_on_event(event.seq, event_text(cloud_event(event)), carrier)
        if not is_complete:
            for viewer in feed.viewers:
                viewer.lose_events()
