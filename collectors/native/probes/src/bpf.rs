//! The calls of bpf(2) that aya does not have: batches, links by ifindex, and the end of a grace period.

use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use crate::failure::{Failure, Result};
use crate::traces::Thing;

/// Commands (linux/bpf.h).
const MAP_CREATE: i32 = 0;
const MAP_LOOKUP_ELEM: i32 = 1;
const MAP_UPDATE_ELEM: i32 = 2;
const MAP_DELETE_ELEM: i32 = 3;
const PROG_TEST_RUN: i32 = 10;
const PROG_GET_NEXT_ID: i32 = 11;
const MAP_GET_NEXT_ID: i32 = 12;
const PROG_GET_FD_BY_ID: i32 = 13;
const MAP_GET_FD_BY_ID: i32 = 14;
const OBJ_GET_INFO_BY_FD: i32 = 15;
const MAP_LOOKUP_AND_DELETE_BATCH: i32 = 25;
const LINK_CREATE: i32 = 28;
const LINK_GET_FD_BY_ID: i32 = 30;
const LINK_GET_NEXT_ID: i32 = 31;
const ENABLE_STATS: i32 = 32;

const TYPE_ARRAY: u32 = 2;
const TYPE_ARRAY_OF_MAPS: u32 = 12;
/// Place an attachment before all others.
const F_BEFORE: u32 = 1 << 3;
const F_AFTER: u32 = 1 << 4;

/// Entries that one call asks for at first; a bucket that has more makes the kernel say so.
const BATCH: usize = 4096;

/// Arguments of the calls below, each as the kernel's `union bpf_attr` has it; what follows is zero.
#[repr(C)]
#[derive(Default)]
struct MapCreate {
    kind: u32,
    key_bytes: u32,
    value_bytes: u32,
    entries: u32,
    flags: u32,
    inner_fd: u32,
}

#[repr(C)]
#[derive(Default)]
struct Element {
    map: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
#[derive(Default)]
struct Batch {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    element_flags: u64,
    flags: u64,
}

#[repr(C)]
#[derive(Default)]
struct LinkCreate {
    program: u32,
    target: u32,
    attach_type: u32,
    flags: u32,
    relative: u32,
    padding: u32,
    expected_revision: u64,
}

#[repr(C)]
#[derive(Default)]
struct Info {
    descriptor: u32,
    length: u32,
    info: u64,
}

/// For the next number, and for a descriptor by its number.
#[repr(C)]
#[derive(Default)]
struct ById {
    id: u32,
    next: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct TestRun {
    program: u32,
    retval: u32,
    data_size_in: u32,
    data_size_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    ctx_size_in: u32,
    ctx_size_out: u32,
    ctx_in: u64,
    ctx_out: u64,
}

#[repr(C)]
#[derive(Default)]
struct EnableStats {
    /// BPF_STATS_RUN_TIME is 0.
    kind: u32,
}

fn call<T>(command: i32, attribute: &mut T) -> std::result::Result<i64, i32> {
    // SAFETY: `attribute` is a live #[repr(C)] struct whose size is handed over; pointers in it are to memory of the callers
    // that lives through the call and is as long as they say.
    let code = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_mut(attribute),
            size_of::<T>(),
        )
    };
    if code < 0 {
        Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
    } else {
        Ok(code)
    }
}

fn number(descriptor: &impl AsRawFd) -> u32 {
    // An open descriptor is never negative.
    u32::try_from(descriptor.as_raw_fd()).unwrap_or(u32::MAX)
}

fn owned(code: i64) -> OwnedFd {
    // SAFETY: the kernel just made this descriptor for us, and nobody else owns it.
    unsafe { OwnedFd::from_raw_fd(code as RawFd) }
}

/// Writes one entry of a map.
///
/// # Errors
/// What the kernel says, such as E2BIG where the map is full.
pub fn update(map: BorrowedFd, key: &[u8], value: &[u8]) -> Result<()> {
    let mut element = Element {
        map: number(&map),
        key: key.as_ptr() as u64,
        value: value.as_ptr() as u64,
        ..Element::default()
    };
    call(MAP_UPDATE_ELEM, &mut element)
        .map(|_| ())
        .map_err(|errno| Failure::of(errno, "BPF_MAP_UPDATE_ELEM"))
}

/// Reads one entry of a map into `value`; whether there is one.
///
/// # Errors
/// What the kernel says besides ENOENT.
pub fn lookup(map: BorrowedFd, key: &[u8], value: &mut [u8]) -> Result<bool> {
    let mut element = Element {
        map: number(&map),
        key: key.as_ptr() as u64,
        value: value.as_mut_ptr() as u64,
        ..Element::default()
    };
    match call(MAP_LOOKUP_ELEM, &mut element) {
        Ok(_) => Ok(true),
        Err(libc::ENOENT) => Ok(false),
        Err(errno) => Err(Failure::of(errno, "BPF_MAP_LOOKUP_ELEM")),
    }
}

/// Removes one entry of a map, if it is there.
pub fn delete(map: BorrowedFd, key: &[u8]) {
    let mut element = Element {
        map: number(&map),
        key: key.as_ptr() as u64,
        ..Element::default()
    };
    let _ = call(MAP_DELETE_ELEM, &mut element);
}

/// Takes all entries of a hash out of it, and appends them; how many they were. What is written meanwhile may stay in.
///
/// # Errors
/// The kernel has no batches (before 5.6), or no memory; what was appended by then is out of the map.
pub fn drain(
    map: BorrowedFd,
    key_bytes: usize,
    value_bytes: usize,
    keys: &mut Vec<u8>,
    values: &mut Vec<u8>,
) -> Result<usize> {
    let (mut cursor, mut next) = (0_u32, 0_u32);
    let mut is_first = true;
    let mut room = BATCH;
    let mut taken = 0;
    loop {
        keys.reserve(room * key_bytes);
        values.reserve(room * value_bytes);
        let mut batch = Batch {
            in_batch: if is_first {
                0
            } else {
                std::ptr::from_mut(&mut cursor) as u64
            },
            out_batch: std::ptr::from_mut(&mut next) as u64,
            keys: keys.spare_capacity_mut().as_mut_ptr() as u64,
            values: values.spare_capacity_mut().as_mut_ptr() as u64,
            count: u32::try_from(room).unwrap_or(u32::MAX),
            map: number(&map),
            ..Batch::default()
        };
        let outcome = call(MAP_LOOKUP_AND_DELETE_BATCH, &mut batch);
        // With any other error than these two nothing was taken.
        let count = match outcome {
            Ok(_) | Err(libc::ENOENT) => (batch.count as usize).min(room),
            Err(_) => 0,
        };
        // SAFETY: there was room for so many, and the kernel wrote them all.
        unsafe {
            keys.set_len(keys.len() + count * key_bytes);
            values.set_len(values.len() + count * value_bytes);
        }
        taken += count;
        match outcome {
            Ok(_) => {
                cursor = next;
                is_first = false;
            }
            Err(libc::ENOENT) => return Ok(taken),
            // A bucket has more entries than fit.
            Err(libc::ENOSPC) if room < 1 << 24 => room *= 2,
            Err(libc::EINTR | libc::EAGAIN) => {}
            Err(errno) => return Err(Failure::of(errno, "BPF_MAP_LOOKUP_AND_DELETE_BATCH")),
        }
    }
}

/// Attaches a program to an interface by a tcx link, before all that are there or behind them; it lasts as long as the descriptor
/// or the interface.
///
/// `attach_type` is BPF_TCX_INGRESS (46) or BPF_TCX_EGRESS (47).
///
/// # Errors
/// EINVAL where the kernel has no tcx (before 6.6), ENODEV where the interface is gone.
pub fn link_tcx(
    program: BorrowedFd,
    ifindex: u32,
    attach_type: u32,
    is_last: bool,
) -> Result<OwnedFd> {
    let mut link = LinkCreate {
        program: number(&program),
        target: ifindex,
        attach_type,
        flags: if is_last { F_AFTER } else { F_BEFORE },
        ..LinkCreate::default()
    };
    call(LINK_CREATE, &mut link)
        .map(owned)
        .map_err(|errno| Failure::of(errno, format!("a tcx link at interface {ifindex}")))
}

/// What the kernel counts of a program.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Runs {
    /// Since it was loaded, while the kernel's statistics were on.
    pub count: u64,
    /// Their time, ns.
    pub ns: u64,
    /// Runs that did not take place, for they would have interrupted another one on the same processor. Always counted.
    pub missed: u64,
}

/// Asks the kernel what it counted of a program.
///
/// # Errors
/// The kernel refuses to tell.
pub fn runs(program: BorrowedFd) -> Result<Runs> {
    // struct bpf_prog_info: run_time_ns, run_cnt and recursion_misses lie there, the last since 5.12.
    const RUN_TIME: usize = 192;
    let info = info(program)?;
    let [ns, count, missed] = [0, 8, 16].map(|at| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&info[RUN_TIME + at..RUN_TIME + at + 8]);
        u64::from_ne_bytes(bytes)
    });
    Ok(Runs { count, ns, missed })
}

/// Numbers of all programs, links or maps of the kernel.
///
/// # Errors
/// EPERM without `CAP_SYS_ADMIN`.
pub fn ids(thing: Thing) -> Result<Vec<u32>> {
    let command = match thing {
        Thing::Program => PROG_GET_NEXT_ID,
        Thing::Link => LINK_GET_NEXT_ID,
        Thing::Map => MAP_GET_NEXT_ID,
    };
    let mut found = Vec::new();
    let mut asked = ById::default();
    loop {
        match call(command, &mut asked) {
            Ok(_) => {
                found.push(asked.next);
                asked.id = asked.next;
            }
            Err(libc::ENOENT) => return Ok(found),
            Err(errno) => return Err(Failure::of(errno, format!("listing each {}", thing.name()))),
        }
    }
}

/// Opens a program, link or map by its number.
///
/// # Errors
/// ENOENT where it ended; EPERM without `CAP_SYS_ADMIN`.
pub fn by_id(thing: Thing, id: u32) -> Result<OwnedFd> {
    let command = match thing {
        Thing::Program => PROG_GET_FD_BY_ID,
        Thing::Link => LINK_GET_FD_BY_ID,
        Thing::Map => MAP_GET_FD_BY_ID,
    };
    let mut asked = ById {
        id,
        ..ById::default()
    };
    call(command, &mut asked)
        .map(owned)
        .map_err(|errno| Failure::of(errno, format!("{} {id}", thing.name())))
}

/// The name of a program or a map, of which the kernel keeps 15 letters; a link has none.
///
/// # Errors
/// The kernel refuses to tell.
pub fn name_of(thing: Thing, descriptor: BorrowedFd) -> Result<String> {
    // struct bpf_prog_info and struct bpf_map_info have it at these places.
    let at = match thing {
        Thing::Program => 64,
        Thing::Map => 24,
        Thing::Link => return Ok(String::new()),
    };
    let info = info(descriptor)?;
    let name = &info[at..at + 16];
    let end = name
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(name.len());
    Ok(String::from_utf8_lossy(&name[..end]).into_owned())
}

/// The number of a program.
///
/// # Errors
/// The kernel refuses to tell.
pub fn program_number(program: BorrowedFd) -> Result<u32> {
    // struct bpf_prog_info: type, id.
    let info = info(program)?;
    Ok(u32::from_ne_bytes([info[4], info[5], info[6], info[7]]))
}

/// The number of a link's program.
///
/// # Errors
/// The kernel refuses to tell.
pub fn program_of_link(descriptor: BorrowedFd) -> Result<u32> {
    // struct bpf_link_info: type, id, prog_id.
    let info = info(descriptor)?;
    Ok(u32::from_ne_bytes([info[8], info[9], info[10], info[11]]))
}

fn info(descriptor: BorrowedFd) -> Result<[u8; 256]> {
    let mut info = [0_u8; 256];
    let mut question = Info {
        descriptor: number(&descriptor),
        length: info.len() as u32,
        info: info.as_mut_ptr() as u64,
    };
    call(OBJ_GET_INFO_BY_FD, &mut question)
        .map_err(|errno| Failure::of(errno, "BPF_OBJ_GET_INFO_BY_FD"))?;
    Ok(info)
}

/// Has the kernel take the time of every program's runs, for as long as the descriptor is open.
///
/// # Errors
/// EPERM without `CAP_SYS_ADMIN`, EINVAL before Linux 5.8.
pub fn take_run_times() -> Result<OwnedFd> {
    call(ENABLE_STATS, &mut EnableStats::default())
        .map(owned)
        .map_err(|errno| Failure::of(errno, "BPF_ENABLE_STATS"))
}

/// Runs a program so many times on a packet that exists for it alone; what one run took on average, ns.
///
/// # Errors
/// What the kernel says, such as EINVAL for less than an Ethernet header.
pub fn run(program: BorrowedFd, packet: &[u8], repeat: u32) -> Result<u32> {
    let mut test = TestRun {
        program: number(&program),
        data_size_in: packet.len() as u32,
        data_in: packet.as_ptr() as u64,
        repeat,
        ..TestRun::default()
    };
    call(PROG_TEST_RUN, &mut test).map_err(|errno| Failure::of(errno, "BPF_PROG_TEST_RUN"))?;
    Ok(test.duration)
}

/// Memory of the kernel that a map holds, in bytes; 0 where it does not say.
pub fn memory_bytes(map: BorrowedFd) -> u64 {
    std::fs::read_to_string(format!("/proc/self/fdinfo/{}", map.as_raw_fd()))
        .ok()
        .and_then(|text| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("memlock:"))?;
            line.trim().parse().ok()
        })
        .unwrap_or(0)
}

/// Waits until every program that runs now has ended.
///
/// The kernel waits for that whenever a map of maps is written from outside, so that what was taken out is in nobody's hands.
#[derive(Debug)]
pub struct GracePeriod {
    outer: OwnedFd,
    inner: OwnedFd,
}

impl GracePeriod {
    /// Makes the maps that are written to.
    ///
    /// # Errors
    /// The process may not use BPF, or the kernel has none.
    pub fn open() -> Result<Self> {
        let make = |mut create: MapCreate| {
            call(MAP_CREATE, &mut create)
                .map(owned)
                .map_err(|errno| Failure::of(errno, "BPF_MAP_CREATE"))
        };
        let inner = make(MapCreate {
            kind: TYPE_ARRAY,
            key_bytes: 4,
            value_bytes: 4,
            entries: 1,
            ..MapCreate::default()
        })?;
        let outer = make(MapCreate {
            kind: TYPE_ARRAY_OF_MAPS,
            key_bytes: 4,
            value_bytes: 4,
            entries: 1,
            inner_fd: number(&inner),
            ..MapCreate::default()
        })?;
        Ok(Self { outer, inner })
    }

    /// Waits; some milliseconds.
    ///
    /// # Errors
    /// The kernel has no memory.
    pub fn wait(&self) -> Result<()> {
        let inner = number(&self.inner).to_ne_bytes();
        update(
            std::os::fd::AsFd::as_fd(&self.outer),
            &0_u32.to_ne_bytes(),
            &inner,
        )
    }
}
