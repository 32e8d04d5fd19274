"""Which network addresses the public web lives at: everything else is refused.

The tables are our own, so that what is refused does not change with the version of Python.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from typing import Final

__all__ = ["WEB_PORTS", "Address", "is_public", "is_public_web"]

Address = IPv4Address | IPv6Address

# The ports of the web and their usual doubles. On any other port a public host rarely has a page, while a
# bot that connects wherever a stranger says is a port scanner, and can be made to talk to mail and databases.
WEB_PORTS: Final = frozenset({80, 443, 8080, 8443})

# IANA IPv4 Special-Purpose Address Registry, multicast (RFC 5771) and the former class E (RFC 1112).
_CLOSED_V4: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; also 100.100.100.200, Alibaba Cloud's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's own services, seen from every machine there
        "169.254.0.0/16",  # link-local; also the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

# Only this is handed out to the public (IANA IPv6 Global Unicast). It leaves out loopback, IPv4-mapped and
# IPv4-compatible forms, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), private, link-local and multicast addresses.
_OPEN_V6: Final = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments; also Teredo, which carries an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# RFC 5214: an interface identifier that carries an IPv4 address (ISATAP).
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})


def is_public(address: Address) -> bool:
    """Whether the address belongs to one host on the public internet, and carries no other address inside."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    if address.scope_id is not None or address not in _OPEN_V6:
        return False
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return not any(address in network for network in _CLOSED_V6)


def is_public_web(address: Address, port: int) -> bool:
    """Whether a page may be fetched from there: a public address, and a port that the web uses."""
    return port in WEB_PORTS and is_public(address)
