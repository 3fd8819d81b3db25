"""Proves that each house rule finds what it is for, and leaves the neighbouring good case alone."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from tests.house import layers, outside, settings, shape
from tests.house.sources import Rule, Source

STOP = "st" + "op"
ROOM = "/wo" + "rk/"
INDEX = "py" + "pi.org"

# Rule, path of the planted file, its text.
BAD: list[tuple[Rule, str, str]] = [
    (layers.imports_point_down, "geo/a.py", "import freight.fixes"),
    (layers.imports_point_down, "freight/a.py", "def f():\n    from config import policy"),
    (layers.imports_point_down, "config/a.py", "from store.postgres import open_pool"),
    (layers.imports_point_down, "store/a.py", "from actors import handles"),
    (layers.imports_point_down, "actors/a.py", "from ingest.worker import IngestWorker"),
    (
        layers.imports_point_down,
        "ingest/a.py",
        "import importlib\nimportlib.import_module('serve')",
    ),
    (layers.imports_point_down, "serve/a.py", "from ingest.decode import decode"),
    (layers.imports_point_down, "sim/a.py", "from store.fixes import track"),
    (layers.imports_point_down, "launch/a.py", "from bench.main import main"),
    (layers.imports_point_down, "bench/a.py", "from tests.house.sources import ROOT"),
    (layers.imports_point_down, "serve/a.py", "from . import b"),
    (layers.folders_imported_by_from, "serve/a.py", "from ray import serve\nimport serve.app"),
    (layers.pure_folders_stay_pure, "geo/a.py", "import ray"),
    (layers.pure_folders_stay_pure, "freight/a.py", "import time"),
    (layers.pure_folders_stay_pure, "freight/a.py", "from random import random"),
    (layers.pure_folders_stay_pure, "freight/a.py", "import asyncpg"),
    (layers.pure_folders_stay_pure, "geo/a.py", "from pathlib import Path"),
    (layers.pure_folders_stay_pure, "geo/a.py", "x = open('a')"),
    (layers.pure_folders_stay_pure, "geo/a.py", "import numpy as np\nr = np.random.default_rng()"),
    (layers.pure_folders_stay_pure, "freight/a.py", "import datetime\nx = datetime.datetime.now()"),
    (layers.pure_folders_stay_pure, "freight/a.py", "import uuid\nx = uuid.uuid4()"),
    (layers.only_handles_call_actors, "serve/a.py", "x = shard.positions.remote(1)"),
    (layers.only_handles_call_actors, "actors/truck_shard.py", "Shard = ray.remote(object)"),
    (layers.one_file_knows_the_mqtt_library, "serve/a.py", "import aiomqtt"),
    (layers.one_file_knows_the_mqtt_library, "ingest/worker.py", "from paho.mqtt import client"),
    (shape.modules_are_short, "serve/a.py", "x = 1\n" * 401),
    (shape.modules_are_short, "console/src/a.ts", "let x = 1\n" * 401),
    (shape.functions_are_short, "serve/a.py", "def f():\n" + "    x = 1\n" * 70),
    (shape.lines_are_short, "store/migrations/0001_a.sql", "-- " + "x" * 98),
    (shape.lines_are_short, "console/src/a.ts", 'f("' + "a" * 60 + '", "' + "b" * 60 + '")'),
    (shape.modules_say_what_they_are_for, "serve/a.py", "x = 1"),
    (shape.modules_say_what_they_are_for, "serve/a.py", '"""Routes"""'),
    (shape.modules_say_what_they_are_for, "serve/a.py", '"""One thing.  And another."""'),
    (shape.names_say_what_is_inside, "serve/utils.py", ""),
    (shape.names_say_what_is_inside, "common/a.py", ""),
    (shape.nothing_is_left_unfinished, "serve/a.py", "x = 1  # TO" + "DO: later"),
    (shape.nothing_is_left_unfinished, "serve/a.py", "raise Not" + "ImplementedError"),
    (shape.nothing_is_left_unfinished, "serve/a.py", "def f():\n    pass" + "  # for now"),
    (shape.folders_are_namespace_packages, "tests/geo/__init__.py", ""),
    (shape.tests_wait_on_conditions, "tests/test_a.py", "import time\ntime.sleep(1)"),
    (outside.only_our_environment_is_read, "serve/a.py", "import os\nx = os.environ['HOME']"),
    (outside.only_our_environment_is_read, "serve/a.py", "import os\nx = os.environ.get('PORT')"),
    (outside.only_our_environment_is_read, "bench/a.py", "import os\nx = os.getenv('PORT')"),
    (outside.only_our_environment_is_read, "serve/a.py", "import os\nx = dict(os.environ)"),
    (outside.only_our_environment_is_read, "serve/a.py", "from os import environ"),
    (outside.only_our_environment_is_read, "serve/a.py", "os.environ['RAY_A'] = 'b'"),
    (outside.only_our_environment_is_read, "actors/handles.py", "os.environ['OTHER'] = 'b'"),
    (outside.ray_is_ours_alone, "launch/a.py", f"run('ray {STOP} --force')"),
    (outside.ray_is_ours_alone, "launch/a.py", f"run(['bin/ray', '{STOP}'])"),
    (outside.ray_is_ours_alone, "launch/a.py", 'ray.init(address="auto")'),
    (outside.nothing_of_this_machine, "docs/a.md", f"see {ROOM}main/README.md"),
    (outside.nothing_of_this_machine, "Makefile", f"pip install -i https://{INDEX}/simple"),
    (outside.nothing_of_this_machine, "console/package-lock.json", '"resol' + 'ved": "file:x"'),
    (outside.locks_name_no_address, "requirements.lock", "a @ https://example.org/a.whl"),
    (outside.locks_name_no_address, "console/package-lock.json", '"x": "http://example.org/a"'),
    (outside.sql_lives_in_store, "serve/a.py", "q = 'SELECT id FROM trucks'"),
    (outside.sql_lives_in_store, "serve/a.py", "q = f'''\n  update trucks set x = {y}'''"),
    (outside.sql_lives_in_store, "launch/a.py", "q = 'select 1'"),
]

GOOD: list[tuple[Rule, str, str]] = [
    (layers.imports_point_down, "store/a.py", "from freight.fixes import FIX_DTYPE\nimport json"),
    (layers.imports_point_down, "ubertruck.py", "from sim.main import main"),
    (layers.folders_imported_by_from, "serve/a.py", "from ray import serve\nfrom serve.b import c"),
    (layers.pure_folders_stay_pure, "geo/roads.py", "from pathlib import Path\nx = open('a')"),
    (layers.pure_folders_stay_pure, "freight/a.py", "import datetime\nx = datetime.timedelta(1)"),
    (layers.pure_folders_stay_pure, "store/a.py", "import time"),
    (layers.only_handles_call_actors, "actors/handles.py", "x = shard.positions.remote(1)"),
    (layers.one_file_knows_the_mqtt_library, "ingest/mqtt_client.py", "import aiomqtt"),
    (layers.one_file_knows_the_mqtt_library, "tests/ingest/a.py", "import paho.mqtt.client"),
    (shape.functions_are_short, "serve/a.py", "def f():\n" + "    x = 1\n" * 69),
    (shape.modules_say_what_they_are_for, "serve/a.py", '"""One thing.\n\nMore. And more."""'),
    (shape.names_say_what_is_inside, "serve/identity/api.py", ""),
    (shape.tests_wait_on_conditions, "tests/test_a.py", "while not done():\n    time.sleep(0.01)"),
    (shape.tests_wait_on_conditions, "tests/test_a.py", "await asyncio.sleep(0)"),
    (shape.tests_wait_on_conditions, "tests/serve/slow_server.py", "await asyncio.sleep(delay_s)"),
    (shape.lines_are_short, "serve/a.py", "x" * 90 + "  # noqa" + ": A002, because of a name"),
    (shape.lines_are_short, "console/src/a.ts", '  sun: "' + "M12 16a4 4 " * 10 + '",'),
    (outside.only_our_environment_is_read, "actors/handles.py", "os.environ['RAY_A'] = 'b'"),
    (outside.only_our_environment_is_read, "config/a.py", "x = os.environ.get('ENVIRONMENT')"),
    (outside.only_our_environment_is_read, "tests/a.py", "run(env={**os.environ, 'A': 'b'})"),
    (outside.ray_is_ours_alone, "launch/a.py", f'"""Never ray {STOP}."""\nray.init(address=a)'),
    (outside.nothing_of_this_machine, "docs/a.md", "http://127.0.0.1:8000/livez and ./wo" + "rk/x"),
    (outside.locks_name_no_address, "requirements.lock", "a==1 --hash=sha256:00"),
    (outside.locks_name_no_address, "package-lock.json", '"funding": {"url": "https://a.org"}'),
    (outside.locks_name_no_address, "console/package.json", '"x": "https://example.org"'),
    (outside.sql_lives_in_store, "store/a.py", "q = 'SELECT id FROM trucks'"),
    (outside.sql_lives_in_store, "serve/a.py", "q = 'Select a truck, then update it'"),
]


def _name(value: object) -> str | None:
    return getattr(value, "__name__", None)


@pytest.mark.parametrize(("rule", "path", "text"), BAD, ids=_name)
def test_planted_violation_is_found(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))


@pytest.mark.parametrize(("rule", "path", "text"), GOOD, ids=_name)
def test_good_neighbour_is_left_alone(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text))) == []


def test_setting_that_nobody_reads_is_found() -> None:
    class Inner(BaseModel):
        used_s: float
        forgotten_s: float

    class Outer(BaseModel):
        inner: Inner

    reader = Source("serve/a.py", "wait(policy().inner.used_s)")

    assert settings.unread_settings(Outer, [reader]) == ["inner.forgotten_s"]
