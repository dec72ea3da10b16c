"""Names of protocols and of services, as IANA assigned them, for those where everybody means the same thing.

Left out are ports that IANA gave to two services of one protocol (465), or that commonly carry something other than
their assignment says (8443, 9092): such a port is shown by its number alone.
"""

from __future__ import annotations

from collections.abc import Iterable

PROTOCOLS: dict[int, str] = {
    1: "icmp",
    2: "igmp",
    4: "ipv4",
    6: "tcp",
    17: "udp",
    33: "dccp",
    41: "ipv6",
    46: "rsvp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    88: "eigrp",
    89: "ospfigp",
    103: "pim",
    112: "vrrp",
    115: "l2tp",
    132: "sctp",
    136: "udplite",
}
"""Assigned internet protocol numbers (IANA registry of that name), in lower case."""

ETHER_TYPES: dict[int, str] = {
    0x0800: "ipv4",
    0x0806: "arp",
    0x0842: "wake-on-lan",
    0x22F0: "avtp",
    0x8035: "rarp",
    0x8100: "802.1q",
    0x86DD: "ipv6",
    0x8809: "slow protocols",
    0x8847: "mpls",
    0x8848: "mpls",
    0x8863: "pppoe discovery",
    0x8864: "pppoe session",
    0x888E: "eapol",
    0x88A8: "802.1ad",
    0x88CC: "lldp",
    0x88E5: "macsec",
    0x88F7: "ptp",
    0x8902: "cfm",
    0x8906: "fcoe",
    0x8914: "fip",
    0x8915: "roce",
    0x9000: "loopback",
}
"""EtherTypes (IANA's registry "IEEE 802 Numbers", IEEE), in lower case."""

_OF_IP = (0, 0x0800, 0x86DD)
_ALSO = {"icmp6": 58, "icmpv6": 58, "ospf": 89}
_TCP, _UDP, _SCTP = (6,), (17,), (132,)
_BOTH = (6, 17)

_SERVICES: tuple[tuple[int, tuple[int, ...], str], ...] = (
    (7, _BOTH, "echo"),
    (9, _BOTH, "discard"),
    (20, _TCP, "ftp-data"),
    (21, _TCP, "ftp"),
    (22, _TCP, "ssh"),
    (23, _TCP, "telnet"),
    (25, _TCP, "smtp"),
    (43, _TCP, "nicname"),
    (49, _TCP, "tacacs"),
    (53, _BOTH, "domain"),
    (67, _UDP, "bootps"),
    (68, _UDP, "bootpc"),
    (69, _UDP, "tftp"),
    (80, _TCP, "http"),
    (88, _BOTH, "kerberos"),
    (110, _TCP, "pop3"),
    (111, _BOTH, "sunrpc"),
    (119, _TCP, "nntp"),
    (123, _UDP, "ntp"),
    (137, _UDP, "netbios-ns"),
    (138, _UDP, "netbios-dgm"),
    (139, _TCP, "netbios-ssn"),
    (143, _TCP, "imap"),
    (161, _UDP, "snmp"),
    (162, _UDP, "snmptrap"),
    (179, _TCP, "bgp"),
    (319, _UDP, "ptp-event"),
    (320, _UDP, "ptp-general"),
    (389, _BOTH, "ldap"),
    (443, _BOTH, "https"),
    (445, _TCP, "microsoft-ds"),
    (464, _BOTH, "kpasswd"),
    (500, _UDP, "isakmp"),
    (514, _UDP, "syslog"),
    (515, _TCP, "printer"),
    (546, _UDP, "dhcpv6-client"),
    (547, _UDP, "dhcpv6-server"),
    (554, _BOTH, "rtsp"),
    (587, _TCP, "submission"),
    (631, _TCP, "ipp"),
    (636, _TCP, "ldaps"),
    (646, _BOTH, "ldp"),
    (853, _BOTH, "domain-s"),
    (873, _TCP, "rsync"),
    (989, _TCP, "ftps-data"),
    (990, _TCP, "ftps"),
    (993, _TCP, "imaps"),
    (995, _TCP, "pop3s"),
    (1194, _BOTH, "openvpn"),
    (1433, _TCP, "ms-sql-s"),
    (2049, (6, 17, 132), "nfs"),
    (2379, _TCP, "etcd-client"),
    (2380, _TCP, "etcd-server"),
    (3260, _TCP, "iscsi-target"),
    (3306, _TCP, "mysql"),
    (3389, _BOTH, "ms-wbt-server"),
    (3784, _UDP, "bfd-control"),
    (4500, _UDP, "ipsec-nat-t"),
    (4739, (6, 17, 132), "ipfix"),
    (4789, _UDP, "vxlan"),
    (5060, (6, 17, 132), "sip"),
    (5061, _TCP, "sips"),
    (5353, _UDP, "mdns"),
    (5432, _TCP, "postgresql"),
    (5671, _TCP, "amqps"),
    (5672, _TCP, "amqp"),
    (6081, _UDP, "geneve"),
    (6343, _UDP, "sflow"),
    (6379, _TCP, "redis"),
    (11211, _BOTH, "memcache"),
    (27017, _TCP, "mongodb"),
    (36412, _SCTP, "s1-control"),
    (38412, _SCTP, "ng-control"),
)

_NAMES = {(protocol, port): name for port, protocols, name in _SERVICES for protocol in protocols}
_NUMBERS = {**{name: number for number, name in PROTOCOLS.items()}, **_ALSO}
_MOST_PROTOCOL, _MOST_PORT = 255, 65_535


def protocol_name(number: int) -> str:
    """Return a protocol's name; empty for one that has none here."""
    return PROTOCOLS.get(number, "")


def ether_type_name(number: int) -> str:
    """Return an EtherType's name, or its number as it is usually written; empty for none."""
    return (ETHER_TYPES.get(number) or f"0x{number:04x}") if number else ""


def is_ip(ether_type: int) -> bool:
    """Return whether frames of an EtherType hold IP, or were told without one, as exporters of IP do."""
    return ether_type in _OF_IP


def port_name(protocol: int, port: int) -> str:
    """Return the service that a port of a protocol is known for; empty for none, or where it is not the only one."""
    return _NAMES.get((protocol, port), "")


def protocol_number(text: str) -> int:
    """Return the number of a protocol that was named, or given as a number.

    Raises:
        ValueError: There is no such protocol; the message says what is expected.
    """
    if text.isascii() and text.isdigit() and int(text) <= _MOST_PROTOCOL:
        return int(text)
    try:
        return _NUMBERS[text.lower()]
    except KeyError:
        raise ValueError(f"expected a number up to 255 or one of {', '.join(sorted(_NUMBERS))}, got {text!r}") from None


def port_number(text: str) -> int:
    """Return a port that was given as a number, or as the name of a service.

    Raises:
        ValueError: There is no such port; the message says what is expected.
    """
    if text.isascii() and text.isdigit():
        if 0 < int(text) <= _MOST_PORT:
            return int(text)
        raise ValueError(f"expected 1 to 65535, got {text}")
    if ports := sorted({port for port, _, name in _SERVICES if name == text.lower()}):
        return ports[0]
    raise ValueError(f"expected a number from 1 to 65535 or a name such as {_example()}, got {text!r}")


def _example() -> str:
    names: Iterable[str] = (_NAMES[6, 443], _NAMES[17, 53])
    return " or ".join(names)
