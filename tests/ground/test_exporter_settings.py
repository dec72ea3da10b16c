"""Settings of listeners and exporters: what addresses mean, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from viflux.errors import UsageError
from viflux.settings import Settings, load
from viflux.settings.address import network, udp_addresses
from viflux.supervisor.addresses import export_listeners


def three(*said: str) -> str:
    """Return entries for an address, for it, and for it again in another form."""
    addresses = ("192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1")
    entries = (f'{{address = "{address}", {part}}}' for address, part in zip(addresses, said, strict=True))
    return f"exporters.known=[{', '.join(entries)}]"


def settings_of(*assignments: str) -> Settings:
    return load(environment={}, assignments=assignments)[0]


def test_listeners_are_off_until_named() -> None:
    """Nothing listens by default, and an empty text turns a listener off again."""
    assert export_listeners(settings_of()) == {}
    assert export_listeners(settings_of("sflow.listen=6343", "sflow.listen=")) == {}


def test_a_bare_port_means_loopback() -> None:
    """Leaving loopback needs an address; several are separated by commas, IPv6 has brackets."""
    assert udp_addresses("6343, 192.0.2.1:6343,[::1]:9995") == [
        ("127.0.0.1", 6343),
        ("192.0.2.1", 6343),
        ("::1", 9995),
    ]
    heard = export_listeners(settings_of("sflow.listen=6343", "netflow.listen=[::]:2055"))
    assert heard == {"sflow.listen": ["127.0.0.1:6343"], "netflow.listen": ["[::]:2055"]}


def test_networks_have_address_and_length() -> None:
    """A single address is a network of itself."""
    assert network("192.0.2.0/24") == ("192.0.2.0", 24)
    assert network("2001:db8::/32") == ("2001:db8::", 32)
    assert network("192.0.2.7") == ("192.0.2.7", 32)


@pytest.mark.parametrize(
    ("assignments", "parts"),
    [
        (["sflow.listen=collector:6343"], ["sflow.listen", "'collector:6343'", "127.0.0.1:6343"]),
        (["sflow.listen=::1:6343"], ["sflow.listen", "[IPV6]:PORT"]),
        (["ipfix.listen=70000"], ["ipfix.listen", "'70000'"]),
        (["ipfix.listen=0"], ["ipfix.listen", "'0'"]),
        (["netflow.listen=2055,2055"], ["netflow.listen", "2055 comes twice"]),
        (["sflow.listen=6343", "ipfix.listen=127.0.0.1:6343"], ["ipfix.listen", "sflow.listen names the same"]),
        (["exporters.allow=192.0.2.0/24,nobody"], ["exporters.allow[1]", "'nobody'"]),
        (["exporters.allow=192.0.2.1/24"], ["exporters.allow[0]", "host bits"]),
        (["exporters.queue_bytes=1KiB"], ["exporters.queue_bytes", "256KiB to 4GiB"]),
        (["exporters.receive_buffer=2GiB"], ["exporters.receive_buffer", "64KiB to 1GiB"]),
        (["exporters.park_time=1h"], ["exporters.park_time", "10m"]),
        (["exporters.sockets=0"], ["exporters.sockets"]),
        (["exporters.known=nobody"], ["exporters.known", "expected tables such as"]),
        (['exporters.known=[{address = "nobody"}]'], ["exporters.known[0].address", "'nobody'"]),
        (['exporters.known=[{adress = "192.0.2.1"}]'], ["exporters.known[0]", "adress"]),
        (['exporters.known=[{address = "192.0.2.1", sampling_rate = 0}]'], ["exporters.known[0].sampling_rate"]),
        (['exporters.known=[{address = "192.0.2.1", interfaces = "x"}]'], ["exporters.known[0].interfaces"]),
        (['exporters.known=[{address = "192.0.2.1", direction = "in"}]'], ["exporters.known[0].direction"]),
        (
            ['exporters.known=[{address = "::1", direction = "told"}, {address = "::1", direction = "unknown"}]'],
            ["exporters.known[1].direction: 'unknown' contradicts exporters.known[0].direction, 'told'"],
        ),
        (
            [three("sampling_rate = 10", "domain = 1, sampling_rate = 30", "sampling_rate = 20")],
            ["exporters.known[2].sampling_rate: 20.0 contradicts exporters.known[0].sampling_rate, 10.0"],
        ),
        (
            [three('port = 5, name = "a"', "port = 5", 'domain = 7, name = "b"')],
            ["exporters.known[2].name: 'b' contradicts exporters.known[0].name, 'a'"],
        ),
        (
            [three("interface = 3, sampling_rate = 5", "sampling_rate = 7", "interface = 3, sampling_rate = 6")],
            ["exporters.known[2].sampling_rate: 6.0 contradicts exporters.known[0].sampling_rate, 5.0"],
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_path(assignments: list[str], parts: list[str]) -> None:
    """Place, path, what was expected, what was got."""
    with pytest.raises(UsageError) as refused:
        settings_of(*assignments)
    for part in ["--set", *parts]:
        assert part in str(refused.value)


def test_entries_that_name_an_exporter_more_closely_contradict_nothing() -> None:
    """An exception for a port, domain or interface, the same said twice, and what one says and the other leaves out."""
    entry = '{{address = "192.0.2.1", {}}}'
    said = ("sampling_rate = 1", "sampling_rate = 1", 'name = "a"', "port = 5, sampling_rate = 2")
    said += (
        "port = 6, sampling_rate = 3",
        "port = 5, domain = 1, sampling_rate = 4",
        "interface = 3, sampling_rate = 5",
    )
    settings = settings_of(f"exporters.known=[{', '.join(entry.format(part) for part in said)}]")
    assert len(settings.exporters.known) == len(said)


def test_known_exporters_are_tables_in_a_file(tmp_path: Path) -> None:
    """A file has one table an entry; a flag has them in one line; both mean the same."""
    path = tmp_path / "viflux.toml"
    path.write_text('[[exporters.known]]\naddress = "192.0.2.1"\ndomain = 7\nsampling_rate = 100\n', encoding="utf-8")
    from_file = load(config=path, environment={})[0]
    from_flag = settings_of('exporters.known=[{address = "192.0.2.1", domain = 7, sampling_rate = 100}]')
    assert from_file.exporters.known == from_flag.exporters.known
    assert from_file.exporters.known[0].sampling_rate == 100.0
    path.write_text('[[exporters.known]]\naddress = "192.0.2.1"\nsampling_rate = 0.5\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"exporters.known\[0\].sampling_rate"):
        load(config=path, environment={})
