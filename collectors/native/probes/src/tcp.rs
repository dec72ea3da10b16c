//! The probe `tcp`: a sample of TCP connections at an interface, followed by their sequence numbers (`collectors/ebpf/tcp`).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya::programs::SchedClassifier;
use aya::{Ebpf, EbpfLoader};
use wire::tcp_record::TcpCounts;

use crate::attachment::{Attachments, Way};
use crate::bpf;
use crate::clsact::{Clsact, Program};
use crate::failure::Result;
use crate::object::{map, memory_bytes, missing, refused};
use crate::tcx;

/// Built from the sources beside it by `make probes`; a build needs no compiler for it.
static OBJECT: &[u8] = aya::include_bytes_aligned!("../../../ebpf/tcp/tcp.bpf.o");

/// Its programs: ingress and egress of interfaces with an Ethernet header, and of those without any.
pub const PROGRAMS: [&str; 4] = [
    "viflux_tcp_in",
    "viflux_tcp_out",
    "viflux_tcp3_in",
    "viflux_tcp3_out",
];

/// How the probe is set up.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Connections that are followed at the same time; of more, those that were quiet longest are forgotten.
    pub connections: u32,
    /// One connection of so many is watched; 0: none.
    pub one_of: u32,
    /// Which ones: another seed, other connections.
    pub seed: u32,
    /// Behind the programs that others have at an interface, else before them.
    pub is_last: bool,
    /// How programs are attached; none: as the kernel has it.
    pub way: Option<Way>,
}

/// The loaded probe; dropped, it is gone from the kernel.
pub struct TcpProbe {
    /// Before the programs, so that these are at no interface any more when they go.
    attached: Attachments,
    /// Keeps programs and maps.
    _ebpf: Ebpf,
    programs: [OwnedFd; 4],
    counts: OwnedFd,
    choice: OwnedFd,
    memory_bytes: u64,
}

impl TcpProbe {
    /// Loads the programs and makes the maps; nothing is attached yet.
    ///
    /// # Errors
    /// [`crate::Kind::Refused`] without the capabilities, [`crate::Kind::Unsupported`] where the kernel lacks a part.
    pub fn open(options: Options) -> Result<Self> {
        let mut loader = EbpfLoader::new();
        loader.map_max_entries("viflux_tcp_conn", options.connections);
        let mut ebpf = loader.load(OBJECT).map_err(|error| refused(&error))?;
        let mut programs = Vec::new();
        for name in PROGRAMS {
            let program: &mut SchedClassifier = ebpf
                .program_mut(name)
                .ok_or_else(|| missing(name))?
                .try_into()
                .map_err(|error| refused(&error))?;
            program.load().map_err(|error| refused(&error))?;
            programs.push(tcx::descriptor(program)?);
        }
        let probe = Self {
            attached: Attachments::new(options.way, options.is_last),
            programs: programs
                .try_into()
                .map_err(|_| missing("the probe's programs"))?,
            counts: map(&ebpf, "viflux_tcp_counts")?,
            choice: map(&ebpf, "viflux_tcp_choice")?,
            memory_bytes: memory_bytes(&ebpf),
            _ebpf: ebpf,
        };
        probe.choose(options.one_of, options.seed)?;
        Ok(probe)
    }

    /// From now on one connection of so many is watched, by both of its directions; 0: none.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn choose(&self, one_of: u32, seed: u32) -> Result<()> {
        let value = [one_of.to_ne_bytes(), seed.to_ne_bytes()].concat();
        bpf::update(self.choice.as_fd(), &0_u32.to_ne_bytes(), &value)
    }

    /// Starts to count for an interface, from 0, without a program there: for a test that runs the programs.
    ///
    /// # Errors
    /// More interfaces are watched than the map has room for.
    pub fn begin(&self, ifindex: u32) -> Result<()> {
        [false, true].into_iter().try_for_each(|is_egress| {
            let zero = [0; TcpCounts::SIZE];
            bpf::update(self.counts.as_fd(), &place(ifindex, is_egress), &zero)
        })
    }

    /// Starts to watch an interface of this process's namespace.
    ///
    /// # Errors
    /// [`crate::Kind::Gone`] where it is not there any more; else what the kernel says.
    pub fn attach(&mut self, ifindex: u32, has_ethernet: bool) -> Result<()> {
        self.begin(ifindex)?;
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

    /// Ends to watch an interface; what was counted of it stays until it is forgotten.
    pub fn detach(&mut self, ifindex: u32) {
        self.attached.remove(ifindex);
    }

    /// Forgets what was counted of an interface.
    pub fn forget(&mut self, ifindex: u32) {
        for is_egress in [false, true] {
            bpf::delete(self.counts.as_fd(), &place(ifindex, is_egress));
        }
    }

    /// What was counted of the sampled connections of an interface since it is watched: at ingress and at egress. None where it
    /// is not watched.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn counts(&self, ifindex: u32) -> Result<Option<[TcpCounts; 2]>> {
        let mut found = [[0; TcpCounts::SIZE]; 2];
        for (is_egress, value) in [false, true].into_iter().zip(&mut found) {
            if !bpf::lookup(self.counts.as_fd(), &place(ifindex, is_egress), value)? {
                return Ok(None);
            }
        }
        Ok(Some(found.map(|value| TcpCounts::read(&value))))
    }

    /// Memory of the kernel that the maps hold; all of it is there from the start.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    /// The program of a direction, for a test that runs it.
    pub fn program(&self, is_egress: bool, has_ethernet: bool) -> BorrowedFd<'_> {
        self.programs[usize::from(is_egress) + if has_ethernet { 0 } else { 2 }].as_fd()
    }
}

impl Drop for TcpProbe {
    fn drop(&mut self) {
        // Leaving interfaces takes time; until then programs return at once.
        let _ = self.choose(0, 0);
    }
}

/// Removes the filters that a run that was killed left at interfaces of this namespace; how many they were.
///
/// # Errors
/// The kernel does not list them.
pub fn reclaim() -> Result<usize> {
    Clsact::open()?.reclaim(&PROGRAMS)
}

fn place(ifindex: u32, is_egress: bool) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&ifindex.to_ne_bytes());
    key[4..].copy_from_slice(&u32::from(is_egress).to_ne_bytes());
    key
}
