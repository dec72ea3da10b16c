//! The probe `drop`: every packet that the kernel drops, counted in the kernel (`collectors/ebpf/drop`).

use std::collections::HashMap;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};

use aya::maps::{MapData, PerCpuArray, RingBuf};
use aya::programs::BtfTracePoint;
use aya::{Btf as LoaderBtf, Ebpf, EbpfLoader};
use wire::btf::Btf;
use wire::drop_record::{self, DropKey, DropPlace, DropSample};

use crate::bpf::{self, GracePeriod, Runs};
use crate::failure::{Failure, Kind, Result};
use crate::object::{map, memory_bytes, missing, refused};

/// Built from the sources beside it by `make probes`; a build needs no compiler for it.
static OBJECT: &[u8] = aya::include_bytes_aligned!("../../../ebpf/drop/drop.bpf.o");

const PROGRAM: &str = "viflux_drop";
const MAPS: [&str; 2] = ["viflux_drop_a", "viflux_drop_b"];
const TRACEPOINT: &str = "kfree_skb";
/// Namespace, place and reason; Linux 5.17 is the first that tells the last.
const FEWEST_ARGUMENTS: usize = 3;
const KERNEL_TYPES: &str = "/sys/kernel/btf/vmlinux";
/// Enumerations of reasons: of the kernel's core, and of its parts, with the modules that they may be in.
const REASONS: &str = "skb_drop_reason";
const MORE_REASONS: [(&str, &str); 2] = [
    ("ovs_drop_reason", "openvswitch"),
    ("mac80211_drop_reason", "mac80211"),
];
const PREFIX: &str = "SKB_DROP_REASON_";

/// How the probe is set up.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Entries of each of two maps: namespace, interface, reason, place and protocol.
    pub entries: u32,
    /// Of the ring for samples: a power of two, at least a page.
    pub ring_bytes: u32,
    /// Packets of each entry that go through the ring between two drains.
    pub samples: u32,
}

/// What was taken out, as it lay there.
#[derive(Debug, Default)]
pub struct Drained {
    pub keys: Vec<u8>,
    pub drops: Vec<u8>,
    /// Packets that are counted in there.
    pub samples: Vec<DropSample>,
}

/// What is in no entry since the probe was loaded: packets and bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Uncounted {
    /// The map was full.
    pub map_full: (u64, u64),
    /// No packets of a network.
    pub messages: (u64, u64),
    /// The ring was full: they are counted, and no sample.
    pub unsampled: (u64, u64),
}

/// The loaded probe; dropped, it is gone from the kernel.
pub struct DropProbe {
    /// Keeps programs and maps.
    ebpf: Ebpf,
    program: OwnedFd,
    maps: [OwnedFd; 2],
    ring: RingBuf<MapData>,
    places: OwnedFd,
    uncounted: PerCpuArray<MapData, [u64; 2]>,
    switch: OwnedFd,
    grace: GracePeriod,
    /// Which map is written now.
    written: u32,
    samples: u32,
    /// Samples of packets that are counted in the map which is written now.
    early: Vec<DropSample>,
    is_attached: bool,
    memory_bytes: u64,
}

impl DropProbe {
    /// Loads the program and makes the maps; nothing is attached yet.
    ///
    /// # Errors
    /// [`Kind::Refused`] without the capabilities, [`Kind::Unsupported`] where the kernel lacks a part.
    pub fn open(options: Options) -> Result<Self> {
        // Asked first: the loader's errors do not always carry the kernel's number.
        let grace = GracePeriod::open()?;
        let types = kernel_types()?;
        let kernel = Btf::read(&types).ok_or_else(|| unsupported("its types cannot be read"))?;
        let arguments = kernel
            .tracepoint_arguments(TRACEPOINT)
            .filter(|count| *count >= FEWEST_ARGUMENTS)
            .ok_or_else(|| unsupported("its tracepoint kfree_skb tells no reason"))?;
        let backlog = kernel
            .values(REASONS)
            .into_iter()
            .find(|(name, _)| *name == "SKB_DROP_REASON_CPU_BACKLOG")
            .map_or(0, |(_, number)| number);
        let has_socket = u32::from(arguments > FEWEST_ARGUMENTS);
        let loader_types = LoaderBtf::from_sys_fs().map_err(|error| refused(&error))?;
        let mut loader = EbpfLoader::new();
        loader
            .btf(Some(&loader_types))
            .map_max_entries(MAPS[0], options.entries)
            .map_max_entries(MAPS[1], options.entries)
            .map_max_entries("viflux_drop_ring", options.ring_bytes)
            .override_global("viflux_drop_has_socket", &has_socket, true)
            .override_global("viflux_drop_backlog", &backlog, true);
        let mut ebpf = loader.load(OBJECT).map_err(|error| refused(&error))?;
        let program = program(&mut ebpf)?;
        program
            .load(TRACEPOINT, &loader_types)
            .map_err(|error| refused(&error))?;
        let program = program
            .fd()
            .map_err(|error| refused(&error))?
            .as_fd()
            .try_clone_to_owned()
            .map_err(|error| Failure::from_io(&error, "the program's descriptor"))?;
        let maps = [map(&ebpf, MAPS[0])?, map(&ebpf, MAPS[1])?];
        let places = map(&ebpf, "viflux_drop_pl")?;
        let switch = map(&ebpf, "viflux_drop_sw")?;
        let memory_bytes = memory_bytes(&ebpf);
        let ring = take(&mut ebpf, "viflux_drop_ring")?;
        let ring = RingBuf::try_from(ring).map_err(|error| refused(&error))?;
        let uncounted = take(&mut ebpf, "viflux_drop_lost")?;
        let uncounted = PerCpuArray::try_from(uncounted).map_err(|error| refused(&error))?;
        let probe = Self {
            ebpf,
            program,
            maps,
            ring,
            places,
            uncounted,
            switch,
            grace,
            written: 0,
            samples: options.samples,
            early: Vec::new(),
            is_attached: false,
            memory_bytes,
        };
        probe.set_switch()?;
        Ok(probe)
    }

    /// Starts to count; once it does, does nothing.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn attach(&mut self) -> Result<()> {
        if !self.is_attached {
            let program = program(&mut self.ebpf)?;
            program.attach().map_err(|error| refused(&error))?;
            self.is_attached = true;
        }
        Ok(())
    }

    /// Takes out all that was counted until now; each packet is in this drain or in a later one, in one of them alone.
    ///
    /// # Errors
    /// The kernel has no memory; what is left comes with the next drain but one.
    pub fn drain(&mut self, drained: &mut Drained) -> Result<()> {
        let old = self.written;
        self.written = 1 - old;
        if let Err(failure) = self.set_switch() {
            self.written = old;
            return Err(failure);
        }
        // A program that began before still holds an entry of the old map, or room in the ring.
        self.grace.wait()?;
        drained.samples.append(&mut self.early);
        while let Some(record) = self.ring.next() {
            if let Some(bytes) = record.first_chunk() {
                let sample = DropSample::read(bytes);
                if sample.written == old {
                    drained.samples.push(sample);
                } else {
                    self.early.push(sample);
                }
            }
        }
        bpf::drain(
            self.maps[old as usize].as_fd(),
            DropKey::SIZE,
            drop_record::Drop::SIZE,
            &mut drained.keys,
            &mut drained.drops,
        )?;
        Ok(())
    }

    /// The function at an address where a packet was dropped, as the kernel called it; empty where it does not say.
    pub fn place(&self, location: u64) -> String {
        let mut name = [0; DropPlace::SIZE];
        match bpf::lookup(self.places.as_fd(), &location.to_ne_bytes(), &mut name) {
            Ok(true) => function(&name).to_owned(),
            _ => String::new(),
        }
    }

    /// What is in no entry since the probe was loaded.
    ///
    /// # Errors
    /// The kernel refuses to tell.
    pub fn uncounted(&self) -> Result<Uncounted> {
        let sum = |cause: u32| {
            let values = self
                .uncounted
                .get(&cause, 0)
                .map_err(|error| refused(&error))?;
            Ok(values.iter().fold((0, 0), |sum, [packets, bytes]| {
                (sum.0 + packets, sum.1 + bytes)
            }))
        };
        Ok(Uncounted {
            map_full: sum(0)?,
            messages: sum(1)?,
            unsampled: sum(2)?,
        })
    }

    /// What the kernel counted of the program.
    ///
    /// # Errors
    /// The kernel refuses to tell.
    pub fn runs(&self) -> Result<Runs> {
        bpf::runs(self.program.as_fd())
    }

    /// How many packets of each entry go through the ring between two drains, from the next drain on.
    pub fn set_samples(&mut self, samples: u32) {
        self.samples = samples;
    }

    /// Memory of the kernel that the maps hold; all of it is there from the start.
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }

    fn set_switch(&self) -> Result<()> {
        let words = [self.written.to_ne_bytes(), self.samples.to_ne_bytes()].concat();
        bpf::update(self.switch.as_fd(), &0_u32.to_ne_bytes(), &words)
    }
}

/// All reasons of the running kernel and of its modules that are loaded now: by number, without the prefix that all share.
///
/// # Errors
/// The kernel has no type information.
pub fn reasons() -> Result<HashMap<u32, String>> {
    let types = kernel_types()?;
    let kernel = Btf::read(&types).ok_or_else(|| unsupported("its types cannot be read"))?;
    let mut names = HashMap::new();
    let mut add = |values: Vec<(&str, u32)>| {
        for (name, number) in values {
            let name = name.strip_prefix(PREFIX).unwrap_or(name);
            names.entry(number).or_insert_with(|| name.to_owned());
        }
    };
    add(kernel.values(REASONS));
    for (enumeration, module) in MORE_REASONS {
        let own = kernel.values(enumeration);
        if !own.is_empty() {
            add(own);
        } else if let Ok(types) = fs::read(format!("/sys/kernel/btf/{module}")) {
            if let Some(module) = Btf::read(&types) {
                add(module.on(&kernel).values(enumeration));
            }
        }
    }
    Ok(names)
}

fn kernel_types() -> Result<Vec<u8>> {
    fs::read(KERNEL_TYPES).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            unsupported("it has no type information (CONFIG_DEBUG_INFO_BTF)")
        }
        _ => Failure::from_io(&error, KERNEL_TYPES),
    })
}

fn unsupported(why: &str) -> Failure {
    Failure::new(Kind::Unsupported, format!("this kernel: {why}"))
}

/// A name as the kernel prints it: without the module, and without what the compiler made of the function.
fn function(printed: &[u8]) -> &str {
    let end = printed
        .iter()
        .position(|byte| matches!(byte, 0 | b' ' | b'.'));
    let name = std::str::from_utf8(&printed[..end.unwrap_or(printed.len())]).unwrap_or("");
    // Without a table of symbols it prints the address.
    if name.starts_with("0x") {
        ""
    } else {
        name
    }
}

fn program(ebpf: &mut Ebpf) -> Result<&mut BtfTracePoint> {
    ebpf.program_mut(PROGRAM)
        .ok_or_else(|| missing(PROGRAM))?
        .try_into()
        .map_err(|error| refused(&error))
}

fn take(ebpf: &mut Ebpf, name: &str) -> Result<aya::maps::Map> {
    ebpf.take_map(name).ok_or_else(|| missing(name))
}

#[cfg(test)]
mod tests {
    use super::function;

    #[test]
    fn a_function_is_told_by_its_own_name() {
        assert_eq!(function(b"ip_rcv_core\0\0"), "ip_rcv_core");
        assert_eq!(
            function(b"nft_do_chain.isra.0 [nf_tables]\0"),
            "nft_do_chain"
        );
        assert_eq!(function(b"0xffffffff81000000\0"), "");
        assert_eq!(
            function(b"long_name_without_an_end"),
            "long_name_without_an_end"
        );
    }
}
