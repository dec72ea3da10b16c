//! What the probe `flow` costs: `flow_cost SENDING RECEIVING ROUNDS PACKETS`, both ends of a veth that nothing else uses.
//!
//! Prints lines `distribution what ns`: kernel statistics for each round of the probe and of the floor (one lookup, one
//! addition), one after the other; then `drain` with the CPU time of taking 100,000 flows out of the kernel, as Arrow.

mod frames;

use std::error::Error;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya::programs::SchedClassifier;
use aya::sys::Stats;
use columns::flows::Encoder;
use flows::{Cut, Instant, Sampling, Table, Timeouts, Watched};
use probes::clock::{monotonic_ns, realtime_ns};
use probes::flow::{Drained, FlowProbe, Options, SLOTS};
use probes::{bpf, tcx};

static FLOOR: &[u8] = aya::include_bytes_aligned!("../../../../benchmarks/floor/floor.bpf.o");
const TCX_INGRESS: u32 = 46;
const FLOWS: usize = 100_000;

use frames::{cpu_ns, ifindex, raw_socket, send, FRAME};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Which flow each packet belongs to.
fn sequence(distribution: &str, packets: usize) -> Vec<u32> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let weights: Vec<f64> = (1..=FLOWS).map(|rank| (rank as f64).powf(-1.1)).collect();
    let mut sum = 0.0;
    let cumulated: Vec<f64> = weights
        .iter()
        .map(|weight| {
            sum += weight;
            sum
        })
        .collect();
    (0..packets)
        .map(|_| match distribution {
            "hot" => 0,
            "uniform" => (random.next() % FLOWS as u64) as u32,
            _ => {
                let point = random.next() as f64 / u64::MAX as f64 * sum;
                cumulated
                    .partition_point(|edge| *edge < point)
                    .min(FLOWS - 1) as u32
            }
        })
        .collect()
}

fn frame(flow: u32) -> [u8; FRAME] {
    let mut frame = [0; FRAME];
    frame[..6].fill(0xff);
    frame[6] = 2;
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    frame[14] = 0x45;
    frame[16..18].copy_from_slice(&46_u16.to_be_bytes());
    frame[22] = 64;
    frame[23] = 17;
    // Spread over addresses and ports, as real ones are.
    let mixed = flow.wrapping_mul(2_654_435_761);
    frame[26..30].copy_from_slice(&[198, 18, (flow >> 8) as u8, flow as u8]);
    frame[30..34].copy_from_slice(&[198, 19, (flow >> 16) as u8, 1]);
    frame[34..36].copy_from_slice(&((mixed >> 16) as u16).to_be_bytes());
    frame[36..38].copy_from_slice(&9_u16.to_be_bytes());
    frame[38..40].copy_from_slice(&26_u16.to_be_bytes());
    frame
}

fn round(
    program: BorrowedFd,
    index: u32,
    socket: &OwnedFd,
    frames: &[[u8; FRAME]],
    sequence: &[u32],
) -> Result<f64> {
    let link = bpf::link_tcx(program, index, TCX_INGRESS, false)?;
    // What a round pays for new entries is paid before it is measured.
    send(socket, frames, sequence)?;
    let before = bpf::runs(program)?;
    send(socket, frames, sequence)?;
    let after = bpf::runs(program)?;
    drop(link);
    Ok((after.ns - before.ns) as f64 / (after.count - before.count) as f64)
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [sending, receiving, rounds, packets] = &words[..] else {
        return Err("flow_cost SENDING RECEIVING ROUNDS PACKETS".into());
    };
    let (rounds, packets) = (rounds.parse::<usize>()?, packets.parse::<usize>()?);
    let socket = raw_socket(ifindex(sending)?)?;
    let index = ifindex(receiving)?;
    let mut probe = FlowProbe::open(Options {
        entries: 262_144,
        ring_bytes: 1 << 20,
        is_last: false,
        way: None,
    })?;
    let mut floor = aya::Ebpf::load(FLOOR)?;
    let program: &mut SchedClassifier = floor
        .program_mut("viflux_floor")
        .ok_or("the object has no floor")?
        .try_into()?;
    program.load()?;
    let floor = tcx::descriptor(program)?;
    let _statistics = aya::sys::enable_stats(Stats::RunTime)?;
    let frames: Vec<_> = (0..FLOWS as u32).map(frame).collect();
    let mut drained = Drained::default();
    for distribution in ["hot", "zipf", "uniform"] {
        let sequence = sequence(distribution, packets);
        for _ in 0..rounds {
            let least = round(floor.as_fd(), index, &socket, &frames, &sequence)?;
            let whole = round(
                probe.program(false, true),
                index,
                &socket,
                &frames,
                &sequence,
            )?;
            println!("{distribution} floor {least:.1}");
            println!("{distribution} flow {whole:.1}");
            probe.drain(&mut drained)?;
            drained.clear();
        }
    }
    let mut encoder = Encoder::default();
    let every: Vec<u32> = (0..FLOWS as u32).collect();
    let timeouts = Timeouts {
        active_ns: 0,
        inactive_ns: 0,
    };
    let mut table = Table::new(timeouts, realtime_ns());
    let mut watched = Watched::default();
    watched.begin(index, 1, monotonic_ns());
    for _ in 0..rounds {
        let link = bpf::link_tcx(probe.program(false, true), index, TCX_INGRESS, false)?;
        send(&socket, &frames, &every)?;
        drop(link);
        let mut sampling = Sampling::new(SLOTS);
        let begun = cpu_ns();
        probe.drain(&mut drained)?;
        let out_of_the_kernel = cpu_ns();
        table.take(
            &watched,
            &mut sampling,
            (&drained.keys4, &drained.flows4),
            (&drained.keys6, &drained.flows6),
        );
        let taken = cpu_ns();
        let now = Instant {
            real_ns: realtime_ns(),
            monotonic_ns: monotonic_ns(),
        };
        let cut = Cut {
            real_ns: now.real_ns,
            is_reading: true,
        };
        let rows = table.due((now, cut), true, (&watched, &sampling), |_| false);
        let count = rows.rows;
        let in_rows = cpu_ns();
        let messages = encoder.encode(rows)?;
        let ended = cpu_ns();
        drained.clear();
        println!(
            "drain kernel {:.2}",
            (out_of_the_kernel - begun) as f64 / 1e6
        );
        println!("drain take {:.2}", (taken - out_of_the_kernel) as f64 / 1e6);
        println!("drain rows {:.2}", (in_rows - taken) as f64 / 1e6);
        println!("drain encode {:.2}", (ended - in_rows) as f64 / 1e6);
        println!("drain whole {:.2}", (ended - begun) as f64 / 1e6);
        println!("drain flows {count}");
        println!(
            "drain bytes {}",
            messages.iter().map(|one| one.payload.len()).sum::<usize>()
        );
    }
    Ok(())
}
