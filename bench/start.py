"""bench start: from `up` to its summary and to the first truck drawn, step by step."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench import stack
from bench.report import Report
from bench.seeding import TENANT
from bench.stack import Stack

FIRST_DRAWN_S_MAX = 60.0
PAGE_S_MAX = 90.0
TRUCKS = 200
# Chromium without a graphics card still draws the map, in software.
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
IMPORTS = {"up": "launch.up", "starter": "launch.starter", "replica": "serve.deployment"}
IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|( +)(\S+)")
SLOWEST = 5


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-browser", action="store_true", help="only up to the summary")


def run(args: argparse.Namespace) -> Report:
    report = Report("start")
    with stack.scratch() as folder:
        ray_s, import_s = _bare_ray(folder), _bare_import()
        _measure_up(folder, args, report, floor_s=ray_s + import_s)
    report.add("floor.ray_start_s", ray_s)
    report.add("floor.python_import_ray_s", import_s)
    for process, module in IMPORTS.items():
        total_s, slowest = _imports(module)
        report.add(f"imports.{process}_s", total_s)
        report.note(f"imports of {module}, slowest: {slowest}")
    report.note("floor: a bare `ray start` and one `import ray`, one after the other")
    return report


def _measure_up(folder: Path, args: argparse.Namespace, report: Report, *, floor_s: float) -> None:
    browser = shutil.which("chromium")
    if browser is None or args.no_browser:
        report.note("no Chromium: the first drawn truck was not measured (apt install chromium)")
        browser = None
    began = time.time()
    process = stack.start(folder, "--trucks", str(TRUCKS), sim=True)
    try:
        running = stack.wait_up(folder, process)
        report.add("up_to_summary_s", time.time() - began, floor=floor_s)
        for step, seconds in running.summary["timings_s"].items():
            report.add(f"step.{step}_s", seconds)
        if browser is not None:
            _draw(running, browser, began, report)
    finally:
        stack.stop(process)


def _draw(running: Stack, browser: str, began: float, report: Report) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, args=list(CHROMIUM_OPTIONS), headless=True
        )
        try:
            page = chromium.new_page()
            page.set_default_timeout(PAGE_S_MAX * 1000)
            page.goto(running.http)
            report.add("up_to_page_s", time.time() - began)
            _sign_in(page)
            drawn_ms = _first_drawn_ms(page)
        finally:
            chromium.close()
    report.add("up_to_first_truck_drawn_s", drawn_ms / 1000 - began, at_most=FIRST_DRAWN_S_MAX)


def _sign_in(page: Page) -> None:
    client = f"{TENANT}-viewer"
    page.get_by_label("Client id").fill(client)
    page.get_by_label("secret").fill(f"{client}-secret")
    page.get_by_role("button", name="Sign in").click()


def _first_drawn_ms(page: Page) -> float:
    """Asked again and again: the page's own rules forbid a condition handed in as text."""
    deadline = time.monotonic() + PAGE_S_MAX
    while time.monotonic() < deadline:
        drawn_ms = page.evaluate("window.__ubertruck?.first_drawn_ms ?? null")
        if drawn_ms is not None:
            return float(drawn_ms)
        page.wait_for_timeout(stack.POLL_S * 1000)
    raise TimeoutError("no truck was drawn")


def _bare_import() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import ray"], check=True, cwd=stack.ROOT)
    return time.monotonic() - began


def _bare_ray(folder: Path) -> float:
    """A head with a temp folder and ports of its own, ended by its process group."""
    # Unix sockets below it have to stay short.
    temp = Path(tempfile.mkdtemp(prefix="utb-"))
    token = folder / "ray.token"
    token.write_text(secrets.token_hex(32))
    # fixed: a child process gets what we were given
    environment = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    began = time.monotonic()
    command = [
        *(str(Path(sys.executable).parent / "ray"), "start", "--head", "--block"),
        *("--port", str(stack.free_port()), "--temp-dir", str(temp), "--num-cpus", "2"),
        *(
            "--include-dashboard",
            "false",
            "--disable-usage-stats",
            "--node-ip-address",
            "127.0.0.1",
            # Wherever there is room: the default range may hold the port above.
            *("--min-worker-port", "0", "--max-worker-port", "0"),
        ),
    ]
    with (folder / "ray.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    try:
        deadline = began + stack.START_S_MAX
        while b"Ray runtime started" not in (folder / "ray.log").read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise stack.StackError(f"bare Ray did not start: {folder / 'ray.log'}")
            time.sleep(stack.POLL_S)
        return time.monotonic() - began
    finally:
        stack.end_group(process)
        shutil.rmtree(temp, ignore_errors=True)


def _imports(module: str) -> tuple[float, str]:
    """Seconds of importing a module, and the heaviest of what it imports, themselves only."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        cwd=stack.ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    own: dict[str, int] = {}
    total_us = 0
    for line in IMPORT_LINE.finditer(done.stderr):
        package = line.group(4).partition(".")[0]
        own[package] = own.get(package, 0) + int(line.group(1))
        total_us += int(line.group(1))
    heaviest = sorted(own.items(), key=lambda pair: -pair[1])[:SLOWEST]
    return total_us / 1e6, ", ".join(f"{name} {us / 1e6:.2f} s" for name, us in heaviest)
