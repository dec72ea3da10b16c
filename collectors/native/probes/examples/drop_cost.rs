//! What the probe `drop` costs: `drop_cost SENDING RECEIVING ROUNDS`, both ends of a veth that nothing else uses.
//!
//! Frames of EtherTypes that nobody handles are dropped where they come in. Prints lines `what ns`, kernel statistics of each round:
//! `one` kind of drop, 2,000 kinds in turn (`many`), the `first` packet of each kind in an interval, and a `full` map. Other drops
//! of the host in that time are in them too; `dropped` says how many of the runs were of these frames, in percent.

mod frames;

use std::error::Error;
use std::os::fd::OwnedFd;

use aya::sys::Stats;
use probes::drop::{Drained, DropProbe, Options};

use frames::{ifindex, raw_socket, send, FRAME};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const KINDS: usize = 2_000;
const PACKETS: usize = 40_000;
/// EtherTypes from here on are nobody's.
const FIRST_TYPE: u16 = 0x9900;
/// Of the map that is to be full.
const FEW_ENTRIES: u32 = 64;

fn frame(kind: usize) -> [u8; FRAME] {
    let mut frame = [0; FRAME];
    frame[..6].fill(0xff);
    frame[6] = 2;
    frame[12..14].copy_from_slice(&(FIRST_TYPE + kind as u16).to_be_bytes());
    frame
}

/// The mean time of a run in ns while frames are dropped, and the share of these frames among the runs.
fn cost(
    probe: &DropProbe,
    socket: &OwnedFd,
    frames: &[[u8; FRAME]],
    sequence: &[u32],
) -> Result<(f64, f64)> {
    let before = probe.runs()?;
    send(socket, frames, sequence)?;
    let after = probe.runs()?;
    let count = (after.count - before.count) as f64;
    let ns = (after.ns - before.ns) as f64;
    Ok((ns / count, sequence.len() as f64 / count))
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [sending, receiving, rounds] = &words[..] else {
        return Err("drop_cost SENDING RECEIVING ROUNDS".into());
    };
    ifindex(receiving)?;
    let socket = raw_socket(ifindex(sending)?)?;
    let _statistics = aya::sys::enable_stats(Stats::RunTime)?;
    let frames: Vec<_> = (0..KINDS).map(frame).collect();
    let one = vec![0; PACKETS];
    let many: Vec<u32> = (0..PACKETS).map(|at| (at % KINDS) as u32).collect();
    let options = |entries| Options {
        entries,
        ring_bytes: 256 << 10,
        samples: 1,
    };
    let mut drained = Drained::default();
    for _ in 0..rounds.parse::<usize>()? {
        for (what, entries) in [("one", 8_192), ("many", 8_192), ("full", FEW_ENTRIES)] {
            let mut probe = DropProbe::open(options(entries))?;
            probe.attach()?;
            let sequence = if what == "one" { &one } else { &many };
            // What the first packet of each kind costs more is told apart.
            let first: Vec<u32> = (0..KINDS as u32).collect();
            send(&socket, &frames, &first)?;
            let (ns, share) = cost(&probe, &socket, &frames, sequence)?;
            println!("{what} {ns:.1}");
            println!("dropped {:.1}", 100.0 * share);
            if what == "many" {
                probe.drain(&mut drained)?;
                let (ns, _) = cost(&probe, &socket, &frames, &first)?;
                println!("first {ns:.1}");
            }
        }
    }
    Ok(())
}
