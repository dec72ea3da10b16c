//! The kernel's own type information (BTF): what the values of an enumeration are called, how much a tracepoint tells.
//!
//! Source: Documentation/bpf/btf.rst and include/uapi/linux/btf.h of Linux 6.18.

const MAGIC: u16 = 0xeb9f;
const HEADER_BYTES: usize = 24;
const PTR: u32 = 2;
const ENUM: u32 = 6;
const TYPEDEF: u32 = 8;
const FUNC_PROTO: u32 = 13;
const ENUM64: u32 = 19;

/// One type: where it lies, what it is.
#[derive(Debug, Clone, Copy)]
struct Type<'a> {
    name: u32,
    kind: u32,
    count: usize,
    /// Of a pointer or a typedef the type behind it.
    target: u32,
    /// What follows its first twelve bytes.
    rest: &'a [u8],
}

/// Type information of the kernel, or of a module on top of it.
#[derive(Debug, Clone, Copy)]
pub struct Btf<'a> {
    types: &'a [u8],
    texts: &'a [u8],
    /// Texts of the kernel, where this is a module's: its own are numbered on from them.
    base: &'a [u8],
}

impl<'a> Btf<'a> {
    /// Reads the header; `None` where it is none.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        if u16::from_ne_bytes(*bytes.first_chunk()?) != MAGIC {
            return None;
        }
        let header = word(bytes, 4)? as usize;
        let part = |at: usize| -> Option<&'a [u8]> {
            let start = header.checked_add(word(bytes, at)? as usize)?;
            bytes.get(start..start.checked_add(word(bytes, at + 4)? as usize)?)
        };
        (header >= HEADER_BYTES).then_some(())?;
        Some(Self {
            types: part(8)?,
            texts: part(16)?,
            base: &[],
        })
    }

    /// Of a module: its types and texts are numbered on from the kernel's.
    #[must_use]
    pub fn on(mut self, kernel: &Btf<'a>) -> Self {
        self.base = kernel.texts;
        self
    }

    /// Names and values of all enumerations with this name; empty where there is none.
    pub fn values(&self, enumeration: &str) -> Vec<(&'a str, u32)> {
        let mut found = Vec::new();
        for one in self.all() {
            if !matches!(one.kind, ENUM | ENUM64) || self.text(one.name) != Some(enumeration) {
                continue;
            }
            let width = if one.kind == ENUM { 8 } else { 12 };
            for value in one.rest.chunks_exact(width) {
                let name = word(value, 0).and_then(|name| self.text(name));
                if let (Some(name), Some(number)) = (name, word(value, 4)) {
                    found.push((name, number));
                }
            }
        }
        found
    }

    /// How many arguments a tracepoint hands to a program; `None` where there is no such tracepoint. Not for modules.
    pub fn tracepoint_arguments(&self, name: &str) -> Option<usize> {
        let name = format!("btf_trace_{name}");
        let typedef = self
            .all()
            .find(|one| one.kind == TYPEDEF && self.text(one.name) == Some(&name))?;
        // Numbers begin with 1.
        let at = |number: u32| self.all().nth((number as usize).checked_sub(1)?);
        let pointer = at(typedef.target).filter(|one| one.kind == PTR)?;
        let function = at(pointer.target).filter(|one| one.kind == FUNC_PROTO)?;
        // The first is the tracepoint's own.
        function.count.checked_sub(1)
    }

    fn text(&self, at: u32) -> Option<&'a str> {
        let at = at as usize;
        let texts = if at < self.base.len() {
            self.base.get(at..)
        } else {
            self.texts.get(at - self.base.len()..)
        }?;
        let end = texts.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&texts[..end]).ok()
    }

    /// All types in order, up to one that is not whole or of a kind that is not known.
    fn all(&self) -> impl Iterator<Item = Type<'a>> {
        let mut left = self.types;
        std::iter::from_fn(move || {
            let (name, info, target) = (word(left, 0)?, word(left, 4)?, word(left, 8)?);
            let (kind, count) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
            let length = match kind {
                2 | 7..=12 | 16 | 18 => 0,
                1 | 14 | 17 => 4,
                3 => 12,
                4 | 5 | 15 | ENUM64 => 12 * count,
                ENUM | FUNC_PROTO => 8 * count,
                _ => return None,
            };
            let rest = left.get(12..12 + length)?;
            left = left.get(12 + length..)?;
            Some(Type {
                name,
                kind,
                count,
                target,
                rest,
            })
        })
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXTS: &[u8] = b"\0reason\0NO_SOCKET\0TWO\0btf_trace_kfree_skb\0";

    fn types() -> Vec<u8> {
        let words: Vec<u32> = vec![
            // 1: int; 2: enum reason { NO_SOCKET = 3, TWO = 0x20001 }
            0,
            1 << 24,
            4,
            32, //
            1,
            6 << 24 | 2,
            4,
            8,
            3,
            18,
            0x2_0001, //
            // 3: a function of five; 4: a pointer to it; 5: its name
            0,
            13 << 24 | 5,
            0,
            0,
            1,
            0,
            1,
            0,
            1,
            0,
            2,
            0,
            1, //
            0,
            2 << 24,
            3, //
            22,
            8 << 24,
            4,
        ];
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    fn image(types: &[u8], texts: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_ne_bytes().to_vec();
        bytes.extend([1, 0]);
        let words = [
            24,
            0,
            types.len() as u32,
            types.len() as u32,
            texts.len() as u32,
        ];
        bytes.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
        bytes.extend(types);
        bytes.extend(texts);
        bytes
    }

    #[test]
    fn values_of_an_enumeration_have_their_names() {
        let bytes = image(&types(), TEXTS);
        let btf = Btf::read(&bytes).unwrap();
        let values = btf.values("reason");
        assert_eq!(values, [("NO_SOCKET", 3), ("TWO", 0x2_0001)]);
        assert!(btf.values("other").is_empty());
        assert_eq!(btf.tracepoint_arguments("kfree_skb"), Some(4));
        assert_eq!(btf.tracepoint_arguments("consume_skb"), None);
    }

    #[test]
    fn a_module_has_texts_of_its_own_behind_those_of_the_kernel() {
        let bytes = image(&types(), TEXTS);
        let kernel = Btf::read(&bytes).unwrap();
        let behind = TEXTS.len() as u32;
        let words = [
            behind,
            6 << 24 | 2,
            4,
            8,
            7,
            behind + 4,
            9, // One name of the kernel, one of its own.
        ];
        let own: Vec<u8> = words
            .iter()
            .flat_map(|word: &u32| word.to_ne_bytes())
            .collect();
        let bytes = image(&own, b"ovs\0OVS_DROP\0");
        let module = Btf::read(&bytes).unwrap().on(&kernel);
        assert_eq!(module.values("ovs"), [("NO_SOCKET", 7), ("OVS_DROP", 9)]);
    }

    #[test]
    fn what_is_cut_anywhere_is_read_as_far_as_it_goes() {
        let bytes = image(&types(), TEXTS);
        for length in 0..bytes.len() {
            if let Some(btf) = Btf::read(&bytes[..length]) {
                let _ = (btf.values("reason"), btf.tracepoint_arguments("kfree_skb"));
            }
        }
        for length in 0..types().len() {
            let cut = image(&types()[..length], TEXTS);
            let btf = Btf::read(&cut).unwrap();
            assert!(btf.values("reason").is_empty() || length >= 44);
        }
    }
}
