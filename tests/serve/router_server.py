"""A routing server on loopback that says what it is told to, in the documented forms."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import numpy as np

from geo.polyline import encode

DRAWN = [(28.61, 77.20), (28.30, 77.05), (28.00, 76.90), (27.50, 76.60)]


@dataclasses.dataclass
class Said:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    is_silent: bool = False  # takes the request and never answers


@dataclasses.dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class RouterServer:
    """Answers come in the order given; the last one is repeated."""

    def __init__(self) -> None:
        self.answers: list[Said] = [Said()]
        self.asked: list[Asked] = []
        self.url = ""
        self.is_over = threading.Event()

    def says(self, *answers: Said) -> None:
        self.answers = list(answers)

    def next(self) -> Said:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def osrm_answer(**changes: Any) -> Said:
    """As osrm-routed 5.27 answers `overview=full&geometries=polyline6&annotations=...`."""
    annotation = {"distance": [37400.0, 36500.0, 62700.0], "duration": [1870.0, 1825.0, 4180.0]}
    route = {
        "geometry": encode(np.array(DRAWN), 6),
        "legs": [
            {
                "annotation": annotation,
                "steps": [],
                "distance": 136600.0,
                "duration": 7875.0,
                "summary": "",
                "weight": 7875.0,
            }
        ],
        "distance": 136600.0,
        "duration": 7875.0,
        "weight_name": "routability",
        "weight": 7875.0,
    }
    waypoints = [{"hint": "...", "distance": 4.1, "name": "NH 48", "location": [77.2, 28.61]}] * 2
    body = {"code": "Ok", "routes": [route], "waypoints": waypoints, **changes}
    return Said(200, msgspec.json.encode(body))


def osrm_refusal(code: str, message: str) -> Said:
    return Said(400, msgspec.json.encode({"code": code, "message": message}))


def valhalla_answer(**changes: Any) -> Said:
    """As valhalla 3 answers, with `shape_format` polyline6; two legs of three places."""

    def leg(first: int, last: int, maneuvers: list[dict[str, Any]]) -> dict[str, Any]:
        return {"maneuvers": maneuvers, "shape": encode(np.array(DRAWN[first : last + 1]), 6)}

    def maneuver(begin: int, end: int, time_s: float, **flags: bool) -> dict[str, Any]:
        named = {"type": 8, "instruction": "Continue.", "travel_mode": "drive"}
        spans = {"begin_shape_index": begin, "end_shape_index": end, "time": time_s, "length": 1.0}
        return {**named, **spans, **flags}

    arrive = {"type": 4, "instruction": "You have arrived.", "time": 0.0, "length": 0.0}
    trip = {
        "locations": [],
        "legs": [
            leg(0, 1, [maneuver(0, 1, 2400.0), {**arrive, **dict.fromkeys(SHAPE, 1)}]),
            leg(
                1,
                3,
                [
                    maneuver(0, 1, 1800.0, highway=True, toll=True),
                    maneuver(1, 2, 4200.0, ferry=True),
                    {**arrive, **dict.fromkeys(SHAPE, 2)},
                ],
            ),
        ],
        "summary": {"time": 8400.0, "length": 136.6, "has_toll": True},
        "status_message": "Found route between points",
        "status": 0,
        "units": "kilometers",
        "language": "en-US",
        **changes,
    }
    return Said(200, msgspec.json.encode({"trip": trip}))


SHAPE = ("begin_shape_index", "end_shape_index")


def valhalla_refusal(code: int, error: str) -> Said:
    body = {"error_code": code, "error": error, "status_code": 400, "status": "Bad Request"}
    return Said(400, msgspec.json.encode(body))


@contextlib.contextmanager
def running() -> Iterator[RouterServer]:
    served = RouterServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            served.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            said = served.next()
            if said.is_silent:
                served.is_over.wait()
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        served.is_over.set()
        server.shutdown()
        thread.join()
        server.server_close()
