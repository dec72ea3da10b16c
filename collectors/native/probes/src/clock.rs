//! The kernel's clocks.

/// CLOCK_REALTIME, ns since the epoch.
pub fn realtime_ns() -> i64 {
    read(libc::CLOCK_REALTIME)
}

/// CLOCK_BOOTTIME, ns since boot, running on through suspend.
pub fn boottime_ns() -> i64 {
    read(libc::CLOCK_BOOTTIME)
}

/// CLOCK_MONOTONIC, ns since boot without suspend: the clock of programs in the kernel.
pub fn monotonic_ns() -> i64 {
    read(libc::CLOCK_MONOTONIC)
}

fn read(clock: libc::clockid_t) -> i64 {
    let mut instant = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `instant` is a live timespec that the kernel fills; these clocks exist on every kernel that Viflux runs on, and a
    // clock that did not would leave zero.
    unsafe { libc::clock_gettime(clock, &mut instant) };
    instant.tv_sec * 1_000_000_000 + instant.tv_nsec
}
