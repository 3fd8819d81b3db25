"""Opens the store of documents that this installation has."""

from __future__ import annotations

from config.installation import Installation
from store.blobs.directory import DirectoryBlobs
from store.blobs.port import Blobs
from store.blobs.s3 import S3Blobs

FOLDER = "documents"


def open_blobs(where: Installation, timeout_s: float) -> Blobs:
    given = where.documents
    if given.s3 is not None:
        return S3Blobs(given.s3, timeout_s)
    return DirectoryBlobs(given.directory or where.data_dir / FOLDER)
