//! What one run of the probe `flow` costs on the kernel's own test bench (BPF_PROG_TEST_RUN), one packet again and again:
//! `flow_run ROUNDS REPEATS`. Prints lines `what ns`: the floor, the probe, the probe where packets are left out, and the probe
//! while the kernel takes the time of runs.

use std::error::Error;
use std::os::fd::{AsFd, BorrowedFd};

use aya::programs::SchedClassifier;
use probes::flow::{slot, Drained, FlowProbe, Options};
use probes::{bpf, tcx};

static FLOOR: &[u8] = aya::include_bytes_aligned!("../../../../benchmarks/floor/floor.bpf.o");
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
fn run(program: BorrowedFd, repeat: u32) -> Result<u32, probes::Failure> {
    bpf::run(program, &frame(), repeat)
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
        is_last: false,
        way: None,
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
