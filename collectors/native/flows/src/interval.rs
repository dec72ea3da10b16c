//! Over which time packets were counted: from one reading of the interfaces' counters to the next, so that flows and counters
//! tell of the same packets.

/// Readings are due on this grid.
const GRID_NS: i64 = 10_000_000_000;
/// A reading this near to the grid is taken as on it (`analytics/statements/snap.sql` does the same to the counters).
const NEAR_NS: i64 = 200_000_000;
pub(crate) const MINUTE_NS: i64 = 60_000_000_000;

/// An interval by CLOCK_REALTIME, ns since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interval {
    pub start_ns: i64,
    pub end_ns: i64,
}

impl Interval {
    /// As rows tell it: ends that are near to the grid are on it, where that leaves any of it. Never shorter than nothing.
    pub fn snapped(self) -> Self {
        let (start_ns, end_ns) = (snap(self.start_ns), snap(self.end_ns));
        if start_ns < end_ns {
            return Self { start_ns, end_ns };
        }
        Self {
            start_ns: self.start_ns.min(self.end_ns),
            end_ns: self.end_ns,
        }
    }

    /// Whether a minute ends in it, or with it.
    pub fn ends_a_minute(self) -> bool {
        (self.start_ns.div_euclid(MINUTE_NS)) != self.end_ns.div_euclid(MINUTE_NS)
    }
}

fn snap(instant_ns: i64) -> i64 {
    let nearest = (instant_ns + GRID_NS / 2).div_euclid(GRID_NS) * GRID_NS;
    if (nearest - instant_ns).abs() <= NEAR_NS {
        nearest
    } else {
        instant_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn snapped(start_ns: i64, end_ns: i64) -> (i64, i64) {
        let interval = Interval { start_ns, end_ns }.snapped();
        (interval.start_ns, interval.end_ns)
    }

    #[test]
    fn a_reading_near_the_grid_is_on_it() {
        let minute = 28_000_000 * MINUTE_NS;
        let late = minute + NEAR_NS;
        assert_eq!(
            snapped(minute - 10 * SECOND + 7, late),
            (minute - 10 * SECOND, minute)
        );
        assert_eq!(
            snapped(late, minute + 10 * SECOND - 3),
            (minute, minute + 10 * SECOND)
        );
        assert_eq!(
            snapped(late + 1, minute + SECOND),
            (late + 1, minute + SECOND)
        );
        assert_eq!(snapped(minute + 5, minute + 9), (minute + 5, minute + 9));
        assert_eq!(snapped(minute + 9, minute + 5), (minute + 5, minute + 5));
    }

    #[test]
    fn the_views_snap_counters_by_the_same_numbers() {
        let snap = include_str!("../../../../analytics/statements/snap.sql");
        assert!(snap.contains(&format!(
            "instant_ns + {}, {GRID_NS}) * {GRID_NS}",
            GRID_NS / 2
        )));
        assert!(snap.contains(&format!("<= {NEAR_NS},")));
    }

    #[test]
    fn a_minute_ends_with_an_interval_that_reaches_it() {
        let minute = 28_000_000 * MINUTE_NS;
        let ends = |start_ns, end_ns| Interval { start_ns, end_ns }.ends_a_minute();
        assert!(ends(minute - 10 * SECOND, minute));
        assert!(!ends(minute, minute + 50 * SECOND));
        assert!(ends(minute, minute + 60 * SECOND + 1));
    }
}
