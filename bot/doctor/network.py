"""Says in plain words why a host could not be reached."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Unreached", "explain_network_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """``kind`` is a word for a finding's code: dns, tls, proxy, refused, timeout or network."""

    kind: str
    what: str
    remedy: str


def explain_network_error(exc: BaseException, *, host: str, variable: str) -> Unreached:
    """Why ``host`` was not reached, by the errors behind ``exc``. ``variable`` sets its address."""
    causes = list(_chain(exc))
    if any("Proxy" in type(cause).__name__ for cause in causes):
        return Unreached(
            kind="proxy",
            what=f"The proxy that leads to {host} does not serve.",
            remedy=f"Look at {_proxy_variables()} in the environment; NO_PROXY={host} goes past the proxy.",
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Unreached(
            kind="dns",
            what=f"The name {host} cannot be found.",
            remedy=f"Check the spelling in {variable}, and that this machine has a name server.",
        )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return _tls(causes, host)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Unreached(
            kind="refused",
            what=f"{host} refuses the connection: nothing listens there.",
            remedy=f"Check host and port in {variable}, and that the server there runs.",
        )
    return _silent(causes, host)


def _tls(causes: list[BaseException], host: str) -> Unreached:
    untrusted = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    why = f": {untrusted.verify_message}" if untrusted is not None and untrusted.verify_message else ""
    return Unreached(
        kind="tls",
        what=f"No secure connection to {host} comes about{why}.",
        remedy="If a proxy or virus scanner opens TLS connections here, name its certificate in "
        "SSL_CERT_FILE; check the machine's clock too.",
    )


def _silent(causes: list[BaseException], host: str) -> Unreached:
    if any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in causes):
        return Unreached(
            kind="timeout",
            what=f"{host} does not answer.",
            remedy="Check that a firewall lets this machine out to it; behind a proxy set HTTPS_PROXY.",
        )
    return Unreached(
        kind="network",
        what=f"{host} cannot be reached ({type(causes[-1]).__name__}).",
        remedy="Check this machine's network; behind a proxy set HTTPS_PROXY.",
    )


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """``exc`` and what led to it, outermost first."""
    seen: set[int] = set()
    cause: BaseException | None = exc
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _proxy_variables() -> str:
    schemes = [scheme for scheme in ("https", "http", "all") if scheme in urllib.request.getproxies()]
    return " and ".join(f"{scheme.upper()}_PROXY" for scheme in schemes) or "HTTPS_PROXY"
