"""Prints sheets as PDF: by Typst, in few threads, each sheet always to the same bytes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pymupdf_fonts
import typst

from config.sections.printing import Printing
from serve.printing.sheet import Sheet, written
from serve.problems import UnavailableError

TEMPLATE = Path(__file__).with_name("sheet.typ")
# FiraGO has Latin, Devanagari and the rupee sign in one hand.
FONTS = ("figo", "figbo", "figit")


class Printer:
    def __init__(self, limits: Callable[[], Printing]) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits().threads, thread_name_prefix="printing")
        self._own = threading.local()
        self._fonts: TemporaryDirectory[str] | None = None
        self._unpacking = threading.Lock()
        self._waiting = 0

    async def pdf(self, sheet: Sheet) -> bytes:
        """Who would have to wait behind too many is sent away."""
        limits = self._limits()
        if self._waiting >= limits.waiting_max:
            detail = "too many papers are being printed"
            raise UnavailableError(detail, retry_after_s=limits.retry_s)
        self._waiting += 1
        work = self._threads.submit(self._print, written(sheet))
        # The thread goes on although its request may have given up.
        loop = asyncio.get_running_loop()
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(self._done, done))
        return await asyncio.wrap_future(work)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        if self._fonts is not None:
            self._fonts.cleanup()

    def _done(self, _: Future[bytes]) -> None:
        self._waiting -= 1

    def _print(self, text: str) -> bytes:
        printed = self._compiler().compile(format="pdf", sys_inputs={"sheet": text})
        if not isinstance(printed, bytes):
            raise TypeError("one PDF was asked for")
        return printed

    def _compiler(self) -> typst.Compiler:
        """One for each thread; opening it reads template and fonts."""
        known: typst.Compiler | None = getattr(self._own, "compiler", None)
        if known is None:
            known = self._own.compiler = typst.Compiler(
                str(TEMPLATE),
                root=str(TEMPLATE.parent),
                font_paths=[self._unpacked()],
                ignore_system_fonts=True,
            )
        return known

    def _unpacked(self) -> str:
        """The fonts as files, which lie packed in their wheel."""
        with self._unpacking:
            if self._fonts is None:
                fonts = TemporaryDirectory(prefix="ubertruck-fonts-")
                for name in FONTS:
                    content: bytes = pymupdf_fonts.fontbuffers[name]()
                    Path(fonts.name, f"{name}.ttf").write_bytes(content)
                self._fonts = fonts
            return self._fonts.name
