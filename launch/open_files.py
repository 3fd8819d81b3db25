"""How many files and sockets a process may open here, and what that leaves for connections."""

from __future__ import annotations

import resource

# What HAProxy itself opens: two sockets a connection and some for checks, listeners and threads.
FILES_PER_CONNECTION = 2.5
FILES_RESERVED = 500


def allow_all() -> None:
    """Raise the soft limit to the hard one, for this process and all its children."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def proxy_connections(wanted: int) -> int:
    """HAProxy refuses to start when it may not open enough files; fewer connections is better."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, int((hard - FILES_RESERVED) / FILES_PER_CONNECTION)))
