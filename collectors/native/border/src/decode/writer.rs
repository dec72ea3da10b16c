//! Batches to a file or standard output, as text or as an Arrow stream.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, DictionaryArray, RecordBatch, RecordBatchOptions, StringArray, UInt8Array,
};
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_ipc::CompressionType;
use arrow_schema::{ArrowError, DataType, SchemaRef};
use columns::text::Printer;
use wire::rows;

/// How batches are written.
pub enum Form {
    Text(Printer),
    /// One Arrow IPC stream; columns that a batch does not have are null in it.
    Arrow(Box<StreamWriter<Vec<u8>>>, SchemaRef),
}

/// Batches on their way out.
pub struct Writer {
    form: Form,
    sink: File,
    buffer: Vec<u8>,
    /// How much of the buffer is written.
    written: usize,
}

/// Rows of text that are made at once: their lines stay in the processor's cache until they are written.
const TEXT_ROWS: usize = 512;

impl Writer {
    /// Write to a file, or to standard output.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn open(form: Form, path: Option<&Path>) -> io::Result<Writer> {
        let sink = match path {
            Some(path) => File::create(path)?,
            // The standard library's own would go on after a signal, and hold back what it was given.
            None => File::from(io::stdout().as_fd().try_clone_to_owned()?),
        };
        let buffer = match &form {
            Form::Text(printer) => printer.header(),
            Form::Arrow(..) => Vec::new(),
        };
        Ok(Writer {
            form,
            sink,
            buffer,
            written: 0,
        })
    }

    /// An Arrow stream of this schema.
    ///
    /// # Errors
    /// The schema cannot be written as Arrow.
    pub fn arrow(schema: SchemaRef) -> Result<Form, ArrowError> {
        // Most columns of most captures have no value: as such they cost writing, compressed next to nothing.
        let options =
            IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
        let writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options)?;
        Ok(Form::Arrow(Box::new(writer), schema))
    }

    /// Encode rows of a batch from `row` on, as many as are written at once. Returns how many.
    ///
    /// # Errors
    /// They cannot be encoded.
    pub fn encode(&mut self, batch: &RecordBatch, row: usize) -> Result<usize, ArrowError> {
        let left = batch.num_rows() - row;
        match &mut self.form {
            Form::Text(printer) => {
                let rows = left.min(TEXT_ROWS);
                printer.rows(&batch.slice(row, rows), &mut self.buffer)?;
                Ok(rows)
            }
            Form::Arrow(writer, schema) => {
                writer.write(&widened(&batch.slice(row, left), schema)?)?;
                // Empty by now, and this way nothing is copied.
                std::mem::swap(&mut self.buffer, writer.get_mut());
                Ok(left)
            }
        }
    }

    /// Encode what ends the output.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub fn end(&mut self) -> Result<(), ArrowError> {
        if let Form::Arrow(writer, _) = &mut self.form {
            writer.finish()?;
            self.buffer.append(writer.get_mut());
        }
        Ok(())
    }

    /// Write what is encoded, or a part of it: a signal cuts a write short. Returns whether all is written.
    ///
    /// # Errors
    /// The system refuses, or nobody reads any more.
    pub fn push(&mut self) -> io::Result<bool> {
        if self.written < self.buffer.len() {
            match self.sink.write(&self.buffer[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let is_done = self.written == self.buffer.len();
        if is_done {
            self.buffer.clear();
            self.written = 0;
        }
        Ok(is_done)
    }
}

/// A batch with all columns of a schema: those that it does not have are null.
///
/// # Errors
/// A column is of another type than in the schema.
pub fn widened(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let rows = batch.num_rows();
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            Some(array) => Ok(Arc::clone(array)),
            None => nulls(field.name(), field.data_type(), rows),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

fn nulls(name: &str, kind: &DataType, rows: usize) -> Result<ArrayRef, ArrowError> {
    if !matches!(kind, DataType::Dictionary(..)) {
        return Ok(arrow_array::new_null_array(kind, rows));
    }
    // With its texts, so that the dictionaries of all batches are the same.
    let names: &[&str] = match name {
        "source_kind" => &rows::source_kind::NAMES,
        "sampling_origin" => &rows::sampling_origin::NAMES,
        "in_if_meaning" => &rows::in_if_meaning::NAMES,
        "out_if_meaning" => &rows::out_if_meaning::NAMES,
        "direction_meaning" => &rows::direction_meaning::NAMES,
        "tunnel" => &rows::tunnel::NAMES,
        "header_problem" => &rows::header_problem::NAMES,
        _ => &[],
    };
    let texts = Arc::new(StringArray::from_iter_values(names));
    Ok(Arc::new(DictionaryArray::try_new(
        UInt8Array::new_null(rows),
        texts,
    )?))
}
