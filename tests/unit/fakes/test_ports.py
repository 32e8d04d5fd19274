"""Ports are kept while nobody listens, and what failed tests tell is cut to a bearable length."""

from __future__ import annotations

import socket

import pytest

from tests.fakes.excerpt import excerpt
from tests.fakes.ports import free_port, hold_port
from tests.fakes.telegram import FakeTelegram


def _connect(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=60).close()


def test_no_port_is_given_twice_and_each_can_be_listened_on() -> None:
    """Also one after the other, before anybody listens."""
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            _connect(port)


def test_a_port_in_use_is_passed_over() -> None:
    """A service that listens already keeps its port."""
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[1] not in {free_port() for _ in range(20)}


def test_a_held_port_refuses_connections_and_can_be_listened_on() -> None:
    """Nobody else can bind it meanwhile."""
    port = free_port()
    with hold_port(port):
        with pytest.raises(ConnectionRefusedError):
            _connect(port)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
        with socket.create_server(("127.0.0.1", port)):
            _connect(port)


async def test_a_platform_keeps_its_port_through_an_outage() -> None:
    """Refused while it is down, served again afterwards, and free when it is closed."""
    async with FakeTelegram() as telegram:
        await telegram.refuse_connections()
        with pytest.raises(ConnectionRefusedError):
            _connect(telegram.port)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", telegram.port))
        await telegram.accept_connections()
        _connect(telegram.port)
    with socket.create_server(("127.0.0.1", telegram.port)):
        _connect(telegram.port)


def test_an_excerpt_holds_the_end_and_says_what_it_left_out() -> None:
    """Of the lines, and of each line its beginning."""
    text = "\n".join(f"line {number} {'x' * 30}" for number in range(10))
    assert excerpt(text, max_lines=2, max_width=8) == "… 8 lines before\nline 8 x… (37)\nline 9 x… (37)"
    assert excerpt("short\n") == "short"
    assert excerpt("") == ""
