"""Limits of files with many trucks, drivers or carriers at once."""

from __future__ import annotations

from config.schema import Count, Section, Who, key


class Imports(Section):
    bytes_max: Count = key("A longer file is refused.", who=Who.OPERATOR, live=True)
    rows_max: Count = key("Rows of one file, without its header.", who=Who.OPERATOR, live=True)
    cell_chars_max: Count = key("A longer cell is refused.", live=True)
    faults_max: Count = key(
        "So many wrong cells are named; of the others it is said how many there are.", live=True
    )
