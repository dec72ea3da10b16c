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

/// CLOCK_THREAD_CPUTIME_ID: processor time of the calling thread, ns.
pub fn thread_cpu_ns() -> i64 {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Length of one of the kernel's ticks (1 s / CONFIG_HZ), ns.
pub fn tick_ns() -> u64 {
    let mut length = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `length` is a live timespec that the kernel fills; the coarse clock moves by ticks.
    unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &mut length) };
    length.tv_sec as u64 * 1_000_000_000 + length.tv_nsec as u64
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
