//! The buffers of a record batch in the order of an Arrow IPC message, without a copy of those that need not change.
//!
//! Source: Arrow columnar format, "RecordBatch message": of each array, parents first, its length and how many values are
//! missing; and its validity bitmap (of no length where none is missing), offsets and values.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_buffer::{ArrowNativeType, Buffer, OffsetBuffer};
use arrow_ipc::FieldNode;
use arrow_schema::{ArrowError, DataType};

/// A buffer, and how many bytes of it belong to one row; 1 where rows have no width.
#[derive(Debug)]
pub struct Piece {
    pub content: Buffer,
    pub width: usize,
}

/// Of all columns of a batch.
#[derive(Debug, Default)]
pub struct Pieces {
    pub nodes: Vec<FieldNode>,
    pub buffers: Vec<Piece>,
}

impl Pieces {
    /// What `rows` rows from `first` on are made of.
    ///
    /// An error means that a column has a type that no kind of record has.
    pub fn of(batch: &RecordBatch, first: usize, rows: usize) -> Result<Self, ArrowError> {
        let mut pieces = Self::default();
        for column in batch.columns() {
            pieces.add(column.slice(first, rows).as_ref())?;
        }
        Ok(pieces)
    }

    fn add(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        let rows = array.len();
        let missing = array.nulls().filter(|nulls| nulls.null_count() > 0);
        let count = missing.map_or(0, |nulls| nulls.null_count());
        self.nodes.push(FieldNode::new(rows as i64, count as i64));
        self.push(
            missing.map_or_else(Buffer::default, |nulls| nulls.inner().sliced()),
            1,
        );
        match array.data_type() {
            DataType::Struct(_) => {
                for column in array.as_struct().columns() {
                    self.add(column.as_ref())?;
                }
            }
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                let (first, length) = self.offsets(lists.offsets());
                self.add(lists.values().slice(first, length).as_ref())?;
            }
            DataType::Map(_, _) => {
                let maps = array.as_map();
                let (first, length) = self.offsets(maps.offsets());
                self.add(&maps.entries().slice(first, length))?;
            }
            DataType::Utf8 => {
                let texts = array.as_string::<i32>();
                let (first, length) = self.offsets(texts.offsets());
                self.push(texts.values().slice_with_length(first, length), 1);
            }
            of => {
                let width = match of {
                    DataType::Dictionary(code, _) => code.primitive_width(),
                    DataType::FixedSizeBinary(width) => usize::try_from(*width).ok(),
                    other => other.primitive_width(),
                };
                let width = width.ok_or_else(|| {
                    ArrowError::NotYetImplemented(format!("encoding a column of type {of}"))
                })?;
                let data = array.to_data();
                let first = data.offset() * width;
                self.push(
                    data.buffers()[0].slice_with_length(first, rows * width),
                    width,
                );
            }
        }
        Ok(())
    }

    /// Add offsets so that they begin with 0. Returns from where on, and how many, of its values the rows have.
    fn offsets(&mut self, offsets: &OffsetBuffer<i32>) -> (usize, usize) {
        let (begin, end) = (offsets[0], offsets[offsets.len() - 1]);
        let moved = match begin {
            0 => offsets.inner().inner().clone(),
            _ => offsets.iter().map(|offset| offset - begin).collect(),
        };
        self.push(moved, size_of::<i32>());
        (begin.as_usize(), (end - begin).as_usize())
    }

    fn push(&mut self, content: Buffer, width: usize) {
        self.buffers.push(Piece { content, width });
    }
}
