//! The probe `flow`: every packet of an interface counted by flow, in the kernel (`collectors/ebpf/flow`).

use std::collections::HashMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya::maps::{MapData, PerCpuArray, RingBuf};
use aya::programs::SchedClassifier;
use aya::{Ebpf, EbpfLoader};
use wire::flow_reading::{Seen, Ticks};
use wire::flow_record::{Flow, Flow4Key, Flow6Key, FlowLost, FlowNow, FlowOverflow};

use crate::attachment::{Attachments, Way};
use crate::bpf::{self, GracePeriod};
use crate::clsact::{Clsact, Program};
use crate::failure::Result;
use crate::object::{map, memory_bytes, missing, refused};
use crate::tcx;

/// Built from the sources beside it by `make probes`; a build needs no compiler for it.
static OBJECT: &[u8] = aya::include_bytes_aligned!("../../../ebpf/flow/flow.bpf.o");

/// Its programs: ingress and egress of interfaces with an Ethernet header, and of those without any.
pub const PROGRAMS: [&str; 4] = [
    "viflux_flow_in",
    "viflux_flow_out",
    "viflux_flow3_in",
    "viflux_flow3_out",
];
const CLOCK: &str = "viflux_flow_clock";
/// By family, then by which is written.
const FLOW_MAPS: [[&str; 2]; 2] = [
    ["viflux_flow4_a", "viflux_flow4_b"],
    ["viflux_flow6_a", "viflux_flow6_b"],
];

/// Of an interface's number so many lower bits say where its rate is (VIFLUX_FLOW_SLOTS in flow.h).
pub const SLOTS: u32 = 2048;

/// Where the rate of an interface is; others may share it.
pub fn slot(ifindex: u32) -> u32 {
    ifindex & (SLOTS - 1)
}

/// Of the switch: programs do nothing.
const OFF: u64 = 2 << 32;

/// How the probe is set up.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Entries of each map of flows; there are two of each family.
    pub entries: u32,
    /// Of the ring for what does not fit: a power of two, at least a page.
    pub ring_bytes: u32,
    /// Behind the programs that others have at an interface, else before them.
    pub is_last: bool,
    /// How programs are attached; none: as the kernel has it.
    pub way: Option<Way>,
}

/// What was taken out of the maps, as it lay there.
#[derive(Debug, Default)]
pub struct Drained {
    pub keys4: Vec<u8>,
    pub flows4: Vec<u8>,
    pub keys6: Vec<u8>,
    pub flows6: Vec<u8>,
    pub seen: Vec<Seen>,
}

impl Drained {
    /// Forget all, and keep the memory of a usual drain.
    pub fn clear(&mut self) {
        const KEPT_BYTES: usize = 8 << 20;
        for part in [
            &mut self.keys4,
            &mut self.flows4,
            &mut self.keys6,
            &mut self.flows6,
        ] {
            part.clear();
            part.shrink_to(KEPT_BYTES);
        }
        self.seen.clear();
    }
}

/// The loaded probe; dropped, it is gone from the kernel.
pub struct FlowProbe {
    /// Before the programs, so that these are at no interface any more when they go.
    attached: Attachments,
    /// Keeps programs and maps.
    _ebpf: Ebpf,
    programs: [OwnedFd; 4],
    flows: [[OwnedFd; 2]; 2],
    ring: RingBuf<MapData>,
    lost: OwnedFd,
    switch: OwnedFd,
    now: OwnedFd,
    clock: OwnedFd,
    tick_ns: u64,
    grace: GracePeriod,
    /// Which of each pair is written now.
    written: usize,
    /// The other of each pair holds what was counted until the switch, and waits for the drain.
    is_switched: bool,
    rates: OwnedFd,
    /// What lies in `rates`, by which pair of maps is written.
    rates_written: [Vec<u32>; 2],
    /// What is to lie there after the next drain: one packet of so many is counted; slots that are not here count every one.
    rates_planned: HashMap<u32, u32>,
    seen: PerCpuArray<MapData, [u64; 2]>,
    /// By pair of maps, slot and direction: what was told already.
    seen_told: HashMap<(usize, u32, bool), u64>,
    memory_bytes: u64,
}

impl FlowProbe {
    /// Loads the programs and makes the maps; nothing is attached yet.
    ///
    /// # Errors
    /// [`Kind::Refused`] without the capabilities, [`Kind::Unsupported`] where the kernel lacks a part.
    pub fn open(options: Options) -> Result<Self> {
        // Asked first: the loader's errors do not always carry the kernel's number.
        let grace = GracePeriod::open()?;
        let mut loader = EbpfLoader::new();
        for name in FLOW_MAPS.into_iter().flatten() {
            loader.map_max_entries(name, options.entries);
        }
        loader.map_max_entries("viflux_flow_ring", options.ring_bytes);
        let mut ebpf = loader.load(OBJECT).map_err(|error| refused(&error))?;
        let mut programs = Vec::new();
        for name in PROGRAMS {
            let program = program(&mut ebpf, name)?;
            program.load().map_err(|error| refused(&error))?;
            programs.push(tcx::descriptor(program)?);
        }
        let programs = programs
            .try_into()
            .map_err(|_| missing("the probe's programs"))?;
        let flows = [
            [map(&ebpf, FLOW_MAPS[0][0])?, map(&ebpf, FLOW_MAPS[0][1])?],
            [map(&ebpf, FLOW_MAPS[1][0])?, map(&ebpf, FLOW_MAPS[1][1])?],
        ];
        let lost = map(&ebpf, "viflux_flow_lost")?;
        let switch = map(&ebpf, "viflux_flow_sw")?;
        let rates = map(&ebpf, "viflux_flow_rate")?;
        let now = map(&ebpf, "viflux_flow_now")?;
        let clock = program(&mut ebpf, CLOCK)?;
        clock.load().map_err(|error| refused(&error))?;
        let clock = tcx::descriptor(clock)?;
        let memory_bytes = memory_bytes(&ebpf);
        let ring = ebpf
            .take_map("viflux_flow_ring")
            .ok_or_else(|| missing("viflux_flow_ring"))?;
        let seen = ebpf
            .take_map("viflux_flow_seen")
            .ok_or_else(|| missing("viflux_flow_seen"))?;
        let seen = PerCpuArray::try_from(seen).map_err(|error| refused(&error))?;
        let ring = RingBuf::try_from(ring).map_err(|error| refused(&error))?;
        let probe = Self {
            attached: Attachments::new(options.way, options.is_last),
            _ebpf: ebpf,
            programs,
            flows,
            ring,
            lost,
            switch,
            now,
            clock,
            tick_ns: crate::clock::tick_ns(),
            grace,
            written: 0,
            is_switched: false,
            rates,
            rates_written: [vec![0; SLOTS as usize], vec![0; SLOTS as usize]],
            rates_planned: HashMap::new(),
            seen,
            seen_told: HashMap::new(),
            memory_bytes,
        };
        probe.set_switch(0)?;
        Ok(probe)
    }

    /// Whether the kernel has tcx; nothing is attached for it.
    pub fn has_tcx(&self) -> bool {
        tcx::is_there(self.programs[0].as_fd())
    }

    /// How programs are attached; settled by the first interface.
    pub fn way(&self) -> Way {
        self.attached.way()
    }

    /// Starts to watch an interface of this process's namespace.
    ///
    /// # Errors
    /// [`Kind::Gone`] where it is not there any more; else what the kernel says.
    pub fn attach(&mut self, ifindex: u32, has_ethernet: bool) -> Result<()> {
        for is_egress in [0_u32, 1] {
            let key = [ifindex.to_ne_bytes(), is_egress.to_ne_bytes()].concat();
            bpf::update(self.lost.as_fd(), &key, &[0; FlowLost::SIZE])?;
        }
        let pair = if has_ethernet { 0 } else { 2 };
        let [ingress, egress] = [pair, pair + 1].map(|at| Program {
            descriptor: self.programs[at].as_fd(),
            name: PROGRAMS[at],
        });
        let outcome = self.attached.add(ingress, egress, ifindex);
        if outcome.is_err() {
            self.forget(ifindex);
        }
        outcome
    }

    /// Ends to watch an interface; what was counted of it stays until it is drained.
    pub fn detach(&mut self, ifindex: u32) {
        self.attached.remove(ifindex);
    }

    /// Forgets what an interface lost; to be called when nothing of it is asked for any more.
    pub fn forget(&mut self, ifindex: u32) {
        for is_egress in [0_u32, 1] {
            bpf::delete(
                self.lost.as_fd(),
                &[ifindex.to_ne_bytes(), is_egress.to_ne_bytes()].concat(),
            );
        }
    }

    /// Whether an interface is watched.
    pub fn watches(&self, ifindex: u32) -> bool {
        self.attached.contains(ifindex)
    }

    /// How many interfaces are watched.
    pub fn watched(&self) -> usize {
        self.attached.len()
    }

    /// From now on the other maps are written, so that the next drain has what was counted until this instant; a second call
    /// before that drain does nothing.
    ///
    /// # Errors
    /// What the kernel says; the same maps are written on.
    pub fn switch(&mut self) -> Result<()> {
        if self.is_switched {
            return Ok(());
        }
        let new = 1 - self.written;
        // Each packet is counted by the rate that belongs to its map.
        self.write_rates(new)?;
        self.set_switch(new)?;
        self.written = new;
        self.is_switched = true;
        Ok(())
    }

    /// Takes out all that was counted until the switch, or until now where there was none; each packet is in this drain or in a
    /// later one, in one of them alone.
    ///
    /// # Errors
    /// The kernel has no memory; what is left comes with the next drain but one.
    pub fn drain(&mut self, drained: &mut Drained) -> Result<()> {
        self.switch()?;
        self.is_switched = false;
        let old = 1 - self.written;
        // A program that began before still holds entries of the old maps.
        self.grace.wait()?;
        self.read_seen(old, &mut drained.seen)?;
        bpf::drain(
            self.flows[0][old].as_fd(),
            Flow4Key::SIZE,
            Flow::SIZE,
            &mut drained.keys4,
            &mut drained.flows4,
        )?;
        bpf::drain(
            self.flows[1][old].as_fd(),
            Flow6Key::SIZE,
            Flow::SIZE,
            &mut drained.keys6,
            &mut drained.flows6,
        )?;
        Ok(())
    }

    /// Shows every packet that the maps had no room for; how many they were.
    pub fn overflowed(&mut self, mut show: impl FnMut(&FlowOverflow)) -> usize {
        let mut count = 0;
        while let Some(record) = self.ring.next() {
            if let Some(bytes) = record.first_chunk() {
                show(&FlowOverflow::read(bytes));
                count += 1;
            }
        }
        count
    }

    /// What neither maps nor ring could take of an interface since it is watched: at ingress and at egress.
    pub fn lost(&self, ifindex: u32) -> [FlowLost; 2] {
        [0_u32, 1].map(|is_egress| {
            let key = [ifindex.to_ne_bytes(), is_egress.to_ne_bytes()].concat();
            let mut value = [0; FlowLost::SIZE];
            // Of one that is not known nothing is lost.
            let _ = bpf::lookup(self.lost.as_fd(), &key, &mut value);
            FlowLost::read(&value)
        })
    }

    /// Runs and ns of all programs, while the kernel's statistics are on.
    ///
    /// # Errors
    /// The kernel refuses to tell.
    pub fn runs(&self) -> Result<(u64, u64)> {
        let mut sum = (0, 0);
        for program in &self.programs {
            let runs = bpf::runs(program.as_fd())?;
            sum = (sum.0 + runs.count, sum.1 + runs.ns);
        }
        Ok(sum)
    }

    /// Memory of the kernel that the maps hold; all of it is there from the start.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// The program of a direction, for a test that runs it.
    pub fn program(&self, is_egress: bool, has_ethernet: bool) -> BorrowedFd<'_> {
        self.programs[usize::from(is_egress) + if has_ethernet { 0 } else { 2 }].as_fd()
    }

    /// What the kernel's ticks mean now.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn ticks(&self) -> Result<Ticks> {
        const TRIES: usize = 100;
        for _ in 0..TRIES {
            bpf::run(self.clock.as_fd(), &[0; 64], 1)?;
            let mut value = [0; FlowNow::SIZE];
            bpf::lookup(self.now.as_fd(), &0_u32.to_ne_bytes(), &mut value)?;
            let now = FlowNow::read(&value);
            if now.monotonic_ns != 0 {
                return Ok(Ticks {
                    tick: now.tick,
                    monotonic_ns: now.monotonic_ns as i64,
                    tick_ns: self.tick_ns as i64,
                });
            }
        }
        Err(missing("a tick that lasts"))
    }

    /// Plans rates, by slot: one packet of so many is counted from the next drain on.
    pub fn plan_rates(&mut self, rates: HashMap<u32, u32>) {
        self.rates_planned = rates;
    }

    /// Which of the pairs of maps the next drain takes.
    pub fn next_drained(&self) -> u32 {
        if self.is_switched {
            1 - self.written as u32
        } else {
            self.written as u32
        }
    }

    /// Whether every packet of a slot was counted since the last drain, and will be.
    pub fn is_whole(&self, slot: u32) -> bool {
        self.rates_written[self.written][slot as usize] <= 1
    }

    /// Has the plan hold for a slot at once, which no watched interface has.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn begin_slot(&mut self, slot: u32) -> Result<()> {
        self.write_rate(self.written, slot)?;
        self.set_switch(self.written)
    }

    fn write_rates(&mut self, side: usize) -> Result<()> {
        (0..SLOTS).try_for_each(|slot| self.write_rate(side, slot))
    }

    fn write_rate(&mut self, side: usize, slot: u32) -> Result<()> {
        let rate = self.rates_planned.get(&slot).copied().unwrap_or(1).max(1);
        let known = &mut self.rates_written[side][slot as usize];
        if rate == (*known).max(1) {
            return Ok(());
        }
        let at = side as u32 * SLOTS + slot;
        bpf::update(self.rates.as_fd(), &at.to_ne_bytes(), &rate.to_ne_bytes())?;
        *known = rate;
        Ok(())
    }

    fn read_seen(&mut self, side: usize, found: &mut Vec<Seen>) -> Result<()> {
        let sampled = self.rates_written[side]
            .iter()
            .zip(0_u32..)
            .filter_map(|(rate, slot)| (*rate > 1).then_some(slot));
        for (slot, is_egress) in sampled.flat_map(|slot| [(slot, false), (slot, true)]) {
            let at = 2 * (side as u32 * SLOTS + slot) + u32::from(is_egress);
            let values = self.seen.get(&at, 0).map_err(|error| refused(&error))?;
            let total = values.iter().map(|[packets, _]| packets).sum();
            let told = self
                .seen_told
                .insert((side, slot, is_egress), total)
                .unwrap_or(0);
            found.push(Seen {
                slot,
                is_egress,
                packets: total - told,
            });
        }
        Ok(())
    }

    fn set_switch(&self, side: usize) -> Result<()> {
        let has_rates = self.rates_written[side].iter().any(|rate| *rate > 1);
        self.write_switch(u64::from(has_rates) << 32 | side as u64)
    }

    fn write_switch(&self, word: u64) -> Result<()> {
        bpf::update(
            self.switch.as_fd(),
            &0_u32.to_ne_bytes(),
            &word.to_ne_bytes(),
        )
    }
}

impl Drop for FlowProbe {
    fn drop(&mut self) {
        // Leaving interfaces takes time; until then programs return at once.
        let _ = self.write_switch(OFF);
    }
}

/// Removes the filters that a run that was killed left at interfaces of this namespace; how many they were.
///
/// # Errors
/// The kernel does not list them.
pub fn reclaim() -> Result<usize> {
    Clsact::open()?.reclaim(&PROGRAMS)
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut SchedClassifier> {
    ebpf.program_mut(name)
        .ok_or_else(|| missing(name))?
        .try_into()
        .map_err(|error| refused(&error))
}

#[cfg(test)]
mod tests {
    use super::SLOTS;

    #[test]
    fn the_program_has_as_many_slots() {
        let header = include_str!("../../../ebpf/flow/flow.h");
        assert!(header.contains(&format!("#define VIFLUX_FLOW_SLOTS {SLOTS}\n")));
    }
}
