//! Where the fields of a record are.

use super::records::Records;
use super::template::Field;

/// One field that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Which part of the record it is in.
    pub part: u32,
    /// Bytes from that part's beginning.
    pub offset: u32,
    /// Bytes, where the template tells them.
    pub width: Option<u16>,
}

/// A part of a record: fields of known lengths side by side, or one field that each record gives a length.
#[derive(Debug, Clone, Copy)]
enum Part {
    Fixed(usize),
    Variable { kept: bool },
}

/// The shape of a record.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Length of every record, where it is always the same.
    pub stride: Option<usize>,
    /// Length of the shortest record; never 0.
    pub shortest: usize,
    parts: Vec<Part>,
    /// How many parts get a span.
    kept: usize,
}

/// A part of a record: first byte and length in the set.
pub type Span = (u32, u32);

impl Layout {
    /// The layout of these fields, and a slot for each; `kept` says which of variable length are read.
    ///
    /// Fields without any byte take no part, so that placing a record costs no more steps than it has bytes.
    pub fn new(fields: &[Field], kept: impl Fn(&Field) -> bool) -> (Self, Vec<Slot>) {
        let mut layout = Layout {
            stride: None,
            shortest: 0,
            parts: Vec::new(),
            kept: 0,
        };
        let slots = fields
            .iter()
            .map(|field| match field.width {
                Some(width) => layout.add_fixed(width),
                None => layout.add_variable(kept(field)),
            })
            .collect();
        if fields.iter().all(|field| field.width.is_some()) {
            layout.stride = Some(layout.shortest);
        }
        layout.parts.shrink_to_fit();
        (layout, slots)
    }

    fn add_fixed(&mut self, width: u16) -> Slot {
        self.shortest += usize::from(width);
        let mut slot = Slot {
            part: self.kept as u32,
            offset: 0,
            width: Some(width),
        };
        match self.parts.last_mut() {
            Some(Part::Fixed(bytes)) => {
                slot.part = self.kept as u32 - 1;
                slot.offset = *bytes as u32;
                *bytes += usize::from(width);
            }
            _ if width > 0 => {
                self.parts.push(Part::Fixed(usize::from(width)));
                self.kept += 1;
            }
            _ => {}
        }
        slot
    }

    /// A variable length takes a byte at least.
    fn add_variable(&mut self, kept: bool) -> Slot {
        self.shortest += 1;
        let slot = Slot {
            part: self.kept as u32,
            offset: 0,
            width: None,
        };
        self.parts.push(Part::Variable { kept });
        self.kept += usize::from(kept);
        slot
    }

    /// Memory, in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.parts.capacity() * size_of::<Part>()
    }

    /// Places the record that begins at `from`, appends its parts to `spans`, and says where it ends.
    ///
    /// # Errors
    /// It ends behind `bytes`: where its end would be, as far as that can be told. `spans` may have a part of it.
    #[inline]
    fn place(&self, bytes: &[u8], from: usize, spans: &mut Vec<Span>) -> Result<usize, usize> {
        let mut at = from;
        for part in &self.parts {
            let (width, keep) = match *part {
                Part::Fixed(width) => (width, true),
                Part::Variable { kept } => (variable(bytes, &mut at)?, kept),
            };
            if at + width > bytes.len() {
                return Err(at + width);
            }
            if keep {
                spans.push((at as u32, width as u32));
            }
            at += width;
        }
        Ok(at)
    }

    /// All complete records of the content of a set. What is shorter than any record is padding (RFC 7011 §3.3.1).
    ///
    /// # Errors
    /// With the records before it, the beginning and the needed length of one that does not end within the set.
    pub fn records<'a>(
        &self,
        bytes: &'a [u8],
        spans: &'a mut Vec<Span>,
    ) -> (Records<'a>, Option<(usize, usize)>) {
        if let Some(stride) = self.stride {
            let count = bytes.len().checked_div(stride).unwrap_or(0);
            let bytes = &bytes[..count * stride];
            return (Records::Fixed { bytes, stride }, None);
        }
        spans.clear();
        let (mut at, mut count, mut broken) = (0, 0, None);
        while bytes.len() - at >= self.shortest {
            match self.place(bytes, at, spans) {
                Ok(end) => at = end,
                Err(end) => {
                    broken = Some((at, end - at));
                    break;
                }
            }
            count += 1;
        }
        spans.truncate(count * self.kept);
        let records = Records::Placed {
            bytes,
            spans,
            parts: self.kept,
            count,
        };
        (records, broken)
    }
}

/// Reads the length of a variable field (RFC 7011 §7) and moves `at` behind it.
fn variable(bytes: &[u8], at: &mut usize) -> Result<usize, usize> {
    let rest = bytes.get(*at..).unwrap_or_default();
    match *rest {
        [255, high, low, ..] => {
            *at += 3;
            Ok(usize::from(u16::from_be_bytes([high, low])))
        }
        [255, ..] => Err(*at + 3),
        [length, ..] => {
            *at += 1;
            Ok(usize::from(length))
        }
        [] => Err(*at + 1),
    }
}
