"""How documents are taken in, looked at and kept: limits of the machine, not of the business."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class DocumentStore(Section):
    body_bytes_max: Count = key(
        "A longer request body of an upload is refused with 413.", live=True
    )
    upload_deadline_s: Positive = key("An upload not answered by then is 503.", live=True)
    uploads_max: Count = key(
        "Uploads that one replica takes at a time, each held in memory; beyond, 503.", live=True
    )
    store_timeout_s: Positive = key("An S3 that has not answered by then is away.")
    sweep_s: Positive = key(
        "How often it is looked for what waits for the scanner, or was kept long enough.",
        live=True,
    )
    sweep_rows: Count = key("So many documents are looked at in one go.", live=True)
    orphans_s: Positive = key(
        "How often the whole store is looked through for files that belong to no document.",
        live=True,
    )
    orphaned_after_s: Positive = key(
        "A file without a document is removed when it is older; longer than any upload.", live=True
    )
