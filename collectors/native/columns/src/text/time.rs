//! Instants to RFC 3339.

use super::number::pair;

const NS: i64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;

/// Append an instant, ns since the epoch, as `2026-11-22T14:00:00.000000000Z`.
#[inline]
pub fn rfc3339(ns: i64, out: &mut Vec<u8>) {
    let (seconds, fraction) = (ns.div_euclid(NS), ns.rem_euclid(NS) as u32);
    let (day, second) = (
        seconds.div_euclid(DAY_SECONDS),
        seconds.rem_euclid(DAY_SECONDS) as u32,
    );
    let (year, month, day) = date(day);
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    let mut put = |at: usize, number: u32| text[at..at + 2].copy_from_slice(&pair(number));
    put(0, year / 100);
    put(2, year);
    put(5, month);
    put(8, day);
    put(11, second / 3_600);
    put(14, second / 60 % 60);
    put(17, second % 60);
    put(20, fraction / 10_000_000);
    put(22, fraction / 100_000);
    put(24, fraction / 1_000);
    put(26, fraction / 10);
    text[28] = b'0' + (fraction % 10) as u8;
    out.extend_from_slice(&text);
}

/// The date of a day since 1970-01-01, in the Gregorian calendar.
///
/// Counted from 0000-03-01, so that a leap day is the last of its year: 146,097 days are 400 years, and the months from March
/// on have 153 days in five. An instant of 64 bits lies between 1677 and 2262, so nothing is negative here.
fn date(day: i64) -> (u32, u32, u32) {
    let day = (day + 719_468) as u32;
    let (cycle, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = cycle * 400 + year;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    fn text(ns: i64) -> String {
        let mut out = Vec::new();
        super::rfc3339(ns, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn instants_of_all_times_are_written() {
        assert_eq!(text(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(
            text(951_782_400_123_456_789),
            "2000-02-29T00:00:00.123456789Z"
        );
        assert_eq!(
            text(1_795_356_000_000_000_001),
            "2026-11-22T14:00:00.000000001Z"
        );
        assert_eq!(text(i64::MAX), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(text(i64::MIN), "1677-09-21T00:12:43.145224192Z");
    }

    #[test]
    fn every_day_is_followed_by_the_next() {
        let mut last = super::date(-106_752);
        for day in -106_751..106_751 {
            let (year, month, of_month) = super::date(day);
            let is_next = (year, month, of_month) == (last.0, last.1, last.2 + 1)
                || (year, month, of_month) == (last.0, last.1 + 1, 1) && last.2 >= 28
                || (year, month, of_month) == (last.0 + 1, 1, 1) && (last.1, last.2) == (12, 31);
            assert!(is_next, "{last:?} before {year}-{month}-{of_month}");
            last = (year, month, of_month);
        }
    }
}
