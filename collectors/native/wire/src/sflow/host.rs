//! What counter samples say of hosts and of a switch's processor.

use super::xdr::{text, Reader};
use crate::fault::Fault;

/// What one counter sample says of a host or of a switch's processor; counters as on the wire, not differences.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostSample {
    /// The agent, IPv4 mapped into IPv6.
    pub agent: [u8; 16],
    pub sub_agent: u32,
    /// One of [`super::source_type`].
    pub source_type: u32,
    pub source_index: u32,
    pub sequence: u32,
    pub received_ns: i64,
    pub description: Option<Description>,
    /// Interfaces (ifIndex, MAC address), one entry an address, address 0 where an interface has none; `None` where not told.
    pub adapters: Option<Vec<(u32, u64)>>,
    pub parent: Option<Parent>,
    pub cpu: Option<Cpu>,
    pub memory: Option<Memory>,
    pub disk: Option<Disk>,
    pub net: Option<Net>,
    pub processor: Option<Processor>,
}

/// Who the host is (0:2000).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// At most 255 bytes of UTF-8 without control characters, like `os_release`.
    pub host_name: String,
    pub uuid: [u8; 16],
    pub machine_type: u32,
    pub os_name: u32,
    pub os_release: String,
}

/// The host that this one runs on (0:2002).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parent {
    /// One of [`super::source_type`].
    pub container_type: u32,
    pub container_index: u32,
}

/// CPU (0:2003). Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cpu {
    /// `None` where the host cannot say (negative, or no number).
    pub load_1m: Option<f32>,
    pub load_5m: Option<f32>,
    pub load_15m: Option<f32>,
    pub running_processes: u32,
    pub processes: u32,
    pub cpu_count: u32,
    /// MHz.
    pub cpu_speed: u32,
    pub uptime_seconds: u32,
    pub user_ms: u32,
    pub nice_ms: u32,
    pub system_ms: u32,
    pub idle_ms: u32,
    pub wait_ms: u32,
    pub interrupt_ms: u32,
    pub soft_interrupt_ms: u32,
    pub interrupts: u32,
    pub context_switches: u32,
    /// Stolen by the hypervisor, given to guests, given to guests at low priority; only newer agents say these.
    pub steal_ms: Option<u32>,
    pub guest_ms: Option<u32>,
    pub guest_nice_ms: Option<u32>,
}

/// Memory (0:2004), in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    pub total_bytes: u64,
    pub free_bytes: u64,
    pub shared_bytes: u64,
    pub buffers_bytes: u64,
    pub cached_bytes: u64,
    pub swap_total_bytes: u64,
    pub swap_free_bytes: u64,
    pub page_in: u32,
    pub page_out: u32,
    pub swap_in: u32,
    pub swap_out: u32,
}

/// Disks together (0:2005).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disk {
    pub total_bytes: u64,
    pub free_bytes: u64,
    /// Of the fullest partition, in hundredths of a percent.
    pub fullest_used: u32,
    pub reads: u32,
    pub read_bytes: u64,
    pub read_ms: u32,
    pub writes: u32,
    pub written_bytes: u64,
    pub write_ms: u32,
}

/// Network interfaces together (0:2006).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Net {
    pub in_bytes: u64,
    pub in_packets: u32,
    pub in_errors: u32,
    pub in_drops: u32,
    pub out_bytes: u64,
    pub out_packets: u32,
    pub out_errors: u32,
    pub out_drops: u32,
}

/// A switch's processor (0:1001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Processor {
    /// Busy over 5 s, 1 min and 5 min, in hundredths of a percent; `None` where it is unknown.
    pub busy_5s: Option<u32>,
    pub busy_1m: Option<u32>,
    pub busy_5m: Option<u32>,
    pub total_memory_bytes: u64,
    pub free_memory_bytes: u64,
}

/// Name of a structure that is about a host or a processor.
pub(super) fn layer(format: u32) -> Option<&'static str> {
    Some(match format {
        1001 => "processor",
        2000 => "host_descr",
        2001 => "host_adapters",
        2002 => "host_parent",
        2003 => "host_cpu",
        2004 => "host_memory",
        2005 => "host_disk_io",
        2006 => "host_net_io",
        _ => return None,
    })
}

impl HostSample {
    pub(super) fn says_something(&self) -> bool {
        self.description.is_some()
            || self.adapters.is_some()
            || self.parent.is_some()
            || self.cpu.is_some()
            || self.memory.is_some()
            || self.disk.is_some()
            || self.net.is_some()
            || self.processor.is_some()
    }

    pub(super) fn structure(&mut self, format: u32, mut body: Reader<'_>) -> Result<(), Fault> {
        match format {
            1001 => self.processor = Some(Processor::read(body)?),
            2000 => self.description = Some(Description::read(body)?),
            2001 => self.adapters = Some(adapters(body)?),
            2002 => {
                let [container_type, container_index] = body.words()?;
                self.parent = Some(Parent {
                    container_type,
                    container_index,
                });
            }
            2003 => self.cpu = Some(Cpu::read(body)?),
            2004 => self.memory = Some(Memory::read(body)?),
            2005 => self.disk = Some(Disk::read(body)?),
            _ => self.net = Some(Net::read(body)?),
        }
        Ok(())
    }
}

impl Description {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        let host_name = text(body.opaque()?);
        let uuid = body.fixed()?;
        let [machine_type, os_name] = body.words()?;
        let os_release = text(body.opaque()?);
        Ok(Description {
            host_name,
            uuid,
            machine_type,
            os_name,
            os_release,
        })
    }
}

fn adapters(mut body: Reader<'_>) -> Result<Vec<(u32, u64)>, Fault> {
    let mut adapters = Vec::new();
    // An adapter has at least its ifIndex and its count of addresses.
    for _ in 0..body.count(8)? {
        let if_index = body.word()?;
        let addresses = body.count(8)?;
        if addresses == 0 {
            adapters.push((if_index, 0));
        }
        for _ in 0..addresses {
            adapters.push((if_index, body.mac()?));
        }
    }
    Ok(adapters)
}

impl Cpu {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        let [load_1m, load_5m, load_15m] = body.words()?.map(load);
        let [running_processes, processes, cpu_count, cpu_speed, uptime_seconds] = body.words()?;
        let [user_ms, nice_ms, system_ms, idle_ms, wait_ms, interrupt_ms, soft_interrupt_ms] =
            body.words()?;
        let [interrupts, context_switches] = body.words()?;
        // Appended to the structure later.
        let (steal_ms, guest_ms, guest_nice_ms) = match body.words() {
            Ok([steal, guest, guest_nice]) => (Some(steal), Some(guest), Some(guest_nice)),
            Err(_) => (None, None, None),
        };
        Ok(Cpu {
            load_1m,
            load_5m,
            load_15m,
            running_processes,
            processes,
            cpu_count,
            cpu_speed,
            uptime_seconds,
            user_ms,
            nice_ms,
            system_ms,
            idle_ms,
            wait_ms,
            interrupt_ms,
            soft_interrupt_ms,
            interrupts,
            context_switches,
            steal_ms,
            guest_ms,
            guest_nice_ms,
        })
    }
}

/// A load average; agents that do not know it send -1.
fn load(bits: u32) -> Option<f32> {
    let load = f32::from_bits(bits);
    (load.is_finite() && load >= 0.0).then_some(load)
}

impl Memory {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        Ok(Memory {
            total_bytes: body.hyper()?,
            free_bytes: body.hyper()?,
            shared_bytes: body.hyper()?,
            buffers_bytes: body.hyper()?,
            cached_bytes: body.hyper()?,
            swap_total_bytes: body.hyper()?,
            swap_free_bytes: body.hyper()?,
            page_in: body.word()?,
            page_out: body.word()?,
            swap_in: body.word()?,
            swap_out: body.word()?,
        })
    }
}

impl Disk {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        Ok(Disk {
            total_bytes: body.hyper()?,
            free_bytes: body.hyper()?,
            fullest_used: body.word()?,
            reads: body.word()?,
            read_bytes: body.hyper()?,
            read_ms: body.word()?,
            writes: body.word()?,
            written_bytes: body.hyper()?,
            write_ms: body.word()?,
        })
    }
}

impl Net {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        Ok(Net {
            in_bytes: body.hyper()?,
            in_packets: body.word()?,
            in_errors: body.word()?,
            in_drops: body.word()?,
            out_bytes: body.hyper()?,
            out_packets: body.word()?,
            out_errors: body.word()?,
            out_drops: body.word()?,
        })
    }
}

impl Processor {
    fn read(mut body: Reader<'_>) -> Result<Self, Fault> {
        // All ones, -1, is said for unknown.
        let [busy_5s, busy_1m, busy_5m] =
            body.words()?.map(|busy| (busy != u32::MAX).then_some(busy));
        Ok(Processor {
            busy_5s,
            busy_1m,
            busy_5m,
            total_memory_bytes: body.hyper()?,
            free_memory_bytes: body.hyper()?,
        })
    }
}
