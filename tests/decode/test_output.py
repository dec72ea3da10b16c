"""Rows come out the same in every form, under the registry's names, with every key, as values are meant to be read."""

from __future__ import annotations

import csv
import io
import ipaddress
import itertools
import re
from pathlib import Path

import pyarrow as pa
import pytest

from collectors._native import DecodeFiles
from tests.captures import build
from tests.captures.build import FLOW4, START, ipfix, ipfix_set, sent
from tests.captures.datagrams import pcap
from tests.decode.decoding import CAPTURES, decode, read
from viflux.registry.kinds import KINDS

RICH = [
    CAPTURES / f"{name}.pcap" for name in ("odd_labels_and_nat", "odd_sflow_frames", "softflowd_ipfix_ether", "ovs_v5")
]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


def test_json_lines_have_the_keys_of_the_registry_in_its_order() -> None:
    """Each row has each key; what the exporter did not tell is null."""
    rows = decode(*RICH).rows
    assert len(rows) > 100
    for row in rows:
        assert tuple(row) == KINDS["flows"].record
    assert any(row["src_as"] is None for row in rows)
    assert all(TIME.fullmatch(row["received_time"]) for row in rows)
    assert {row["source_kind"] for row in rows} == {"netflow5", "ipfix", "sflow"}
    assert all(re.fullmatch(r"[0-9a-f]{16}", row["vif_id"]) for row in rows if row["vif_id"] is not None)
    assert any(re.fullmatch(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", row["src_mac"] or "") for row in rows)
    assert any(row["mpls_labels"] for row in rows)
    addresses = [row[name] for row in rows for name in ("src_address", "inner_dst_address") if row[name] is not None]
    assert all(str(ipaddress.ip_address(address)) == address for address in addresses)
    assert {ipaddress.ip_address(address).version for address in addresses} == {4, 6}
    rates = {row["sampling_rate"] for row in rows if row["sampling_rate"] is not None}
    assert rates
    assert all(isinstance(rate, int) for rate in rates)


def test_csv_has_the_same_values_as_json_lines() -> None:
    """A missing value is an empty field, a list is JSON."""
    rows = decode(*RICH).rows
    table = list(csv.DictReader(io.StringIO(decode(*RICH, "--format", "csv").out.decode())))
    assert len(table) == len(rows)
    for row, line in zip(rows, table, strict=True):
        shown = {name: "" if value is None else str(value).replace(" ", "") for name, value in row.items()}
        assert line == shown


def test_arrow_has_all_columns_and_the_same_rows(tmp_path: Path) -> None:
    """The stream has one schema from the first batch to the last; columns that nobody told are null."""
    path = tmp_path / "rows.arrows"
    done = decode(*RICH, "--format", "arrow", "--output", path)
    assert (done.code, done.out) == (0, b"")
    with pa.OSFile(str(path)) as file:
        table = pa.ipc.open_stream(file).read_all()
    table.validate(full=True)
    assert tuple(table.column_names) == KINDS["flows"].record
    rows = decode(*RICH).rows
    assert table.num_rows == len(rows)
    for name in (
        "bytes",
        "packets",
        "protocol",
        "src_port",
        "in_if_index",
        "tcp_flags",
        "vni",
        "tunnel",
        "sampling_origin",
    ):
        values = [value or None if name == "tunnel" else value for value in table.column(name).to_pylist()]
        assert values == [row[name] for row in rows], name
    mapped = [ipaddress.IPv6Address(value) for value in table.column("src_address").drop_null().to_pylist()]
    texts = [str(address.ipv4_mapped or address) for address in mapped]
    assert texts == [row["src_address"] for row in rows if row["src_address"] is not None]
    assert table.column("received_time").type == pa.timestamp("ns", tz="UTC")


def test_batches_go_to_pyarrow_without_a_copy() -> None:
    """The capsules of a batch are the Arrow C data interface, and all batches have one schema."""
    batches = list(DecodeFiles([str(file) for file in RICH], rows=10))
    assert len(batches) > 3
    tables = [pa.record_batch(batch) for batch in batches]
    table = pa.Table.from_batches(tables)
    table.validate(full=True)
    assert table.num_rows == sum(len(batch) for batch in batches)
    first = pa.record_batch(batches[0])
    for name in ("received_time", "exporter_address"):
        assert first.column(name).buffers()[1].address == tables[0].column(name).buffers()[1].address
    part = pa.record_batch(batches[0].slice(2, 3))
    assert part.equals(tables[0].slice(2, 3))


def test_columns_limit_and_output(tmp_path: Path) -> None:
    """Columns come in the order asked for, rows end at the limit, and a file gets them instead of stdout."""
    path = tmp_path / "rows.csv"
    words = ["--columns", "dst_port,src_address", "--limit", "3", "--format", "csv", "--output", path]
    done = decode(CAPTURES / "softflowd_v5.pcap", *words)
    assert (done.code, done.out) == (0, b"")
    lines = path.read_text().splitlines()
    assert lines[0] == "dst_port,src_address"
    assert len(lines) == 4
    assert done.err.startswith("datagrams ")
    assert decode(CAPTURES / "softflowd_v5.pcap", "--limit", "0", "--quiet").out == b""


def test_a_table_is_for_people() -> None:
    """Aligned columns, milliseconds, null for what is missing; one line of names and one of rules before the rows."""
    done = decode(CAPTURES / "softflowd_ipfix.pcap", "--format", "table", "--limit", "5")
    lines = done.out.decode().splitlines()
    assert len(lines) == 7
    assert lines[0].split()[:4] == ["src_address", "src_port", "dst_address", "dst_port"]
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3}Z", lines[2])
    assert set(lines[1]) == {"─", " "}


@pytest.mark.parametrize(
    ("name", "records", "count", "expected"),
    [
        ("odd_options_only", "options", 5, {"exporter_address": "192.0.2.1"}),
        ("odd_two_samplers", "options", 4, {}),
        ("odd_sflow_structures", "drops", 1, {"reason_code": 256, "src_address": "198.51.100.10"}),
        ("ovs_sflow", "flows", 326, {"source_kind": "sflow"}),
    ],
)
def test_each_kind_of_records(name: str, records: str, count: int, expected: dict[str, object]) -> None:
    """What else exporters send is printed too, on demand."""
    rows, failures = read([CAPTURES / f"{name}.pcap"], records)
    assert failures == []
    assert len(rows) == count
    assert {key: rows[0][key] for key in expected} == expected


def test_options_have_names_and_values() -> None:
    """Elements have the names of the IANA registry, scopes of v9 those of RFC 3954, and unknown ones their numbers."""
    rows, _ = read([CAPTURES / "softflowd_ipfix.pcap"], "options")
    (row,) = rows
    assert row["scope"].keys() == {"meteringProcessId"}
    assert row["fields"]["samplingPacketInterval"] == "1"
    assert row["fields"]["interfaceName"] == "tapl"
    rows, _ = read([CAPTURES / "odd_two_samplers.pcap"], "options")
    assert rows[0]["scope"] == {"system": "0"}
    assert rows[0]["fields"] == {"samplerId": "1", "samplerMode": "2", "samplerRandomInterval": "100"}


def test_counters_of_sflow_are_deltas() -> None:
    """The first sample of an interface begins, the next ones say what was added."""
    rows, _ = read([CAPTURES / "ovs_sflow.pcap"], "counters")
    assert rows
    by_vif: dict[str, list[dict[str, int]]] = {}
    for row in rows:
        by_vif.setdefault(row["vif_id"], []).append(row)
    for readings in by_vif.values():
        for before, after in itertools.pairwise(readings):
            assert after["rx_bytes"] == after["rx_bytes_total"] - before["rx_bytes_total"]
    assert any(len(readings) > 1 for readings in by_vif.values())
    places = {(row["exporter_address"], row["observation_domain_id"], row["ifindex"]) for row in rows}
    assert len(places) == len(by_vif)
    assert None not in {part for place in places for part in place}


def test_raw_elements_are_kept_on_demand() -> None:
    """Elements that no column takes are there by number, and only when they were asked for."""
    path = CAPTURES / "odd_variable_length.pcap"
    assert all(row["raw_elements"] is None for row in decode(path).rows)
    kept = [row["raw_elements"] for row in decode(path, "--raw-elements").rows if row["raw_elements"]]
    assert kept
    assert all(re.fullmatch(r"\d+/\d+", key) for elements in kept for key in elements)


def test_what_the_settings_say_of_exporters_holds(tmp_path: Path) -> None:
    """A configured rate is on the rows, with its origin; the rest of the file is as without."""
    settings = tmp_path / "viflux.toml"
    settings.write_text('[[exporters.known]]\naddress = "192.0.2.1"\nsampling_rate = 512.0\n')
    rows = decode(CAPTURES / "softflowd_v5.pcap", "--config", settings).rows
    assert {(row["sampling_rate"], row["sampling_origin"]) for row in rows} == {(512, "configured")}
    assert {row["sampling_origin"] for row in decode(CAPTURES / "softflowd_v5.pcap").rows} == {"unknown"}


def test_ports_are_chosen(tmp_path: Path) -> None:
    """With --port, datagrams to other ports are passed over and counted."""
    template = ipfix_set(2, build.u16(300, len(FLOW4)) + b"".join(build.u16(*field) for field in FLOW4))
    message = ipfix(START, 0, 1, template)
    path = tmp_path / "ports.pcap"
    path.write_bytes(pcap((START, frame) for frame in [*sent([message], 4739), *sent([b"dns"], 53)]))
    assert "undecodable 1" in decode(path).err
    done = decode(path, "--port", "4739")
    assert "datagrams 1, rows 0, undecodable 0" in done.err
    assert "to other ports 1" in done.err


def test_faults_name_their_packet_and_byte() -> None:
    """--errors has a row for each datagram that could not be decoded, parked ones included, and exits with 0."""
    done = decode("--errors", CAPTURES / "odd_damaged.pcap")
    assert done.code == 0
    rows = done.rows
    numbers = [row["packet_number"] for row in rows]
    assert set(numbers) == set(range(2, 17))
    assert all(row["file"] == str(CAPTURES / "odd_damaged.pcap") for row in rows)
    by_number = {row["packet_number"]: row for row in rows}
    short = by_number[3]
    assert (short["protocol"], short["layer"], short["reason"]) == ("ipfix", "message header", "short")
    assert (short["offset"], short["needed"], short["present"]) == (0, 16, 10)
    assert short["sample"] == "000a006a6afd86c00000"
    assert by_number[13]["sample"].startswith(b"GET /".hex())
    parked = [row for row in rows if row["reason"] == "template"]
    assert [row["packet_number"] for row in parked] == [7]
