"""Build the captures that no exporter here can be made to send: `python -m tests.captures.build`.

What is built is the same each time; a test compares it with what is in the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.captures.datagrams import (
    VARIABLE,
    Template,
    datagram,
    ethernet,
    expanded_flow_sample,
    flow_sample,
    icmp,
    ip,
    ipfix,
    ipfix_set,
    ipv4,
    ipv6,
    mpls,
    netflow5,
    netflow9,
    pcap,
    raw_header,
    sflow,
    structure,
    tcp,
    u8,
    u16,
    u32,
    udp,
    vxlan,
)

HERE = Path(__file__).parent
START = 1_795_000_000  # 2026-11-18T11:06:40Z
UPTIME_MS = 3_600_000
LEFT, RIGHT, LEFT6, RIGHT6 = "198.51.100.10", "203.0.113.20", "2001:db8:1::10", "2001:db8:1::20"
MAC_LEFT, MAC_RIGHT = "00:00:5e:00:53:10", "00:00:5e:00:53:20"

# NetFlow v9 field types and IPFIX elements (IANA), as far as they are used here.
OCTETS, PACKETS, PROTOCOL, TOS, FLAGS, SRC_PORT, SRC4, SRC_MASK, IN_IF, DST_PORT, DST4 = (
    1,
    2,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
)
DST_MASK, OUT_IF, LAST, FIRST, SRC6, DST6, LABEL6, ICMP4 = 13, 14, 21, 22, 27, 28, 31, 32
SAMPLING_INTERVAL, SAMPLING_ALGORITHM, SAMPLER, SAMPLER_MODE, SAMPLER_INTERVAL = 34, 35, 48, 49, 50
IF_NAME, IF_ALIAS, SELECTOR, SELECTOR_METHOD, SAMPLE_LENGTH, SAMPLE_SPACE = 82, 83, 302, 304, 305, 306
SCOPE_SYSTEM, SCOPE_INTERFACE = 1, 2

FLOW4 = ((SRC4, 4), (DST4, 4), (SRC_PORT, 2), (DST_PORT, 2), (PROTOCOL, 1), (FLAGS, 1), (OCTETS, 4), (PACKETS, 4))
SYSTEM_TIMES = ((FIRST, 4), (LAST, 4))
Frames = list[bytes]


def flow4(port: int, octets: int = 5_000, packets: int = 7) -> tuple[str, str, int, int, int, int, int, int]:
    """Return the values of `FLOW4`."""
    return LEFT, RIGHT, port, 443, 6, 0x1B, octets, packets


def sent(payloads: Sequence[bytes], port: int, **more: str) -> Frames:
    """Put datagrams into frames."""
    return [datagram(each, port, **more) for each in payloads]


def options_only() -> Frames:
    """Options without flows: a sampler's table and interface names by v9, a selector and interfaces by IPFIX."""
    samplers = Template(260, [(SCOPE_SYSTEM, 4), (SAMPLER, 1), (SAMPLER_MODE, 1), (SAMPLER_INTERVAL, 4)], scope=1)
    names = Template(261, [(SCOPE_INTERFACE, 4), (IF_NAME, 16), (IF_ALIAS, 16)], scope=1)
    first = netflow9(
        START,
        UPTIME_MS,
        1,
        7,
        5,
        samplers.netflow9(),
        names.netflow9(),
        samplers.data(samplers.record(0, 1, 2, 100), samplers.record(0, 2, 2, 10)),
        names.data(names.record(3, b"port3", b"to the lab")),
    )
    selectors = Template(
        262, [(149, 4), (SELECTOR, 8), (SELECTOR_METHOD, 2), (SAMPLE_LENGTH, 4), (SAMPLE_SPACE, 4)], scope=1
    )
    named = Template(263, [(IN_IF, 4), (IF_NAME, VARIABLE), (IF_ALIAS, VARIABLE)], scope=1)
    second = ipfix(
        START + 1,
        0,
        8,
        selectors.ipfix(),
        named.ipfix(),
        selectors.data(selectors.record(8, 1, 1, 1, 99), pad=1),
        named.data(named.record(4, b"port4", b"a name of variable length, and a long one" * 8), pad=1),
    )
    return sent([first], 2055) + sent([second], 4739)


def template_late() -> Frames:
    """Data before its template, by v9 and IPFIX; then both."""
    template = Template(300, [*FLOW4, *SYSTEM_TIMES])
    records = [template.record(*flow4(port), UPTIME_MS - 5_000, UPTIME_MS - 1_000) for port in range(1001, 1007)]
    v9 = [
        netflow9(START, UPTIME_MS, number, 7, 2, template.data(*records[2 * number : 2 * number + 2]))
        for number in range(3)
    ]
    v9.append(netflow9(START, UPTIME_MS, 3, 7, 1, template.netflow9()))
    absolute = Template(301, [*FLOW4, (152, 8), (153, 8)])
    times = (START * 1000 - 5_000, START * 1000 - 1_000)
    late = [absolute.record(*flow4(port), *times) for port in range(2001, 2007)]
    ten = [ipfix(START, 2 * number, 9, absolute.data(*late[2 * number : 2 * number + 2], pad=1)) for number in range(3)]
    ten.append(ipfix(START, 6, 9, absolute.ipfix()))
    return sent(v9, 2055) + sent(ten, 4739)


def two_samplers() -> Frames:
    """Two samplers in one exporter and domain, each flow naming its own; a third flow names none that is known."""
    samplers = Template(260, [(SCOPE_SYSTEM, 4), (SAMPLER, 1), (SAMPLER_MODE, 1), (SAMPLER_INTERVAL, 4)], scope=1)
    flows = Template(300, [*FLOW4, (SAMPLER, 1), *SYSTEM_TIMES])
    rows = [
        flows.record(*flow4(port), sampler, UPTIME_MS - 5_000, UPTIME_MS) for port, sampler in ((1, 1), (2, 2), (3, 1))
    ]
    v9 = netflow9(
        START,
        UPTIME_MS,
        1,
        7,
        7,
        samplers.netflow9(),
        flows.netflow9(),
        samplers.data(samplers.record(0, 1, 2, 100), samplers.record(0, 2, 1, 10)),
        flows.data(*rows),
    )
    selectors = Template(262, [(SELECTOR, 8), (SELECTOR_METHOD, 2), (SAMPLE_LENGTH, 4), (SAMPLE_SPACE, 4)], scope=1)
    selected = Template(301, [*FLOW4, (SELECTOR, 8), (152, 8), (153, 8)])
    times = (START * 1000 - 5_000, START * 1000)
    ten = ipfix(
        START,
        0,
        8,
        selectors.ipfix(),
        selected.ipfix(),
        selectors.data(selectors.record(1, 1, 1, 999), selectors.record(2, 1, 2, 8), pad=1),
        selected.data(*(selected.record(*flow4(port), port, *times) for port in (1, 2)), pad=1),
    )
    return sent([v9], 2055) + sent([ten], 4739)


def rate_late() -> Frames:
    """Flows whose template names a selector that is described only afterwards."""
    selectors = Template(262, [(SELECTOR, 8), (SELECTOR_METHOD, 2), (310, 4), (309, 4)], scope=1)
    selected = Template(301, [*FLOW4, (SELECTOR, 8), (152, 8), (153, 8)])
    times = (START * 1000 - 5_000, START * 1000)
    early = [
        ipfix(
            START,
            number,
            8,
            *([selected.ipfix()] if number == 0 else []),
            selected.data(selected.record(*flow4(number), 5, *times)),
        )
        for number in range(3)
    ]
    told = ipfix(START, 3, 8, selectors.ipfix(), selectors.data(selectors.record(5, 3, 4_000, 10)))
    return sent([*early, told], 4739)


def variable_length() -> Frames:
    """Variable length between fixed elements in short and long form, reduced sizes, padding, elements nobody knows."""
    template = Template(
        400,
        [
            (IF_NAME, VARIABLE),
            *FLOW4[:4],
            (9999, 3),
            (94, VARIABLE),
            (PROTOCOL, 1),
            (OCTETS, 3),
            (PACKETS, 2),
            (77, 5, 6876),
        ],
    )
    rows = [
        template.record(name, LEFT, RIGHT, port, 53, 1, text, 17, 70_000 + port, 9, bytes(5))
        for port, (name, text) in enumerate(
            [(b"", b""), (b"eth0", b"dns"), (b"x" * 254, b"y" * 255), (b"z" * 300, b"")]
        )
    ]
    message = ipfix(START, 0, 1, template.ipfix(), template.data(*rows, pad=4))
    return sent([message], 4739)


def biflow() -> Frames:
    """RFC 5103: the reverse direction in the same record, by reverse elements of enterprise 29305."""
    template = Template(
        410,
        [
            *FLOW4[:5],
            (FLAGS, 1),
            (FLAGS, 1, 29305),
            (OCTETS, 8),
            (PACKETS, 8),
            (OCTETS, 8, 29305),
            (PACKETS, 8, 29305),
            (152, 8),
            (153, 8),
        ],
    )
    times = (START * 1000 - 5_000, START * 1000)
    rows = [
        template.record(LEFT, RIGHT, port, 443, 6, 0x1B, 0x12, 1_000 * port, port, 90_000 * port, 2 * port, *times)
        for port in (1, 2, 3)
    ]
    return sent([ipfix(START, 0, 1, template.ipfix(), template.data(*rows, pad=1))], 4739)


def withdrawn() -> Frames:
    """A template that is withdrawn and defined anew with another layout; one that is just redefined."""
    old = Template(420, [*FLOW4, (152, 8), (153, 8)])
    new = Template(
        420,
        [
            (153, 8),
            (152, 8),
            (PACKETS, 8),
            (OCTETS, 8),
            (DST4, 4),
            (SRC4, 4),
            (PROTOCOL, 1),
            (SRC_PORT, 2),
            (DST_PORT, 2),
        ],
    )
    end = START * 1000
    messages = [
        ipfix(START, 0, 1, old.ipfix(), old.data(old.record(*flow4(1), end - 900, end))),
        ipfix(START, 1, 1, old.withdrawal()),
        ipfix(START, 1, 1, new.ipfix(), new.data(new.record(end, end - 800, 3, 300, RIGHT, LEFT, 6, 2, 443), pad=1)),
        ipfix(START, 2, 1, old.ipfix(), old.data(old.record(*flow4(3), end - 700, end))),
    ]
    return sent(messages, 4739)


def sequence_gaps() -> Frames:
    """Numbers that jump, come twice, come late, and begin again after a restart, by v5, v9 and IPFIX."""
    record5 = ip(LEFT) + ip(RIGHT) + bytes(4) + u16(3, 4) + u32(7, 700, UPTIME_MS - 9_000, UPTIME_MS - 1_000)
    record5 += u16(1001, 80) + u8(0, 0x1B, 6, 0) + u16(64500, 64501) + u8(24, 25) + u16(0)
    five = [netflow5(START, UPTIME_MS, number, [record5] * 2, (0, 3), 1 << 14 | 10) for number in (0, 2, 10, 12, 8)]
    restarted = record5[:24] + u32(11_000, 19_000) + record5[32:]
    five.append(netflow5(START, 20_000, 0, [restarted], (0, 3), 1 << 14 | 10))
    template = Template(300, [*FLOW4, *SYSTEM_TIMES])
    data = template.data(template.record(*flow4(1), UPTIME_MS - 5_000, UPTIME_MS))
    nine = [netflow9(START, UPTIME_MS, number, 7, 2, template.netflow9(), data) for number in (1, 2, 5, 4, 6)]
    absolute = Template(301, [*FLOW4, (152, 8), (153, 8)])
    rows = [absolute.record(*flow4(1), START * 1000 - 900, START * 1000)] * 3
    ten = [ipfix(START, number, 1, absolute.ipfix(), absolute.data(*rows, pad=1)) for number in (0, 3, 12, 15)]
    return sent(five, 2055) + sent(nine, 2056) + sent(ten, 4739)


def times() -> Frames:
    """Every way to tell a flow's time: seconds, milli-, micro-, nanoseconds, system time, deltas, durations."""
    base = Template(500, FLOW4).fields
    rows: list[bytes] = []
    number = 500
    ntp = (START + 2_208_988_800) << 32
    start = START * 1000 - UPTIME_MS
    for elements in (
        ((150, 4, START - 9), (151, 4, START - 1)),
        ((152, 8, START * 1000 - 9_001), (153, 8, START * 1000 - 1_001)),
        ((154, 8, ntp - (9 << 32) + 0x40000000), (155, 8, ntp - (1 << 32) + 0x80000000)),
        ((156, 8, ntp - (9 << 32) + 0x40000001), (157, 8, ntp - (1 << 32) + 0x80000001)),
        ((158, 4, 9_000_000), (159, 4, 1_000_000)),
        ((22, 4, UPTIME_MS - 9_000), (21, 4, UPTIME_MS - 1_000), (160, 8, start)),
        ((152, 8, START * 1000 - 9_000), (161, 4, 8_000)),
    ):
        template = Template(number, [*base, *((element, length) for element, length, _ in elements)])
        values = [value for *_, value in elements]
        rows.append(
            ipfix(
                START, number - 500, 1, template.ipfix(), template.data(template.record(*flow4(number), *values), pad=1)
            )
        )
        number += 1
    return sent(rows, 4739)


def labels_and_nat() -> Frames:
    """MPLS labels, NAT and firewall events, routing, IPv6, ICMP in the destination port, packet sections, layer 2."""
    time = [(152, 8), (153, 8)]
    when = (START * 1000 - 900, START * 1000)
    labels = Template(600, [*FLOW4, (70, 3), (71, 3), (72, 3), *time])
    nat = Template(601, [*FLOW4[:5], (225, 4), (226, 4), (227, 2), (228, 2), (230, 1), (233, 1), (323, 8)])
    routing = Template(
        602,
        [
            *FLOW4,
            (IN_IF, 4),
            (OUT_IF, 4),
            (16, 4),
            (17, 4),
            (15, 4),
            (18, 4),
            (SRC_MASK, 1),
            (DST_MASK, 1),
            (61, 1),
            (89, 1),
            (136, 1),
            (TOS, 1),
            *time,
        ],
    )
    six = Template(
        603,
        [
            (SRC6, 16),
            (DST6, 16),
            (SRC_PORT, 2),
            (DST_PORT, 2),
            (PROTOCOL, 1),
            (LABEL6, 4),
            (29, 1),
            (30, 1),
            (62, 16),
            (139, 2),
            (OCTETS, 8),
            (PACKETS, 8),
            *time,
        ],
    )
    hidden = Template(
        604, [(SRC4, 4), (DST4, 4), (SRC_PORT, 2), (DST_PORT, 2), (PROTOCOL, 1), (OCTETS, 4), (PACKETS, 4), *time]
    )
    section = Template(605, [(410, 2), (315, VARIABLE), *time])
    packet = Template(606, [(313, 60), *time])
    layer2 = Template(607, [*FLOW4, (56, 6), (80, 6), (58, 2), (59, 2), (243, 2), (245, 2), (352, 8), *time])
    frame = ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, ipv4(LEFT, RIGHT, 17, udp(5353, 53, b"query")), [(0x8100, 12)])
    inner = ipv6(LEFT6, RIGHT6, 6, tcp(4000, 443, 0x02))
    messages = [
        (labels, labels.record(*flow4(1), 16 << 4, 17 << 4, 18 << 4 | 1, *when)),
        (nat, nat.record(*flow4(2)[:5], "192.0.2.10", "203.0.113.99", 40_001, 8_443, 4, 1, START * 1000)),
        (
            routing,
            routing.record(
                *flow4(3), 3, 4, 64_500, 64_501, "192.0.2.11", "192.0.2.12", 24, 25, 1, 0x40, 3, 0xB8, *when
            ),
        ),
        (six, six.record(LEFT6, RIGHT6, 0, 0, 58, 0xABCDE, 48, 64, "2001:db8::1", 0x8100, 104, 1, *when)),
        (hidden, hidden.record(LEFT, RIGHT, 0, 0x0303, 1, 84, 1, *when)),
        (section, section.record(len(frame), frame, *when)),
        (packet, packet.record(inner, *when)),
        (layer2, layer2.record(*flow4(8), MAC_LEFT, MAC_RIGHT, 12, 13, 12, 14, 5_098, *when)),
    ]
    return sent(
        [ipfix(START, number, 1, each.ipfix(), each.data(row, pad=1)) for number, (each, row) in enumerate(messages)],
        4739,
    )


def sflow_structures() -> Frames:
    """Expanded samples, router, gateway, NAT, MPLS; sampled Ethernet, IPv4, IPv6; a discard; unknown structures."""
    plain = ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, ipv4(LEFT, RIGHT, 6, tcp(1001, 8_077, 0x12, bytes(60)), tos=0xB8))
    router = structure(1002, u32(1) + ip("192.0.2.11") + u32(24, 25))
    segment = u32(1, 2, 2, 64_501, 64_502)
    gateway = structure(1003, u32(1) + ip("192.0.2.12") + u32(64_496, 64_500, 64_499) + segment + u32(1, 7, 100))
    switch = structure(1001, u32(12, 1, 13, 2))
    nat = structure(1007, u32(1) + ip("192.0.2.10") + u32(1) + ip("203.0.113.99"))
    nat_port = structure(1020, u32(40_001, 8_443))
    labels = structure(1006, u32(1) + ip("192.0.2.13") + u32(2, 16 << 12, 17 << 12 | 0x100) + u32(1, 18 << 12 | 0x100))
    unknown = structure(9_999, bytes(12)) + structure(4413 << 12 | 1, bytes(8))
    ether = structure(
        2,
        u32(900) + bytes.fromhex("00005e0053100000") + bytes.fromhex("00005e0053200000") + u32(0x86DD),
    )
    four = structure(3, u32(300, 17) + ip(LEFT) + ip(RIGHT) + u32(53, 5_353, 0, 0x20))
    six = structure(4, u32(400, 6) + ip(LEFT6) + ip(RIGHT6) + u32(4_000, 443, 0x02, 0))
    samples = [
        flow_sample(1, 3, 256, (3, 4), raw_header(plain, 1518), switch, router, gateway, pool=1_000, drops=5),
        flow_sample(2, 3, 256, (0x3FFFFFFF, 0x80000002), raw_header(plain), nat, nat_port, labels, unknown),
        flow_sample(3, 3, 0, (3, 0x40000102), raw_header(plain)),
        expanded_flow_sample(4, (0, 5), 512, (0, 70_000, 0, 70_001), raw_header(plain), router),
        flow_sample(5, 3, 256, (3, 4), ether),
        flow_sample(6, 3, 256, (3, 4), four),
        flow_sample(7, 3, 256, (3, 4), six),
        structure(5, u32(1, 0, 3, 2, 3, 0, 256, 1) + raw_header(plain)),
        structure(77, bytes(20)),
    ]
    return sent(
        [sflow("192.0.2.1", 7, 1, UPTIME_MS, *samples[:4]), sflow("2001:db8:2::1", 8, 1, UPTIME_MS, *samples[4:])], 6343
    )


def sflow_frames() -> Frames:
    """Frames in raw headers: stacked VLANs, MPLS, pseudowires, tunnels, fragments, extension headers, cut ones."""
    inner = ethernet(MAC_RIGHT, MAC_LEFT, 0x0800, ipv4("192.0.2.65", "192.0.2.66", 6, tcp(7, 8, 0x18)))
    four = ipv4(LEFT, RIGHT, 17, udp(5_353, 53, bytes(30)))
    six = ipv6(
        LEFT6,
        RIGHT6,
        0,
        u8(43, 0, 0, 0, 1, 2, 0, 0) + u8(17, 2, 0, 0) + bytes(20) + udp(1, 2, b""),
        label=0xABCDE,
        traffic=0x20,
    )
    later = ipv4(LEFT, RIGHT, 17, bytes(80), identification=99, fragment=185)
    gre = ipv4(LEFT, RIGHT, 47, u16(0x2000, 0x0800) + u32(1234) + ipv4("192.0.2.65", "192.0.2.66", 1, icmp(8, 0)))
    geneve = ipv4(LEFT, RIGHT, 17, udp(4_000, 6_081, u16(0, 0x6558) + u32(4_321 << 8) + inner))
    frames = [
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, four, [(0x8100, 0x2000 | 12)]),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, four, [(0x88A8, 200), (0x8100, 12)]),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x8847, mpls([2000, 1000], four)),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x8847, mpls([30], u32(0) + inner)),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x8847, mpls([31], inner)),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, ipv4(LEFT, RIGHT, 17, udp(4_000, 4_789, vxlan(5_001, inner)))),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, geneve),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, gre),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, ipv4(LEFT, RIGHT, 4, four)),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, ipv4(LEFT, RIGHT, 41, ipv6(LEFT6, RIGHT6, 58, icmp(128, 0)))),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x86DD, six),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, later),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0806, u16(1, 0x0800) + u8(6, 4) + bytes(22)),
        ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, four)[:40],
    ]
    samples = [flow_sample(number, 3, 100, (3, 4), raw_header(frame, 1_000)) for number, frame in enumerate(frames, 1)]
    return sent([sflow("192.0.2.1", 7, 1 + place, UPTIME_MS, *samples[place : place + 7]) for place in (0, 7)], 6343)


def transport() -> Frames:
    """An IPFIX stream as it may cross a network: plain, behind one tag, two tags, over IPv6, in fragments."""
    template = Template(300, [*FLOW4, (152, 8), (153, 8)])
    rows = [template.record(*flow4(port), START * 1000 - 900, START * 1000) for port in range(1, 61)]
    messages = [
        ipfix(START, 10 * number, 1, template.ipfix(), template.data(*rows[10 * number : 10 * number + 10], pad=1))
        for number in range(6)
    ]
    plain = [datagram(each, 4739) for each in messages]
    tagged = [
        plain[1][:12] + u16(0x8100, 12) + plain[1][12:],
        plain[2][:12] + u16(0x88A8, 200, 0x8100, 12) + plain[2][12:],
    ]
    over6 = datagram(messages[3], 4739, src="2001:db8:2::1", dst="2001:db8:2::2")
    whole = udp(50_000, 4739, messages[4])
    cuts = [(0, 200), (200, 320), (320, len(whole))]
    pieces = [
        ipv4(
            "192.0.2.1",
            "192.0.2.2",
            17,
            whole[begin:end],
            identification=77,
            fragment=(0x2000 if end < len(whole) else 0) | begin // 8,
        )
        for begin, end in cuts
    ]
    fragments = [ethernet("00:00:5e:00:53:01", "00:00:5e:00:53:02", 0x0800, pieces[place]) for place in (1, 2, 0)]
    return [plain[0], *tagged, over6, *fragments, plain[5]]


def damaged() -> Frames:
    """Good datagrams between bad ones: cut, lying about lengths and counts, of other versions, of none."""
    template = Template(300, [*FLOW4, (152, 8), (153, 8)])
    row = template.record(*flow4(1), START * 1000 - 900, START * 1000)
    good = ipfix(START, 0, 1, template.ipfix(), template.data(row, pad=1))
    sample = flow_sample(
        1, 3, 256, (3, 4), raw_header(ethernet(MAC_LEFT, MAC_RIGHT, 0x0800, ipv4(LEFT, RIGHT, 17, udp(1, 2, b""))))
    )
    whole = sflow("192.0.2.1", 7, 1, UPTIME_MS, sample)
    messages = [
        good,
        good[:-5],
        good[:10],
        ipfix(START, 1, 1, ipfix_set(300, row)[:2] + u16(3) + row),
        ipfix(START, 1, 1, u16(300, 60_000) + row),
        ipfix(START, 1, 1, ipfix_set(2, u16(301, 65_535) + u16(1, 4) * 3)),
        ipfix(START, 1, 1, ipfix_set(2, u16(302, 2, 1, 0, 2, 0)), u16(302, 12) + bytes(8)),
        netflow9(START, UPTIME_MS, 1, 7, 65_535, ipfix_set(0, u16(303, 1, 1, 4))),
        netflow5(START, UPTIME_MS, 0, [])[:2] + u16(2_000) + bytes(20),
        u16(7, 1) + bytes(80),
        b"",
        b"\0" * 64,
        b"GET / HTTP/1.0\r\n\r\n",
        whole[:-7],
        sflow("192.0.2.1", 7, 2, UPTIME_MS, *([b""] * 0))[:-4] + u32(0xFFFFFFFF),
        sflow("192.0.2.1", 7, 3, UPTIME_MS, u32(1, 0xFFFFFFF0) + bytes(40)),
        whole,
        good,
    ]
    return sent(messages, 4739)


CAPTURES: dict[str, Callable[[], Frames]] = {
    "odd_biflow": biflow,
    "odd_damaged": damaged,
    "odd_labels_and_nat": labels_and_nat,
    "odd_options_only": options_only,
    "odd_rate_late": rate_late,
    "odd_sequence_gaps": sequence_gaps,
    "odd_sflow_frames": sflow_frames,
    "odd_sflow_structures": sflow_structures,
    "odd_template_late": template_late,
    "odd_times": times,
    "odd_transport": transport,
    "odd_two_samplers": two_samplers,
    "odd_variable_length": variable_length,
    "odd_withdrawn": withdrawn,
}


def built(name: str) -> bytes:
    """Return the file of a capture, with a frame each 100 ms."""
    return pcap((START + 0.1 * place, frame) for place, frame in enumerate(CAPTURES[name]()))


def main() -> None:
    """Write all of them."""
    for name in CAPTURES:
        (HERE / f"{name}.pcap").write_bytes(built(name))


if __name__ == "__main__":
    main()
