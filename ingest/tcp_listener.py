"""The ports of the dialects over TCP: who may connect, and how many at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Mapping
from ipaddress import ip_address, ip_network

from config.installation import Http
from config.policy import policy
from ingest.decode.ais140 import Ais140Stream
from ingest.decode.queclink import QueclinkStream
from ingest.decode.stream import DeviceStream
from ingest.decode.teltonika import TeltonikaStream
from ingest.tcp_door import TcpDoor
from ingest.tcp_session import TcpSession

log = logging.getLogger(__name__)

STREAMS: Mapping[str, type[DeviceStream]] = {
    "teltonika": TeltonikaStream,
    "ais140": Ais140Stream,
    "queclink": QueclinkStream,
}


class TcpListener:
    """One dialect's port."""

    def __init__(self, dialect: str, door: TcpDoor, *, is_shared: bool = False) -> None:
        self._dialect = dialect
        # Among several workers, each of which listens.
        self._is_shared = is_shared
        self._door = door
        self._by_peer: Counter[str] = Counter()
        # Whose connection is whose; a device has one, the newest.
        self._sessions: dict[str, TcpSession] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def connections(self) -> int:
        return self._by_peer.total()

    async def serve(self, where: Http) -> None:
        """For ever; a port that is taken is tried again."""
        while True:
            try:
                server = await asyncio.start_server(
                    self.accept,
                    where.host,
                    where.port,
                    limit=policy().tcp.frame_bytes_max,
                    reuse_port=self._is_shared or None,
                )
            except OSError as error:
                log.warning("%s on %s:%d: %s", self._dialect, where.host, where.port, error)
                await asyncio.sleep(policy().ingest.retry_wait_s_max)
                continue
            try:
                await server.serve_forever()
            finally:
                server.close()
                for task in self._tasks:
                    task.cancel()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        if not self._may_connect(peer):
            self._door.counts["tcp_refused_connections_total"] += 1
            writer.transport.abort()
            return
        self._door.counts["tcp_connections_total"] += 1
        self._door.counts["tcp_connections"] += 1
        self._by_peer[peer] += 1
        stream = STREAMS[self._dialect](policy().tcp.frame_bytes_max)
        session = TcpSession(
            self._dialect, stream, reader, writer, door=self._door, bound=self._bind
        )
        task = asyncio.create_task(self._run(session, peer), name=f"{self._dialect} from {peer}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, session: TcpSession, peer: str) -> None:
        try:
            await session.run()
        except Exception:
            log.exception("a connection of %s ended", self._dialect)
            session.end()
        finally:
            self._forget(peer, session)

    def _may_connect(self, peer: str) -> bool:
        limits = policy().tcp
        if (
            self.connections >= limits.connections_max
            or self._by_peer[peer] >= limits.connections_per_address_max
        ):
            return False
        networks = limits.networks.get(self._dialect)
        if networks is None:
            return True
        with contextlib.suppress(ValueError):
            address = ip_address(peer)
            # As a socket for both families names an address of the older one.
            address = getattr(address, "ipv4_mapped", None) or address
            return any(address in ip_network(one, strict=False) for one in networks)
        return False

    def _bind(self, unique_id: str, session: TcpSession) -> None:
        """The device has connected anew; its network forgot the connection before."""
        before = self._sessions.get(unique_id)
        if before is not None:
            self._door.counts["tcp_replaced_total"] += 1
            before.end()
        self._sessions[unique_id] = session

    def _forget(self, peer: str, session: TcpSession) -> None:
        self._door.counts["tcp_connections"] -= 1
        self._by_peer[peer] -= 1
        if not self._by_peer[peer]:
            del self._by_peer[peer]
        unique_id = session.unique_id
        if unique_id is not None and self._sessions.get(unique_id) is session:
            del self._sessions[unique_id]
