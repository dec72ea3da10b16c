//! Numbers of any width to the width of a column (RFC 7011 §6.1, §6.2).

/// The unsigned types of columns.
pub trait Unsigned: Copy + Default {
    const BYTES: usize;
    /// The low bytes of a number.
    fn low(number: u64) -> Self;
    /// The number, if it is not too big.
    fn exact(number: u64) -> Option<Self>;
}

macro_rules! unsigned {
    ($($type:ty),*) => {$(
        impl Unsigned for $type {
            const BYTES: usize = size_of::<$type>();
            #[inline]
            fn low(number: u64) -> Self {
                number as $type
            }
            #[inline]
            fn exact(number: u64) -> Option<Self> {
                <$type>::try_from(number).ok()
            }
        }
    )*};
}

unsigned!(u8, u16, u32, u64);

/// A big-endian number of 1 to 8 bytes; `None` for any other length.
#[inline]
pub fn number(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 8 {
        return None;
    }
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

/// The same of a length that the compiler knows, at most 8.
#[inline]
pub fn sized<const N: usize>(bytes: [u8; N]) -> u64 {
    let mut wide = [0; 8];
    wide[8 - N..].copy_from_slice(&bytes);
    u64::from_be_bytes(wide)
}

/// A float of 4 or 8 bytes (RFC 7011 §6.1.3, §6.2).
pub fn float(bytes: &[u8]) -> Option<f64> {
    if let Ok(bytes) = <[u8; 8]>::try_from(bytes) {
        return Some(f64::from_be_bytes(bytes));
    }
    let bytes = <[u8; 4]>::try_from(bytes).ok()?;
    Some(f64::from(f32::from_be_bytes(bytes)))
}
