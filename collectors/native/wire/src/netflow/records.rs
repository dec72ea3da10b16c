//! Where the fields of the records of a data set are.

use super::template::Field;

/// One field that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Bytes from the record's beginning, where all records are equally long.
    pub offset: usize,
    /// Which of the placed fields it is, where they are not.
    pub index: usize,
    /// Bytes, where the template tells them.
    pub width: Option<u16>,
}

/// What to step over when a record is placed.
#[derive(Debug, Clone, Copy)]
enum Walk {
    Skip(usize),
    SkipVariable,
    Keep(usize),
    KeepVariable,
}

/// The shape of a record.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Length of every record, where it is always the same.
    pub stride: Option<usize>,
    /// Length of the shortest record; never 0.
    pub shortest: usize,
    walk: Vec<Walk>,
    kept: usize,
}

/// A field of a placed record: first byte and length in the set.
pub type Span = (u32, u32);

impl Layout {
    /// The layout of these fields, and a slot for each; `kept` says which ones are read.
    ///
    /// Fields without any byte take no part, so that placing a record costs no more steps than it has bytes.
    pub fn new(fields: &[Field], kept: impl Fn(&Field) -> bool) -> (Self, Vec<Slot>) {
        let mut layout = Layout {
            stride: None,
            shortest: 0,
            walk: Vec::new(),
            kept: 0,
        };
        let mut slots = Vec::with_capacity(fields.len());
        for field in fields {
            slots.push(Slot {
                offset: layout.shortest,
                index: layout.kept,
                width: field.width,
            });
            layout.add(field.width.map(usize::from), kept(field));
        }
        if fields.iter().all(|field| field.width.is_some()) {
            layout.stride = Some(layout.shortest);
            layout.walk = Vec::new();
        }
        layout.walk.shrink_to_fit();
        (layout, slots)
    }

    fn add(&mut self, width: Option<usize>, keep: bool) {
        // A variable length takes a byte at least.
        self.shortest += width.unwrap_or(1);
        match (width, keep, self.walk.last_mut()) {
            (Some(0), ..) => {}
            (Some(width), false, Some(Walk::Skip(skip))) => *skip += width,
            (Some(width), false, _) => self.walk.push(Walk::Skip(width)),
            (None, false, _) => self.walk.push(Walk::SkipVariable),
            (Some(width), true, _) => self.walk.push(Walk::Keep(width)),
            (None, true, _) => self.walk.push(Walk::KeepVariable),
        }
        if keep && width != Some(0) {
            self.kept += 1;
        }
    }

    /// Memory, in bytes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.walk.capacity() * size_of::<Walk>()
    }

    /// Places the record that begins at `from`, appends its kept fields to `spans`, and says where it ends.
    ///
    /// # Errors
    /// It ends behind `bytes`: where its end would be, as far as that can be told. `spans` may have a part of it.
    fn place(&self, bytes: &[u8], from: usize, spans: &mut Vec<Span>) -> Result<usize, usize> {
        let mut at = from;
        for walk in &self.walk {
            let (width, keep) = match *walk {
                Walk::Skip(width) => (width, false),
                Walk::Keep(width) => (width, true),
                Walk::SkipVariable => (variable(bytes, &mut at)?, false),
                Walk::KeepVariable => (variable(bytes, &mut at)?, true),
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
            fields: self.kept,
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

/// Records of one data set.
#[derive(Debug, Clone, Copy)]
pub enum Records<'a> {
    /// All equally long.
    Fixed { bytes: &'a [u8], stride: usize },
    /// Each with its own lengths.
    Placed {
        bytes: &'a [u8],
        spans: &'a [Span],
        fields: usize,
        count: usize,
    },
}

impl<'a> Records<'a> {
    pub fn count(&self) -> usize {
        match *self {
            Records::Fixed { bytes, stride } => bytes.len().checked_div(stride).unwrap_or(0),
            Records::Placed { count, .. } => count,
        }
    }

    /// The bytes of a field of a record; none where there are not so many.
    #[inline]
    pub fn field(&self, record: usize, slot: &Slot) -> &'a [u8] {
        match *self {
            Records::Fixed { bytes, stride } => {
                let from = record * stride + slot.offset;
                bytes
                    .get(from..from + usize::from(slot.width.unwrap_or(0)))
                    .unwrap_or_default()
            }
            Records::Placed {
                bytes,
                spans,
                fields,
                ..
            } => match spans.get(record * fields + slot.index) {
                Some(&(from, width)) => bytes
                    .get(from as usize..from as usize + width as usize)
                    .unwrap_or_default(),
                None => &[],
            },
        }
    }

    /// The records from `first` to before `end`.
    pub fn range(&self, first: usize, end: usize) -> Records<'a> {
        match *self {
            Records::Fixed { bytes, stride } => Records::Fixed {
                bytes: bytes.get(first * stride..end * stride).unwrap_or_default(),
                stride,
            },
            Records::Placed {
                bytes,
                spans,
                fields,
                ..
            } => Records::Placed {
                bytes,
                spans: spans.get(first * fields..end * fields).unwrap_or_default(),
                fields,
                count: end - first,
            },
        }
    }
}
