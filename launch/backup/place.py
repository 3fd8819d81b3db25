"""What lies where in a directory of backups: streams of one cluster's log, and their bases.

    ubertruck-backup.json           says what this directory is
    streams/STREAM/wal              pieces of the log, without a gap from the oldest base on
    streams/STREAM/kept             keys and sealed secrets, each version that there was
    streams/STREAM/documents        sealed documents
    streams/STREAM/bases/ID         manifest.json, documents.txt, and postgres as it was copied

A restored data directory begins a stream of its own: no history of one disturbs another's.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from launch.backup.archive_wal import PACKED, write_whole

MARK = "ubertruck-backup.json"
FORMAT = 1
SEGMENTS_PER_LOG = 256  # of 16 MB each
NAME_DIGITS = 8  # a piece's name has three numbers of so many hexadecimal digits


class BackupError(RuntimeError):
    """A backup cannot be made or used; the message says why and what to do."""


class KeptFile(msgspec.Struct, frozen=True):
    name: str
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Of one base backup; written last, so a base without one is half made."""

    id: str
    instance: str
    began_ms: int
    ended_ms: int  # from then on it can be restored to any moment
    system_identifier: str
    first_piece: str  # of the log, needed to bring the copy into order
    last_piece: str
    postgres_manifest_sha256: str
    files: tuple[KeptFile, ...]
    has_keys: bool
    # By version; a ring that opens what was sealed then has all of them.
    key_prints: dict[str, str]
    # Relative to the data directory, or absolute; None: a bucket, which is its operator's to keep.
    documents: str | None


@dataclass(frozen=True, slots=True)
class Base:
    folder: Path
    manifest: Manifest

    @property
    def stream(self) -> Stream:
        return Stream(self.folder.parent.parent)

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"


@dataclass(frozen=True, slots=True)
class Stream:
    folder: Path

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    @property
    def kept(self) -> Path:
        return self.folder / "kept"

    @property
    def documents(self) -> Path:
        return self.folder / "documents"

    @property
    def bases_folder(self) -> Path:
        return self.folder / "bases"

    def create(self) -> None:
        for folder in (self.wal, self.kept, self.documents, self.bases_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def bases(self) -> list[Base]:
        """Whole ones, oldest first."""
        found = []
        for file in self.bases_folder.glob("*/manifest.json"):
            manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
            found.append(Base(file.parent, manifest))
        return sorted(found, key=lambda base: base.manifest.ended_ms)

    def pieces(self) -> list[str]:
        """Names of the archived pieces of the log, in order."""
        names = (file.name.removesuffix(PACKED) for file in self.wal.iterdir())
        return sorted(name for name in names if is_piece(name))

    def newest_version(self, name: str) -> Path | None:
        """Of a file that was kept whenever it changed."""
        found = [path for path in self.kept.glob(f"*.{name}") if path.name.split(".", 2)[2] == name]
        return max(found, default=None)


@dataclass(frozen=True, slots=True)
class Place:
    """The directory that `backup` and `restore` are given."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Place:
        return cls(folder.expanduser().resolve())

    def create(self) -> None:
        """A directory of something else is left alone."""
        if not (self.folder / MARK).is_file():
            if self.folder.is_dir() and any(self.folder.iterdir()):
                raise BackupError(f"{self.folder} holds something else; name an empty directory")
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self.folder / MARK, msgspec.json.encode({"format": FORMAT}))

    def check(self) -> None:
        try:
            said = msgspec.json.decode((self.folder / MARK).read_bytes(), type=dict[str, int])
        except (OSError, msgspec.MsgspecError) as error:
            raise BackupError(f"{self.folder} holds no backup of ours") from error
        if said.get("format") != FORMAT:
            raise BackupError(f"{self.folder} was written by another release: {said}")

    def new_stream(self) -> Stream:
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        made = Stream(self.folder / "streams" / f"{now}-{secrets.token_hex(3)}")
        made.create()
        return made

    def streams(self) -> list[Stream]:
        return [Stream(folder) for folder in sorted(self.folder.glob("streams/*"))]

    def bases(self) -> list[Base]:
        """Of all streams, oldest first."""
        found = (base for stream in self.streams() for base in stream.bases())
        return sorted(found, key=lambda base: base.manifest.ended_ms)

    def refuse_foreign(self, identifier: str) -> None:
        """One directory, one instance: what is too old and what is newest must be clear."""
        for base in self.bases():
            if base.manifest.system_identifier != identifier:
                raise BackupError(
                    f"{self.folder} holds backups of another instance ({base.manifest.instance}); "
                    "name a directory for this one alone"
                )

    def base_for(self, to_ms: int | None, wanted: str | None = None) -> Base:
        """The newest that was whole by then: it has the least to replay."""
        bases = self.bases()
        if wanted is not None:
            bases = [base for base in bases if base.manifest.id == wanted]
        fit = [b for b in bases if to_ms is None or b.manifest.ended_ms <= to_ms]
        if not fit:
            says = ", ".join(f"{b.manifest.id} from {moment(b.manifest.ended_ms)}" for b in bases)
            raise BackupError(f"no base backup is old enough; there are: {says or 'none'}")
        return fit[-1]


def is_piece(name: str) -> bool:
    return len(name) == 3 * NAME_DIGITS and all(digit in "0123456789ABCDEF" for digit in name)


def piece_of(timeline: int, lsn: str) -> str:
    """The name of the piece that a position of the log, such as 0/3000028, lies in."""
    high, low = (int(part, 16) for part in lsn.split("/"))
    return f"{timeline:08X}{high:08X}{low >> 24:08X}"


def following(piece: str) -> str:
    timeline, log, segment = (int(piece[at : at + NAME_DIGITS], 16) for at in (0, 8, 16))
    number = log * SEGMENTS_PER_LOG + segment + 1
    return f"{timeline:08X}{number // SEGMENTS_PER_LOG:08X}{number % SEGMENTS_PER_LOG:08X}"


def gap_after(pieces: list[str], first: str) -> tuple[str, int] | None:
    """The first piece from `first` on that is missing, and how many there are behind it."""
    there = set(pieces)
    wanted = first
    while wanted in there:
        wanted = following(wanted)
    behind = sum(1 for piece in pieces if piece > wanted)
    return (wanted, behind) if behind else None


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
