//! Record batches to text in bulk: JSON lines and CSV, as values are meant to be read outside the store.
//!
//! Instants are RFC 3339 with nanoseconds, addresses and MAC addresses their usual text (IPv4 as such where it is mapped into
//! IPv6), 64-bit ids 16 hex digits, codes their names. A column that a batch does not have, a missing value, an empty code, an
//! empty list and a number that is none are all `null` in JSON and nothing in CSV.

mod address;
mod cell;
mod number;
mod time;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use cell::Cell;

/// A form of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An object a line, with every column as a key.
    Json,
    /// A line of names, then one a row; lists and maps as JSON.
    Csv,
}

/// How the numbers of a column are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    AsNumber,
    /// 16 hex digits.
    AsId,
    /// `aa:bb:cc:dd:ee:ff`
    AsMac,
}

/// A column to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub name: String,
    pub shown: Shown,
}

/// Prints batches of one kind.
#[derive(Debug)]
pub struct Printer {
    form: Form,
    columns: Vec<Wanted>,
}

/// A piece of a line.
enum Piece<'a> {
    /// The same in each line.
    Fixed(Vec<u8>),
    Value(Cell<'a>),
}

impl Printer {
    /// Print these columns, in this order, whatever else batches have.
    pub fn new(form: Form, columns: Vec<Wanted>) -> Printer {
        Printer { form, columns }
    }

    /// What comes before all rows.
    pub fn header(&self) -> Vec<u8> {
        let names: Vec<&str> = self.columns.iter().map(|column| &*column.name).collect();
        match self.form {
            Form::Json => Vec::new(),
            Form::Csv => (names.join(",") + "\n").into_bytes(),
        }
    }

    /// Append the rows of a batch to `out`.
    ///
    /// # Errors
    /// A column is of a type that has no text.
    pub fn rows(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
        let pieces = self.pieces(batch)?;
        for row in 0..batch.num_rows() {
            for piece in &pieces {
                match piece {
                    Piece::Fixed(bytes) => out.extend_from_slice(bytes),
                    Piece::Value(cell) => cell.write(row, out),
                }
            }
        }
        Ok(())
    }

    fn pieces<'a>(&self, batch: &'a RecordBatch) -> Result<Vec<Piece<'a>>, ArrowError> {
        let (open, close): (&[u8], &[u8]) = match self.form {
            Form::Json => (b"{", b"}\n"),
            Form::Csv => (b"", b"\n"),
        };
        let mut fixed = open.to_vec();
        let mut pieces = Vec::new();
        for (number, column) in self.columns.iter().enumerate() {
            if number > 0 {
                fixed.push(b',');
            }
            if self.form == Form::Json {
                cell::quoted(&column.name, &mut fixed);
                fixed.push(b':');
            }
            match batch.column_by_name(&column.name) {
                Some(array) => {
                    pieces.push(Piece::Fixed(std::mem::take(&mut fixed)));
                    pieces.push(Piece::Value(Cell::new(array, column.shown, self.form)?));
                }
                None => fixed.extend_from_slice(cell::nothing(self.form)),
            }
        }
        fixed.extend_from_slice(close);
        pieces.push(Piece::Fixed(fixed));
        Ok(pieces)
    }
}
