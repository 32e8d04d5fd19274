"""Ports that stay one's own while nobody listens on them: before a service starts and while it is down."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

__all__ = ["free_port", "hold_port"]

_HOST = "127.0.0.1"
_FIRST = 20_000
_USUAL_END = 32_768
_GIVEN_OUT_BY_LINUX = Path("/proc/sys/net/ipv4/ip_local_port_range")
_WORKERS = 16


def free_port() -> int:
    """A port of the loopback interface that nobody listens on.

    It is none of those the system gives to connections and to listeners that ask for any, so no other test
    comes by it, neither before the service listens nor while it is down. Each worker has ports of its own.
    """
    return next(port for port in _candidates if _is_free(port))


def hold_port(port: int) -> socket.socket:
    """Keep a port of one's own that nobody listens on now: connections to it are refused. Close to let go.

    Whoever sets SO_REUSEADDR can listen on it while it is held.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((_HOST, port))
    return held


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _shuffled_ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    ports = list(range(_FIRST + worker, _end(), _WORKERS))
    random.Random(os.getpid()).shuffle(ports)  # another run of the suite on this machine takes others first
    return cycle(ports)


def _end() -> int:
    try:
        lowest = int(_GIVEN_OUT_BY_LINUX.read_text(encoding="ascii").split()[0])
    except OSError:
        return _USUAL_END
    return lowest if lowest >= _FIRST + 1000 else _USUAL_END


_candidates = _shuffled_ports()
