"""The floor of `bench ingest`: receives and acknowledges with the same library, and nothing else.

`python -m bench.bare_consumer BROKER.json BOARD`: aiomqtt's connection, its inner client's message
callback, manual acknowledgements in batches of one write. No decoding, no admission, no store. It
reads several packets a turn and joins acknowledgements, as the product does: a floor that used the
library worse than the product would flatter the ratio.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiomqtt
import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

from bench.board import Board, Slot
from bench.brokers import Broker

ACK_EVERY_S = 0.01
PACKETS_PER_TURN = 256
PUBACK_HEADER = b"\x40\x02"
TOPIC = "v1/+/trucks/+/position"


class BareConsumer:
    """One subscription that counts."""

    def __init__(self, broker: Broker) -> None:
        self.client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier="bench-bare-consumer",
            clean_session=False,
        )
        self.received = 0
        self._inner: paho.Client = self.client._client  # noqa: SLF001 - the library's own door
        self._inner.manual_ack_set(True)
        self._waiting: list[int] = []

    def start(self) -> None:
        """Take over the connected client's socket and messages."""
        self._inner.on_message = self._take
        sock = self._inner.socket()
        if sock is None:
            raise RuntimeError("not connected")
        loop = asyncio.get_running_loop()
        loop.remove_reader(sock.fileno())
        loop.add_reader(sock.fileno(), self._read)

    def acknowledge(self) -> None:
        packet = b"".join(PUBACK_HEADER + mid.to_bytes(2, "big") for mid in self._waiting)
        if packet:
            self._inner._packet_queue(PUBACK_HEADER[0], packet, 0, 0)  # noqa: SLF001
        self.received += len(self._waiting)
        self._waiting.clear()

    def _take(self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        self._waiting.append(message.mid)

    def _read(self) -> None:
        for _ in range(PACKETS_PER_TURN):
            if self._inner._packet_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:  # noqa: SLF001
                return


async def consume(broker: Broker, board: Board) -> None:
    consumer = BareConsumer(broker)
    async with consumer.client:
        consumer.start()
        await consumer.client.subscribe(TOPIC, qos=1)
        board.set(Slot.READY, 1)
        while not board.get(Slot.STOP):
            await asyncio.sleep(ACK_EVERY_S)
            consumer.acknowledge()
            board.set(Slot.RECEIVED, consumer.received)


def main(broker_file: Path, board_file: Path) -> None:
    broker = msgspec.json.decode(broker_file.read_bytes(), type=Broker)
    asyncio.run(consume(broker, Board(board_file)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
