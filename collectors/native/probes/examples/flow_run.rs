//! What one run of the probe `flow` costs on the kernel's own test bench (BPF_PROG_TEST_RUN), one packet again and again:
//! `flow_run ROUNDS REPEATS`. Prints lines `what ns`: the floor, the probe, the probe where packets are left out, and the probe
//! while the kernel takes the time of runs.

use std::error::Error;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use aya::programs::SchedClassifier;
use probes::flow::{slot, Drained, FlowProbe, Options};
use probes::{bpf, tcx};

static FLOOR: &[u8] = aya::include_bytes_aligned!("../../../../benchmarks/floor/floor.bpf.o");
const PROG_TEST_RUN: i32 = 10;

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
    flags: u32,
    cpu: u32,
    batch_size: u32,
    padding: u32,
}

/// A datagram of UDP over IPv4.
fn frame() -> [u8; 60] {
    let mut frame = [0; 60];
    frame[..6].fill(0xff);
    frame[6] = 2;
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&46_u16.to_be_bytes());
    frame[22] = 64;
    frame[23] = 17;
    frame[26..30].copy_from_slice(&[198, 18, 0, 1]);
    frame[30..34].copy_from_slice(&[198, 19, 0, 1]);
    frame[34..36].copy_from_slice(&4_000_u16.to_be_bytes());
    frame[36..38].copy_from_slice(&9_u16.to_be_bytes());
    frame[38..40].copy_from_slice(&26_u16.to_be_bytes());
    frame
}

/// The mean of a run in ns.
fn run(program: BorrowedFd, repeat: u32) -> Result<u32, Box<dyn Error>> {
    let frame = frame();
    let mut attribute = TestRun {
        program: program.as_raw_fd() as u32,
        data_size_in: frame.len() as u32,
        data_in: frame.as_ptr() as u64,
        repeat,
        ..TestRun::default()
    };
    // SAFETY: `attribute` is a live #[repr(C)] struct whose size is handed over; its pointer is to a frame that lives through the
    // call.
    let code = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            PROG_TEST_RUN,
            std::ptr::from_mut(&mut attribute),
            size_of::<TestRun>(),
        )
    };
    if code < 0 {
        return Err(std::io::Error::last_os_error().into());
    }
    Ok(attribute.duration)
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<u32> = std::env::args()
        .skip(1)
        .map(|word| word.parse())
        .collect::<Result<_, _>>()?;
    let [rounds, repeats] = words[..] else {
        return Err("flow_run ROUNDS REPEATS".into());
    };
    let options = Options {
        entries: 65_536,
        ring_bytes: 1 << 20,
    };
    let probe = FlowProbe::open(options)?;
    let mut sampled = FlowProbe::open(options)?;
    // The test bench's packets are of the loopback.
    sampled.plan_rates([(slot(1), 1_024)].into());
    sampled.drain(&mut Drained::default())?;
    let mut floor = aya::Ebpf::load(FLOOR)?;
    let program: &mut SchedClassifier = floor
        .program_mut("viflux_floor")
        .ok_or("the object has no floor")?
        .try_into()?;
    program.load()?;
    let floor = tcx::descriptor(program)?;
    let whole = probe.program(false, true);
    for _ in 0..rounds {
        println!("floor {}", run(floor.as_fd(), repeats)?);
        println!("flow {}", run(whole, repeats)?);
        println!("left_out {}", run(sampled.program(false, true), repeats)?);
        let statistics = bpf::take_run_times()?;
        println!("flow_timed {}", run(whole, repeats)?);
        drop(statistics);
    }
    Ok(())
}
