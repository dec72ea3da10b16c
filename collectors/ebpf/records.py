"""Render the records of a probe as Rust, out of the type information (BTF) that its object carries.

`python -m collectors.ebpf.records collectors/ebpf/flow/flow.bpf.o viflux_flow` prints `wire/src/flow_record.rs`. The
compiler wrote the layout of each struct of the header into the object, so what is rendered is what the program and the
kernel use.
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC = 0xEB9F
# Kinds of BTF types (linux/btf.h).
_INT, _POINTER, _ARRAY, _STRUCT, _UNION, _ENUM = 1, 2, 3, 4, 5, 6
_TYPEDEF, _FUNC_PROTO, _VAR, _DATASEC, _DECL_TAG, _ENUM64 = 8, 13, 14, 15, 17, 19
_MODIFIERS = (_TYPEDEF, 9, 10, 11, 18)


@dataclass(frozen=True)
class Member:
    """One member of a record.

    Attributes:
        name: As in the header.
        offset: In bytes.
        width: Bytes of one element.
        count: Elements of an array; 0 where it is none.
        record: Name of the record that it is; empty for numbers.
    """

    name: str
    offset: int
    width: int
    count: int
    record: str = ""

    @property
    def rust(self) -> str:
        """Return its type in Rust."""
        if self.record:
            return _name(self.record)
        element = f"u{8 * self.width}"
        return f"[{element}; {self.count}]" if self.count else element


@dataclass(frozen=True)
class Record:
    """One struct of a header.

    Attributes:
        name: As in the header.
        size: In bytes.
        members: In order.
    """

    name: str
    size: int
    members: tuple[Member, ...]


@dataclass(frozen=True)
class _Type:
    name: str
    kind: int
    count: int
    size_or_type: int
    extra: bytes


def section(elf: bytes, name: str) -> bytes:
    """Return the content of a section of a 64-bit little-endian ELF file.

    Raises:
        ValueError: There is no such section.
    """
    (headers,) = struct.unpack_from("<Q", elf, 0x28)
    size, number, names_at = struct.unpack_from("<HHH", elf, 0x3A)
    places = [struct.unpack_from("<IIQQQQ", elf, headers + size * at) for at in range(number)]
    names = places[names_at][4]
    for place in places:
        start = names + place[0]
        if elf[start : elf.index(b"\0", start)].decode() == name:
            return elf[place[4] : place[4] + place[5]]
    raise ValueError(f"the object has no section {name}")


def _types(btf: bytes) -> Iterator[_Type]:
    magic, _, _, header, types_at, types_size, texts_at, _ = struct.unpack_from("<HBBIIIII", btf)
    if magic != _MAGIC:
        raise ValueError("the section .BTF is none")
    texts = header + texts_at
    at, end = header + types_at, header + types_at + types_size
    widths = {_STRUCT: 12, _UNION: 12, _ENUM: 8, _FUNC_PROTO: 8, _DATASEC: 12, _ENUM64: 12}
    once = {_INT: 4, _ARRAY: 12, _VAR: 4, _DECL_TAG: 4}
    while at < end:
        name, info, size_or_type = struct.unpack_from("<III", btf, at)
        kind, count = info >> 24 & 0x1F, info & 0xFFFF
        length = widths.get(kind, 0) * count + once.get(kind, 0)
        start = texts + name
        yield _Type(
            name=btf[start : btf.index(b"\0", start)].decode(),
            kind=kind,
            count=count,
            size_or_type=size_or_type,
            extra=btf[at + 12 : at + 12 + length] + texts.to_bytes(4, "little"),
        )
        at += 12 + length


def records(elf: bytes, prefix: str) -> tuple[Record, ...]:
    """Return the records in an object whose names begin with `prefix`, without those that only the program knows.

    Raises:
        ValueError: The object carries no type information, or a member is of a type that records do not have.
    """
    btf = section(elf, ".BTF")
    types = [None, *_types(btf)]

    def shape(of: int) -> tuple[int, int, str]:
        found = types[of]
        while found is not None and found.kind in _MODIFIERS:
            found = types[found.size_or_type]
        if found is not None and found.kind == _INT:
            return found.size_or_type, 0, ""
        if found is not None and found.kind == _STRUCT and found.name.startswith(prefix):
            return found.size_or_type, 0, found.name
        if found is not None and found.kind == _ARRAY:
            element, _, count = struct.unpack_from("<III", found.extra)
            return shape(element)[0], count, ""
        raise ValueError("a record has a member that is neither a number, nor an array of them, nor a record")

    found = []
    for item in types:
        if item is None or item.kind != _STRUCT or not item.name.startswith(prefix):
            continue
        (texts,) = struct.unpack("<I", item.extra[-4:])
        members = []
        for at in range(item.count):
            name, of, bits = struct.unpack_from("<III", item.extra, 12 * at)
            width, count, record = shape(of)
            text = btf[texts + name : btf.index(b"\0", texts + name)].decode()
            members.append(Member(text, bits // 8, width, count, record))
        found.append(Record(item.name, item.size_or_type, tuple(members)))
    return tuple(found)


def render(elf: bytes, prefix: str) -> str:
    """Return the Rust source."""
    head = (
        "//! Records of a probe, rendered from its object by `make probes`. Do not edit.\n\n"
        "/// The bytes at a place of a record.\n"
        "fn part<const LENGTH: usize, const SIZE: usize>(bytes: &[u8; SIZE], offset: usize) -> [u8; LENGTH] {\n"
        "    let mut part = [0; LENGTH];\n"
        "    part.copy_from_slice(&bytes[offset..offset + LENGTH]);\n"
        "    part\n"
        "}\n"
    )
    return head + "".join(_record(record) for record in sorted(records(elf, prefix), key=lambda one: one.name))


def _record(record: Record) -> str:
    name = _name(record.name)
    shown = [member for member in record.members if member.name != "padding"]
    fields = "".join(f"    pub {member.name}: {member.rust},\n" for member in shown)
    reads = "".join(f"            {member.name}: {_read(member)},\n" for member in shown)
    layout = ", ".join(
        f'("{member.name}", {member.offset}, {member.width * max(1, member.count)})' for member in record.members
    )
    return f"""
/// `struct {record.name}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct {name} {{
{fields}}}

impl {name} {{
    /// Bytes of a record.
    pub const SIZE: usize = {record.size};
    /// Name, offset and bytes of each member, in order.
    pub const LAYOUT: [(&'static str, usize, usize); {len(record.members)}] = [{layout}];

    /// Read a record as it lies in this machine's memory.
    pub fn read(bytes: &[u8; Self::SIZE]) -> Self {{
        Self {{
{reads}        }}
    }}
}}
"""


def _name(record: str) -> str:
    return "".join(word.capitalize() for word in record.removeprefix("viflux_").split("_"))


def _read(member: Member) -> str:
    if member.record:
        return f"{member.rust}::read(&part(bytes, {member.offset}))"
    if member.count:
        if member.width != 1:
            raise ValueError(f"{member.name}: only arrays of bytes are read")
        return f"part(bytes, {member.offset})"
    return f"{member.rust}::from_ne_bytes(part(bytes, {member.offset}))"


if __name__ == "__main__":
    sys.stdout.write(render(Path(sys.argv[1]).read_bytes(), sys.argv[2]))
