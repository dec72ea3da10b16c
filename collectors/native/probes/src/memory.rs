//! The C library's memory.

/// Freed blocks up to this size are kept for the next one instead of being given back to the kernel.
#[cfg(target_env = "gnu")]
const KEPT_BYTES: libc::c_int = 32 << 20;

/// glibc only: others have no such limits to set.
#[cfg(not(target_env = "gnu"))]
pub fn keep_freed() {}

/// Let the C library keep freed memory: batches of a megabyte come and go all the time, and getting fresh pages for each costs
/// more than decoding them (measured: 120 to 190 ns a flow instead of 40).
#[cfg(target_env = "gnu")]
pub fn keep_freed() {
    // SAFETY: mallopt only sets numbers of the allocator; it takes its locks itself.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 2 * KEPT_BYTES);
    }
}

/// glibc only: others give back what is freed on their own.
#[cfg(not(target_env = "gnu"))]
pub fn give_back_freed() {}

/// Give all freed memory back to the kernel: reading the kernel's types takes 38 MB once, and nothing of that is needed again.
#[cfg(target_env = "gnu")]
pub fn give_back_freed() {
    // SAFETY: malloc_trim takes the allocator's locks itself.
    unsafe {
        libc::malloc_trim(0);
    }
}
