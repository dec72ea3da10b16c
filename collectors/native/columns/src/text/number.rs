//! Numbers to text, without going through the formatting machinery of the language: it costs ten times as much.

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// From here on a float may stand for several integers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The two digits of a number below 100.
#[inline]
pub fn pair(number: u32) -> [u8; 2] {
    PAIRS[number as usize % 100]
}

/// Longest number in digits.
const MOST_DIGITS: usize = 20;

/// Append a number.
///
/// Room of a fixed size is added and what is too much taken away again: a copy of a length that is only known now would be a
/// call, and a number has few digits.
#[inline]
pub fn unsigned(mut number: u64, out: &mut Vec<u8>) {
    let from = out.len();
    let end = from + digits(number);
    out.extend_from_slice(&[b'0'; MOST_DIGITS]);
    let mut at = end;
    while number >= 10 {
        at -= 2;
        out[at..at + 2].copy_from_slice(&pair((number % 100) as u32));
        number /= 100;
    }
    if at > from {
        out[from] = b'0' + number as u8;
    }
    out.truncate(end);
}

/// How many digits a number has.
#[inline]
fn digits(number: u64) -> usize {
    // 1,233 / 4,096 is the logarithm of 2, as exactly as 64 bits need it: the guess is right or one too small.
    let guess = ((64 - (number | 1).leading_zeros()) as usize * 1_233) >> 12;
    guess + usize::from(number >= POWERS[guess]).max(usize::from(guess == 0))
}

const POWERS: [u64; MOST_DIGITS] = {
    let mut powers = [1; MOST_DIGITS];
    let mut at = 1;
    while at < MOST_DIGITS {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Append a number.
#[inline]
pub fn signed(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(number.unsigned_abs(), out);
}

/// Append a finite number, the shortest text that reads as the same one; an integer as such.
#[inline]
pub fn float(number: f64, out: &mut Vec<u8>) {
    if number.fract() == 0.0 && number.abs() < EXACT {
        signed(number as i64, out);
    } else {
        use std::io::Write;
        // A vector takes everything.
        let _ = write!(out, "{number:?}");
    }
}

/// Append 16 hex digits.
#[inline]
pub fn id(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 16];
    for (byte, pair) in number
        .to_be_bytes()
        .into_iter()
        .zip(digits.chunks_exact_mut(2))
    {
        pair.copy_from_slice(&hex(byte));
    }
    out.extend_from_slice(&digits);
}

/// Append `aa:bb:cc:dd:ee:ff`.
#[inline]
pub fn mac(number: u64, out: &mut Vec<u8>) {
    let mut text = *b"00:00:00:00:00:00";
    for (byte, pair) in number.to_be_bytes()[2..].iter().zip(text.chunks_mut(3)) {
        pair[..2].copy_from_slice(&hex(*byte));
    }
    out.extend_from_slice(&text);
}

#[inline]
fn hex(byte: u8) -> [u8; 2] {
    [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

#[cfg(test)]
mod tests {
    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn integers_are_their_digits() {
        for number in [
            0,
            7,
            10,
            99,
            100,
            101,
            12_345,
            1_000_000,
            u64::from(u32::MAX),
            u64::MAX,
        ] {
            assert_eq!(text(|out| super::unsigned(number, out)), number.to_string());
        }
        for number in [0, -1, 42, i64::MIN, i64::MAX] {
            assert_eq!(text(|out| super::signed(number, out)), number.to_string());
        }
    }

    #[test]
    fn floats_read_back_and_integers_have_no_fraction() {
        assert_eq!(text(|out| super::float(64.0, out)), "64");
        assert_eq!(text(|out| super::float(-0.25, out)), "-0.25");
        for number in [1e300, 1.0 / 3.0, 9_007_199_254_740_993.0, 5e-324] {
            let written = text(|out| super::float(number, out));
            assert_eq!(written.parse::<f64>(), Ok(number), "{written}");
        }
    }

    #[test]
    fn ids_and_macs_keep_their_zeros() {
        assert_eq!(text(|out| super::id(0xabc, out)), "0000000000000abc");
        assert_eq!(
            text(|out| super::mac(0x0002_0a00_00ff, out)),
            "00:02:0a:00:00:ff"
        );
    }
}
