"""What a killed `up` left is found exactly: its children and their sessions, nobody else."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from launch.layout import Layout
from launch.leftovers import Record, RecordedProcess, end_leftovers, living, write_record

# A leader that starts a child and, when told by a line, ends without it.
LEADER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(child.pid, flush=True)
sys.stdin.readline()
"""


class Family:
    """A session leader and its child."""

    def __init__(self) -> None:
        self.leader = subprocess.Popen(
            [sys.executable, "-c", LEADER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.leader.stdout is not None
        self.child = psutil.Process(int(self.leader.stdout.readline()))
        found = RecordedProcess.of("family", self.leader.pid)
        assert found is not None
        self.record = found

    def end_leader(self) -> None:
        assert self.leader.stdin is not None
        self.leader.stdin.write("\n")
        self.leader.stdin.close()
        self.leader.wait()

    def end(self) -> None:
        for process in (self.child, self.leader):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.leader.wait()


@pytest.fixture
def family() -> Iterator[Family]:
    made = Family()
    yield made
    made.end()


@pytest.fixture
def bystander() -> Iterator[Family]:
    made = Family()
    yield made
    made.end()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout.at(tmp_path)
    found.create()
    return found


def record_of(*children: RecordedProcess) -> Record:
    up = RecordedProcess.of("up", os.getpid())
    assert up is not None
    return Record(psutil.boot_time(), up, children)


def pids(record: Record) -> set[int]:
    return {process.pid for process in living(record)}


def test_children_and_their_descendants_are_found(family: Family) -> None:
    assert pids(record_of(family.record)) == {family.leader.pid, family.child.pid}


def test_who_outlived_its_leader_is_found_by_the_session(family: Family) -> None:
    family.end_leader()

    assert pids(record_of(family.record)) == {family.child.pid}


def test_a_number_that_another_process_has_by_now_is_left_alone(family: Family) -> None:
    earlier = dataclasses.replace(family.record, created=family.record.created - 60)

    assert pids(record_of(earlier)) == set()


def test_nothing_is_ours_after_the_machine_started_anew(family: Family) -> None:
    record = record_of(family.record)

    assert pids(dataclasses.replace(record, boot_time=record.boot_time - 3600)) == set()


def test_leftovers_are_ended_and_forgotten(
    family: Family, bystander: Family, layout: Layout
) -> None:
    write_record(layout, record_of().up, [family.record])

    assert end_leftovers(layout) == 2
    assert not family.record.find()
    assert not family.child.is_running()
    assert end_leftovers(layout) == 0
    assert bystander.record.find()
    assert bystander.child.is_running()


def test_no_record_means_nothing_to_end(layout: Layout) -> None:
    assert end_leftovers(layout) == 0
    layout.processes_file.write_text("not JSON")
    assert end_leftovers(layout) == 0
