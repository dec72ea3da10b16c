//! The probe `transit`: the time from where a packet comes in by an interface to where it leaves by another
//! (`collectors/ebpf/transit`).

use std::os::fd::{AsFd, OwnedFd};

use aya::maps::{MapData, RingBuf};
use aya::programs::tp_btf::BtfTracePointLinkId;
use aya::programs::BtfTracePoint;
use aya::{Btf as LoaderBtf, Ebpf, EbpfLoader};
use wire::transit_record::{TransitFate, TransitSample, TransitSwitch};

use crate::bpf::{self, GracePeriod, Runs};
use crate::failure::{Failure, Kind, Result};
use crate::object::{map, memory_bytes, missing, refused};

/// Built from the sources beside it by `make probes`; a build needs no compiler for it.
static OBJECT: &[u8] = aya::include_bytes_aligned!("../../../ebpf/transit/transit.bpf.o");

/// Where packets leave, and where buffers are freed: the second are there whenever the first is, so no entry outlives its packet.
const BEHIND: [&str; 4] = [
    "kfree_skb",
    "consume_skb",
    "tcp_probe",
    "net_dev_start_xmit",
];
/// Where packets come in; each comes by one of them.
const ENTRANCES: [&str; 5] = [
    "netif_rx",
    "netif_receive_skb_entry",
    "netif_receive_skb_list_entry",
    "napi_gro_receive_entry",
    "napi_gro_frags_entry",
];
/// Processors that have a record of their own (`VIFLUX_TRANSIT_PROCESSORS`).
const FATES: usize = 512;

/// How the probe is set up.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Of the ring for samples: a power of two, at least a page; a sample takes 48 bytes of it.
    pub ring_bytes: u32,
    /// What took longer is not told.
    pub longest_ns: u64,
}

/// What became of samples since the probe was loaded.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Fates {
    /// Of all programs.
    pub runs: u64,
    pub begun: u64,
    /// Of these, told at least once, or known not to leave.
    pub settled: u64,
    pub told: u64,
    pub slot_taken: u64,
    pub expired: u64,
    pub changed: u64,
    pub ring_full: u64,
}

/// The loaded probe; dropped, it is gone from the kernel.
pub struct TransitProbe {
    ebpf: Ebpf,
    links: Vec<(&'static str, BtfTracePointLinkId)>,
    programs: Vec<OwnedFd>,
    ring: RingBuf<MapData>,
    fates: OwnedFd,
    switch: OwnedFd,
    grace: GracePeriod,
    longest_ns: u64,
    window: u32,
    memory_bytes: u64,
}

impl TransitProbe {
    /// Loads the programs; nothing is attached yet.
    ///
    /// # Errors
    /// [`Kind::Refused`] without the capabilities, [`Kind::Unsupported`] where the kernel lacks a tracepoint.
    pub fn open(options: Options) -> Result<Self> {
        // Asked first: the loader's errors do not always carry the kernel's number.
        let grace = GracePeriod::open()?;
        let types = LoaderBtf::from_sys_fs().map_err(|error| refused(&error))?;
        let mut ebpf = EbpfLoader::new()
            .btf(Some(&types))
            .map_max_entries("viflux_transit_rb", options.ring_bytes)
            .load(OBJECT)
            .map_err(|error| refused(&error))?;
        let mut programs = Vec::new();
        for tracepoint in BEHIND.into_iter().chain(ENTRANCES) {
            let program = program(&mut ebpf, tracepoint)?;
            program.load(tracepoint, &types).map_err(|error| {
                let failure = refused(&error);
                if failure.errno == 0 {
                    let why = format!("this kernel: it has no tracepoint {tracepoint}");
                    return Failure::new(Kind::Unsupported, why);
                }
                failure
            })?;
            let descriptor = program.fd().map_err(|error| refused(&error))?.as_fd();
            programs.push(
                descriptor
                    .try_clone_to_owned()
                    .map_err(|error| Failure::from_io(&error, "the program's descriptor"))?,
            );
        }
        let fates = map(&ebpf, ".bss.fates")?;
        let switch = map(&ebpf, ".data")?;
        let memory_bytes = memory_bytes(&ebpf);
        let ring = ebpf
            .take_map("viflux_transit_rb")
            .ok_or_else(|| missing("viflux_transit_rb"))?;
        let ring = RingBuf::try_from(ring).map_err(|error| refused(&error))?;
        Ok(Self {
            ebpf,
            links: Vec::new(),
            programs,
            ring,
            fates,
            switch,
            grace,
            longest_ns: options.longest_ns,
            window: 0,
            memory_bytes,
        })
    }

    /// Begins a window: from now on one of `one_of` packets that come in is sampled.
    ///
    /// # Errors
    /// What the kernel says; nothing is attached then.
    pub fn begin(&mut self, one_of: u32) -> Result<()> {
        self.end()?;
        self.window = self.window.wrapping_add(1);
        self.set_rate(one_of)?;
        let attached = BEHIND
            .into_iter()
            .chain(ENTRANCES)
            .try_for_each(|tracepoint| self.attach(tracepoint));
        if attached.is_err() {
            self.end()?;
        }
        attached
    }

    /// One of so many packets that come in is sampled from now on.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set_rate(&self, one_of: u32) -> Result<()> {
        let gaps = one_of.max(1).saturating_mul(2) - 1;
        let mut bytes = [0; TransitSwitch::SIZE];
        bytes[..8].copy_from_slice(&self.longest_ns.to_ne_bytes());
        bytes[8..12].copy_from_slice(&self.window.to_ne_bytes());
        bytes[12..].copy_from_slice(&gaps.to_ne_bytes());
        bpf::update(self.switch.as_fd(), &0_u32.to_ne_bytes(), &bytes)
    }

    /// No more packets are sampled; those that are on their way are still told.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn close(&mut self) -> Result<()> {
        self.detach(|tracepoint| ENTRANCES.contains(&tracepoint))
    }

    /// Ends the window: nothing is attached any more, and what is still on its way is void.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn end(&mut self) -> Result<()> {
        if self.links.is_empty() {
            return Ok(());
        }
        // Entries first: while there can be any, buffers that are freed are seen.
        self.close()?;
        self.detach(|tracepoint| tracepoint == "net_dev_start_xmit")?;
        self.detach(|_| true)?;
        // What runs still is of this window.
        self.grace.wait()
    }

    /// Takes the samples that are told by now.
    pub fn drain(&mut self, mut taken: impl FnMut(&TransitSample)) {
        while let Some(record) = self.ring.next() {
            if let Some(bytes) = record.first_chunk() {
                taken(&TransitSample::read(bytes));
            }
        }
    }

    /// What became of samples since the probe was loaded.
    ///
    /// # Errors
    /// The kernel refuses to tell.
    pub fn fates(&self) -> Result<Fates> {
        let mut bytes = vec![0; FATES * TransitFate::SIZE];
        bpf::lookup(self.fates.as_fd(), &0_u32.to_ne_bytes(), &mut bytes)?;
        let fates = bytes.chunks_exact(TransitFate::SIZE);
        Ok(fates.fold(Fates::default(), |mut sum, bytes| {
            if let Some(bytes) = bytes.first_chunk() {
                let fate = TransitFate::read(bytes);
                sum.runs += fate.runs;
                sum.begun += fate.begun;
                sum.settled += fate.settled;
                sum.told += fate.told;
                sum.slot_taken += fate.slot_taken;
                sum.expired += fate.expired;
                sum.changed += fate.changed;
                sum.ring_full += fate.ring_full;
            }
            sum
        }))
    }

    /// What the kernel counted of all programs.
    ///
    /// # Errors
    /// The kernel refuses to tell.
    pub fn runs(&self) -> Result<Runs> {
        let mut sum = Runs::default();
        for program in &self.programs {
            let runs = bpf::runs(program.as_fd())?;
            sum.count += runs.count;
            sum.ns += runs.ns;
            sum.missed += runs.missed;
        }
        Ok(sum)
    }

    /// Memory of the kernel that the maps hold; all of it is there from the start.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    fn attach(&mut self, tracepoint: &'static str) -> Result<()> {
        let link = program(&mut self.ebpf, tracepoint)?
            .attach()
            .map_err(|error| refused(&error))?;
        self.links.push((tracepoint, link));
        Ok(())
    }

    fn detach(&mut self, mut is_one: impl FnMut(&str) -> bool) -> Result<()> {
        for (tracepoint, link) in std::mem::take(&mut self.links) {
            if is_one(tracepoint) {
                program(&mut self.ebpf, tracepoint)?
                    .detach(link)
                    .map_err(|error| refused(&error))?;
            } else {
                self.links.push((tracepoint, link));
            }
        }
        Ok(())
    }
}

fn program<'a>(ebpf: &'a mut Ebpf, tracepoint: &str) -> Result<&'a mut BtfTracePoint> {
    ebpf.program_mut(&format!("viflux_transit_{tracepoint}"))
        .ok_or_else(|| missing(tracepoint))?
        .try_into()
        .map_err(|error| refused(&error))
}
