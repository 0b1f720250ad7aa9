"""From which network a request comes: what a proxy says counts only where the operator named the proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from starlette.datastructures import Headers

from newsletter.setting_values import network

Address = IPv4Address | IPv6Address
_MOST = 10  # addresses of a header that are looked at, from its end
_WIDTHS = {4: 24, 6: 48}  # bits that one network's addresses have in common


def networks(trusted: Iterable[str]) -> Callable[[MutableMapping[str, Any]], str]:
    """A function from a request's scope to its network, such as 192.0.2.0/24; empty where there is none.

    `trusted`: addresses and networks of proxies; names among them are for others. This machine is always one of them.
    """
    known = tuple(found for one in trusted if (found := network(one)))

    def is_proxy(address: Address) -> bool:
        return address.is_loopback or any(address in one for one in known)

    def network_of(scope: MutableMapping[str, Any]) -> str:
        client = scope.get("client")
        address = _address(client[0]) if client else None
        said = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))  # a proxy may add a line of its own
        # Each proxy adds at the end whom it heard: the first from there that is no proxy of ours is the visitor.
        for one in reversed(said.split(",")[-_MOST:]) if said else ():
            if address is None or not is_proxy(address):
                break
            heard = _address(one.strip())
            if heard is None:
                break
            address = heard
        # Where a proxy says nothing, all visitors would be one network.
        return _prefix(address) if address and not is_proxy(address) else ""

    return network_of


def _prefix(address: Address) -> str:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    return str(ip_network(f"{address}/{_WIDTHS[address.version]}", strict=False))


@lru_cache(maxsize=1000)
def _address(text: str) -> Address | None:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None
