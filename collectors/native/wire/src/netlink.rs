//! Framing of netlink: messages in a datagram, attributes in a message (RFC 3549, linux/netlink.h).

use std::borrow::Cow;

use crate::flaw::{Flaw, Result};

/// Message types that every netlink family has.
pub const NLMSG_ERROR: u16 = 2;
pub const NLMSG_DONE: u16 = 3;

/// The dump was disturbed by a change; what it listed may be inconsistent.
pub const NLM_F_DUMP_INTR: u16 = 0x10;

const HEADER: usize = 16;
const ATTRIBUTE_HEADER: usize = 4;
/// NLA_F_NESTED and NLA_F_NET_BYTEORDER are no part of an attribute's type.
const ATTRIBUTE_TYPE: u16 = 0x3fff;

/// One message of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// `nlmsg_type`, such as [`crate::rtnetlink::RTM_NEWLINK`].
    pub kind: u16,
    pub flags: u16,
    pub sequence: u32,
    pub body: &'a [u8],
}

impl Message<'_> {
    /// For NLMSG_ERROR and NLMSG_DONE: the error number, positive, 0 for success.
    ///
    /// # Errors
    /// The body is shorter than the number.
    pub fn errno(&self) -> Result<i32> {
        Ok(u32_at(self.body, 0, "nlmsgerr.error")?
            .cast_signed()
            .checked_neg()
            .unwrap_or(0))
    }
}

/// The messages of one datagram. Ends after the first flaw: nothing behind a broken length can be trusted.
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    rest: &'a [u8],
}

/// Splits a datagram into messages.
pub fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages { rest: datagram }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (message, rest) = match split_message(self.rest) {
            Ok((message, rest)) => (Ok(message), rest),
            Err(flaw) => (Err(flaw), &[][..]),
        };
        self.rest = rest;
        Some(message)
    }
}

fn split_message(bytes: &[u8]) -> Result<(Message<'_>, &[u8])> {
    let length = u32_at(bytes, 0, "nlmsghdr")? as usize;
    if bytes.len() < HEADER {
        return Err(Flaw::Short {
            part: "nlmsghdr",
            needed: HEADER,
            present: bytes.len(),
        });
    }
    if length < HEADER {
        return Err(Flaw::Value {
            part: "nlmsg_len",
            value: length as u64,
        });
    }
    let body = bytes.get(HEADER..length).ok_or(Flaw::Short {
        part: "netlink message",
        needed: length,
        present: bytes.len(),
    })?;
    let message = Message {
        kind: u16_at(bytes, 4, "nlmsg_type")?,
        flags: u16_at(bytes, 6, "nlmsg_flags")?,
        sequence: u32_at(bytes, 8, "nlmsg_seq")?,
        body,
    };
    Ok((message, bytes.get(aligned(length)..).unwrap_or(&[])))
}

/// One attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// `nla_type` without its flags.
    pub kind: u16,
    pub value: &'a [u8],
}

/// The attributes of a message or of a nest. Ends after the first flaw.
#[derive(Debug, Clone)]
pub struct Attributes<'a> {
    rest: &'a [u8],
}

/// Splits what follows a message's fixed part, or a nest's value, into attributes.
pub fn attributes(bytes: &[u8]) -> Attributes<'_> {
    Attributes { rest: bytes }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (attribute, rest) = match split_attribute(self.rest) {
            Ok((attribute, rest)) => (Ok(attribute), rest),
            Err(flaw) => (Err(flaw), &[][..]),
        };
        self.rest = rest;
        Some(attribute)
    }
}

#[inline]
fn split_attribute(bytes: &[u8]) -> Result<(Attribute<'_>, &[u8])> {
    let Some(&[l0, l1, k0, k1]) = bytes.first_chunk() else {
        return Err(Flaw::Short {
            part: "nlattr",
            needed: ATTRIBUTE_HEADER,
            present: bytes.len(),
        });
    };
    let length = usize::from(u16::from_ne_bytes([l0, l1]));
    if length < ATTRIBUTE_HEADER {
        return Err(Flaw::Value {
            part: "nla_len",
            value: length as u64,
        });
    }
    let value = bytes.get(ATTRIBUTE_HEADER..length).ok_or(Flaw::Short {
        part: "netlink attribute",
        needed: length,
        present: bytes.len(),
    })?;
    let kind = u16::from_ne_bytes([k0, k1]) & ATTRIBUTE_TYPE;
    Ok((
        Attribute { kind, value },
        bytes.get(aligned(length)..).unwrap_or(&[]),
    ))
}

impl Attribute<'_> {
    /// The value as one byte.
    ///
    /// # Errors
    /// It is empty.
    pub fn u8(&self, part: &'static str) -> Result<u8> {
        self.value.first().copied().ok_or(Flaw::Short {
            part,
            needed: 1,
            present: 0,
        })
    }

    /// The value as a number of the machine's byte order.
    ///
    /// # Errors
    /// It has less than two bytes.
    pub fn u16(&self, part: &'static str) -> Result<u16> {
        u16_at(self.value, 0, part)
    }

    /// The value as a number of the machine's byte order.
    ///
    /// # Errors
    /// It has less than four bytes.
    pub fn u32(&self, part: &'static str) -> Result<u32> {
        u32_at(self.value, 0, part)
    }

    /// The value as a signed number of the machine's byte order.
    ///
    /// # Errors
    /// It has less than four bytes.
    pub fn i32(&self, part: &'static str) -> Result<i32> {
        Ok(self.u32(part)?.cast_signed())
    }

    /// The value as a number of the machine's byte order.
    ///
    /// # Errors
    /// It has less than eight bytes.
    pub fn u64(&self, part: &'static str) -> Result<u64> {
        u64_at(self.value, 0, part)
    }

    /// The value as text up to its first NUL; bytes that are no UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        text(self.value).into_owned()
    }
}

/// Text up to its first NUL; bytes that are no UTF-8 become U+FFFD.
pub(crate) fn text(value: &[u8]) -> Cow<'_, str> {
    let end = value.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&value[..end.unwrap_or(value.len())])
}

/// What follows the fixed part (`length` bytes) of a message's body.
pub(crate) fn after_fixed<'a>(
    body: &'a [u8],
    length: usize,
    part: &'static str,
) -> Result<&'a [u8]> {
    body.get(length..).ok_or(Flaw::Short {
        part,
        needed: length,
        present: body.len(),
    })
}

pub(crate) fn u16_at(bytes: &[u8], offset: usize, part: &'static str) -> Result<u16> {
    Ok(u16::from_ne_bytes(array_at(bytes, offset, part)?))
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize, part: &'static str) -> Result<u32> {
    Ok(u32::from_ne_bytes(array_at(bytes, offset, part)?))
}

pub(crate) fn u64_at(bytes: &[u8], offset: usize, part: &'static str) -> Result<u64> {
    Ok(u64::from_ne_bytes(array_at(bytes, offset, part)?))
}

/// A kernel ifindex: from 1 up.
pub(crate) fn ifindex_at(body: &[u8], offset: usize, part: &'static str) -> Result<u32> {
    let value = u32_at(body, offset, part)?;
    if value == 0 || value > i32::MAX as u32 {
        return Err(Flaw::Value {
            part,
            value: u64::from(value),
        });
    }
    Ok(value)
}

#[inline]
pub(crate) fn array_at<const N: usize>(
    bytes: &[u8],
    offset: usize,
    part: &'static str,
) -> Result<[u8; N]> {
    bytes
        .get(offset..)
        .and_then(|rest| rest.first_chunk::<N>())
        .copied()
        .ok_or(Flaw::Short {
            part,
            needed: offset + N,
            present: bytes.len(),
        })
}

/// Messages and attributes begin at multiples of four.
pub(crate) const fn aligned(length: usize) -> usize {
    (length + 3) & !3
}
