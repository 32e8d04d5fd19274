"""Which addresses and ports count as the public web."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tools.web import is_public, is_public_web

CLOSED_NETWORKS = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
PRIVATE_V4 = st.sampled_from(CLOSED_NETWORKS).flatmap(lambda network: st.ip_addresses(v=4, network=network))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "223.5.5.5", "2606:4700::1111", "2400:3200::1"]
)
def test_hosts_of_the_public_internet_are_allowed(text: str) -> None:
    """Without this the tool would be of no use."""
    assert is_public(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "127.0.0.1",
        "127.255.255.254",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "255.255.255.255",
        "239.1.1.1",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::1",
        "2001:0:53aa:64c:0:5efe:7f00:1",
        "2606:4700::5efe:7f00:1",
        "2606:4700::200:5efe:a00:1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "100::1",
    ],
)
def test_special_addresses_are_refused(text: str) -> None:
    """Loopback, private, shared, link-local, metadata, multicast, reserved and those that carry another."""
    assert not is_public(ip_address(text))


@given(PRIVATE_V4)
def test_no_address_of_a_closed_network_is_public_in_any_disguise(address: IPv4Address) -> None:
    """Not as itself, nor inside an IPv6 address of the known forms."""
    number = int(address)
    disguises = (
        0xFFFF << 32 | number,
        number,
        0x0064FF9B << 96 | number,
        0x0064FF9B0001 << 80 | number,
        0x2002 << 112 | number << 80 | 1,
        0x20010000 << 96 | (number ^ 0xFFFFFFFF),
        0x26064700 << 96 | 0x5EFE << 32 | number,
    )
    assert not is_public(address)
    assert not any(is_public(IPv6Address(disguise)) for disguise in disguises)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_whatever_is_allowed_is_global_unicast(address: IPv4Address | IPv6Address) -> None:
    """Python's own view of the registries agrees about everything that is let through."""
    if is_public(address):
        assert address.is_global
        assert not any([address.is_multicast, address.is_private, address.is_reserved, address.is_loopback])


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_only_the_ports_of_the_web_are_allowed(address: IPv4Address, port: int) -> None:
    """A public host is not scanned for what else it offers."""
    assert is_public_web(address, port) == (is_public(address) and port in {80, 443, 8080, 8443})
