"""The records of each probe are the same in the header, in the built object and in Rust."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from collectors.ebpf.records import Record, records

ROOT = Path(__file__).resolve().parents[2]
PROBES = {"flow": 11, "drop": 6}
"""Each probe with the number of its records."""


class Built(NamedTuple):
    """What a committed object says."""

    probe: str
    records: tuple[Record, ...]


@pytest.fixture(scope="module", params=PROBES)
def built(request: pytest.FixtureRequest) -> Built:
    """Each probe's records."""
    probe: str = request.param
    found = records((ROOT / f"collectors/ebpf/{probe}/{probe}.bpf.o").read_bytes(), f"viflux_{probe}")
    assert len(found) == PROBES[probe]
    return Built(probe, found)


def test_rust_is_what_the_object_says(built: Built) -> None:
    """Each struct of Rust has the size, and each of its members the offset, that the compiler gave it."""
    text = (ROOT / f"collectors/native/wire/src/{built.probe}_record.rs").read_text(encoding="utf-8")
    for record in built.records:
        _, _, rest = text.partition(f"/// `struct {record.name}`.\n")
        assert rest, record.name
        (size,) = re.findall(r"pub const SIZE: usize = (\d+);", rest.partition("\n}\n\n/// ")[0])[:1]
        assert int(size) == record.size
        layout = rest.partition("LAYOUT")[2].partition("] = [")[2].partition("];")[0]
        told = re.findall(r'\(\s*"(\w+)",\s*(\d+),\s*(\d+),?\s*\)', layout)
        expected = [(member.name, member.offset, member.width * max(1, member.count)) for member in record.members]
        assert [(name, int(offset), int(width)) for name, offset, width in told] == expected
        reads = dict(re.findall(r"(\w+): .*part\(bytes, (\d+)\)", rest.partition("fn read")[2].partition("\n}\n")[0]))
        assert {name: int(offset) for name, offset in reads.items()} == {
            member.name: member.offset for member in record.members if member.name != "padding"
        }


def test_the_object_is_of_the_header_as_it_is_now(built: Built, tmp_path: Path) -> None:
    """This machine's own compiler lays the header's structs out as they lie in the object, without holes."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    lines = ["#include <stddef.h>", "#include <stdio.h>", f'#include "{built.probe}.h"', "int main(void) {"]
    for record in built.records:
        lines.append(f'printf("{record.name} %zu", sizeof(struct {record.name}));')
        for member in record.members:
            here = f"struct {record.name}"
            width = f"sizeof((({here} *)0)->{member.name})"
            lines.append(f'printf(" {member.name}:%zu:%zu", offsetof({here}, {member.name}), {width});')
        lines.append('printf("\\n");')
    (tmp_path / "layout.c").write_text("\n".join([*lines, "}"]), encoding="utf-8")
    subprocess.run(
        ["cc", f"-I{ROOT}/collectors/ebpf/{built.probe}", str(tmp_path / "layout.c"), "-o", str(tmp_path / "layout")],
        check=True,
    )
    told = subprocess.run([str(tmp_path / "layout")], capture_output=True, text=True, check=True).stdout.splitlines()
    for line, record in zip(told, built.records, strict=True):
        members = [f"{one.name}:{one.offset}:{one.width * max(1, one.count)}" for one in record.members]
        assert line.split() == [record.name, str(record.size), *members]
        assert sum(one.width * max(1, one.count) for one in record.members) == record.size, "a hole of unknown bytes"
