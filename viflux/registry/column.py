"""What a column is, and how each of its types looks in Arrow, in Rust and in ClickHouse."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Form:
    """One type in the three languages.

    Attributes:
        clickhouse: Type in DDL.
        arrow: Type as Rust source, `DataType::…`.
        rust: Element type of the column's vector in the generated Rust struct.
        codec: Default ClickHouse codec, empty for the server's own.
        shown: How a value is printed where not as it is stored: `mac` is aa:bb:cc:dd:ee:ff.
    """

    clickhouse: str
    arrow: str
    rust: str
    codec: str = ""
    shown: str = ""


_TIME_ARROW = 'DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))'


class Type(Enum):
    """The column types that Viflux uses. Nullable only where no value is impossible: nulls make merges dearer."""

    TIME = Form("DateTime64(9, 'UTC')", _TIME_ARROW, "i64", "DoubleDelta, ZSTD(1)")
    TIME_OR_NULL = Form("Nullable(DateTime64(9, 'UTC'))", _TIME_ARROW, "Option<i64>")
    UINT64 = Form("UInt64", "DataType::UInt64", "u64", "ZSTD(1)")
    COUNT = Form("UInt64", "DataType::UInt64", "u64", "T64, ZSTD(1)")
    COUNT_OR_NULL = Form("Nullable(UInt64)", "DataType::UInt64", "Option<u64>", "T64, ZSTD(1)")
    TOTAL = Form("UInt64", "DataType::UInt64", "u64", "Delta, ZSTD(1)")
    UINT32 = Form("UInt32", "DataType::UInt32", "u32")
    UINT32_OR_NULL = Form("Nullable(UInt32)", "DataType::UInt32", "Option<u32>")
    UINT8 = Form("UInt8", "DataType::UInt8", "u8")
    UINT8_OR_NULL = Form("Nullable(UInt8)", "DataType::UInt8", "Option<u8>")
    UINT16_OR_NULL = Form("Nullable(UInt16)", "DataType::UInt16", "Option<u16>")
    UINT16 = Form("UInt16", "DataType::UInt16", "u16")
    INT32 = Form("Int32", "DataType::Int32", "i32")
    INT64_OR_NULL = Form("Nullable(Int64)", "DataType::Int64", "Option<i64>", "ZSTD(1)")
    INT64 = Form("Int64", "DataType::Int64", "i64", "ZSTD(1)")
    FLOAT64 = Form("Float64", "DataType::Float64", "f64", "ZSTD(1)")
    FLOAT64_OR_NULL = Form("Nullable(Float64)", "DataType::Float64", "Option<f64>", "ZSTD(1)")
    BOOL = Form("Bool", "DataType::Boolean", "bool")
    TEXT = Form("String", "DataType::Utf8", "String", "ZSTD(1)")
    LABEL = Form("LowCardinality(String)", "DataType::Utf8", "Cow<'static, str>")
    CODE = Form(
        "LowCardinality(String)",
        "DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8))",
        "u8",
    )
    MAC = Form("UInt64", "DataType::UInt64", "u64", "ZSTD(1)", shown="mac")
    ADDRESS = Form("IPv6", "DataType::FixedSizeBinary(16)", "[u8; 16]", "ZSTD(1)")
    ADDRESSES = Form(
        "Array(IPv6)",
        'DataType::List(Arc::new(Field::new("item", DataType::FixedSizeBinary(16), false)))',
        "Vec<[u8; 16]>",
    )
    LENGTHS = Form("Array(UInt8)", 'DataType::List(Arc::new(Field::new("item", DataType::UInt8, false)))', "Vec<u8>")
    TAGS = Form(
        "Array(UInt32)",
        'DataType::List(Arc::new(Field::new("item", DataType::UInt32, false)))',
        "Vec<u32>",
        "ZSTD(1)",
    )
    ELEMENTS = Form(
        "Map(LowCardinality(String), String)",
        "crate::wide::elements_type()",
        "crate::column::RawElement",
        "ZSTD(1)",
    )


@dataclass(frozen=True)
class Column:
    """One column, under the name that it has everywhere: Arrow, SQL, JSON, CLI, panels.

    Attributes:
        name: snake_case; a number's name ends in its unit, an instant's in `time`.
        type: How it is stored.
        unit: What one unit of the number is; empty for text and identifiers.
        meaning: One sentence, for the reader of a table.
        source: RFC and element id, kernel field, or the stage that makes it.
        names: Of a `CODE` all its texts; a batch carries their positions.
    """

    name: str
    type: Type
    unit: str
    meaning: str
    source: str
    names: tuple[str, ...] = ()

    @property
    def nullable(self) -> bool:
        """Whether a value may be missing."""
        return self.type.name.endswith("_OR_NULL")

    @property
    def rust_element(self) -> str:
        """The Rust type of a value that is there."""
        return self.type.value.rust.removeprefix("Option<").removesuffix(">" if self.nullable else "")
