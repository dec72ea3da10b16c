//! Time stamps of captures to nanoseconds since the epoch.

/// What one tick of an interface's clock is, and where its zero lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    unit: Unit,
    /// Nanoseconds to add.
    offset_ns: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A tick is so many nanoseconds.
    Nanoseconds(u64),
    /// So many ticks are a nanosecond.
    PerNanosecond(u128),
    /// A tick is two to the minus this seconds.
    Halvings(u32),
}

impl Default for Clock {
    /// Microseconds since the epoch.
    fn default() -> Clock {
        Clock::new(6, 0)
    }
}

impl Clock {
    /// A clock by the values of the options `if_tsresol` and `if_tsoffset` (pcapng): a negative power of ten, or of two
    /// where the highest bit is set; seconds.
    pub fn new(resolution: u8, offset_seconds: i64) -> Clock {
        let power = u32::from(resolution & 0x7f);
        let unit = if resolution & 0x80 != 0 {
            Unit::Halvings(power)
        } else if power <= 9 {
            Unit::Nanoseconds(10_u64.pow(9 - power))
        } else {
            // Beyond 10^38 ticks a nanosecond no instant since the epoch has a tick of its own.
            Unit::PerNanosecond(10_u128.checked_pow(power - 9).unwrap_or(u128::MAX))
        };
        Clock {
            unit,
            offset_ns: i128::from(offset_seconds) * 1_000_000_000,
        }
    }

    /// Nanoseconds since the epoch; what does not fit becomes the last or first that does.
    pub fn ns(&self, ticks: u64) -> i64 {
        let since = match self.unit {
            Unit::Nanoseconds(each) => u128::from(ticks) * u128::from(each),
            Unit::PerNanosecond(ticks_per_ns) => u128::from(ticks) / ticks_per_ns,
            Unit::Halvings(power) => (u128::from(ticks) * 1_000_000_000)
                .checked_shr(power)
                .unwrap_or(0),
        };
        let since = i128::try_from(since).unwrap_or(i128::MAX);
        let ns = since.saturating_add(self.offset_ns);
        i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn ticks_of_every_resolution_are_the_same_instant() {
        let ns = 1_700_000_000_250_000_000;
        for (resolution, ticks) in [
            (3, 1_700_000_000_250),
            (6, 1_700_000_000_250_000),
            (9, 1_700_000_000_250_000_000),
            (10, 17_000_000_002_500_000_000),
            (0x80 | 2, 6_800_000_001),
            (0x80 | 20, 1_782_579_200_262_144),
        ] {
            assert_eq!(Clock::new(resolution, 0).ns(ticks), ns, "{resolution}");
        }
        assert_eq!(
            Clock::new(0, 0).ns(1_700_000_000),
            1_700_000_000_000_000_000
        );
    }

    #[test]
    fn an_offset_moves_the_zero_both_ways() {
        assert_eq!(Clock::new(0, 10).ns(5), 15_000_000_000);
        assert_eq!(Clock::new(0, -10).ns(5), -5_000_000_000);
    }

    #[test]
    fn what_does_not_fit_is_the_last_instant_that_does() {
        assert_eq!(Clock::new(0, 0).ns(u64::MAX), i64::MAX);
        assert_eq!(Clock::new(0, i64::MIN).ns(0), i64::MIN);
        assert_eq!(Clock::new(0x7f, 0).ns(u64::MAX), 0);
        assert_eq!(Clock::new(0xff, 0).ns(u64::MAX), 0);
    }
}
