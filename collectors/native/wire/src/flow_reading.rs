//! What the probe `flow` says beside its flows, as the agent reads it.

/// What was seen of a slot, which interfaces may share, in one direction, where not every packet is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub slot: u32,
    pub is_egress: bool,
    /// Counted or not.
    pub packets: u64,
}

/// One instant by the kernel's ticks (jiffies) and by CLOCK_MONOTONIC, and the length of a tick.
///
/// The kernel reckons ticks by that clock, so this holds also for ticks of long ago.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Ticks {
    pub tick: u64,
    pub monotonic_ns: i64,
    pub tick_ns: i64,
}

impl Ticks {
    /// When a tick was, ns.
    pub fn ns(self, tick: u64) -> i64 {
        let before = self.tick.wrapping_sub(tick) as i64;
        self.monotonic_ns
            .wrapping_sub(before.wrapping_mul(self.tick_ns))
    }
}
