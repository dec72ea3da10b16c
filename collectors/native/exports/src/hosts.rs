//! sFlow's host structures to rows.

use std::borrow::Cow;

use columns::generated::hosts::Rows;
use wire::rows::source_kind;
use wire::sflow::host::{Cpu, HostSample};

/// What is kept of a host between two samples.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct HostReading {
    last: Option<(i64, Cpu)>,
}

/// Operating systems, by their number in host_descr.
const OPERATING_SYSTEMS: [&str; 14] = [
    "unknown",
    "other",
    "linux",
    "windows",
    "darwin",
    "hpux",
    "aix",
    "dragonfly",
    "freebsd",
    "netbsd",
    "openbsd",
    "osf",
    "solaris",
    "java",
];

impl HostReading {
    /// Take in a sample and append its row; one that says nothing of a host's own appends none.
    pub fn sample(&mut self, rows: &mut Rows, sample: &HostSample) {
        if sample.description.is_none()
            && sample.cpu.is_none()
            && sample.memory.is_none()
            && sample.processor.is_none()
        {
            return;
        }
        let last = sample
            .cpu
            .and_then(|cpu| self.last.replace((sample.received_ns, cpu)));
        let added = last.and_then(|(time, last)| Some((time, busy_ratio(&last, &sample.cpu?)?)));
        let start = added.map_or(sample.received_ns, |(time, _)| time);
        let busy = added.map(|(_, busy)| busy).or_else(|| {
            let processor = sample.processor.as_ref()?;
            // Hundredths of a percent.
            let busy = processor.busy_5s.or(processor.busy_1m)?;
            Some(f64::from(busy) / 10_000.0)
        });
        rows.time.push(start);
        rows.duration_ns
            .push(u64::try_from(sample.received_ns - start).unwrap_or(0));
        rows.source_kind.push(Cow::Borrowed(
            source_kind::NAMES[usize::from(source_kind::SFLOW)],
        ));
        rows.exporter_address.push(sample.agent);
        rows.observation_domain_id.push(sample.sub_agent);
        let description = sample.description.as_ref();
        rows.host_name.push(Cow::Owned(
            description.map_or_else(String::new, |host| host.host_name.clone()),
        ));
        rows.operating_system
            .push(Cow::Owned(description.map_or_else(String::new, |host| {
                let name = usize::try_from(host.os_name)
                    .ok()
                    .and_then(|number| OPERATING_SYSTEMS.get(number))
                    .unwrap_or(&"unknown");
                format!("{name} {}", host.os_release).trim_end().to_owned()
            })));
        let cpu = sample.cpu;
        let load = |value: Option<f32>| value.map(f64::from);
        rows.cpu_count.push(cpu.map_or(0, |cpu| cpu.cpu_count));
        rows.cpu_busy_ratio.push(busy);
        rows.load_1m.push(cpu.and_then(|cpu| load(cpu.load_1m)));
        rows.load_5m.push(cpu.and_then(|cpu| load(cpu.load_5m)));
        rows.load_15m.push(cpu.and_then(|cpu| load(cpu.load_15m)));
        let memory = sample.memory.unwrap_or_default();
        let processor = sample.processor.unwrap_or_default();
        let (total, free) = match sample.memory {
            Some(memory) => (memory.total_bytes, memory.free_bytes),
            None => (processor.total_memory_bytes, processor.free_memory_bytes),
        };
        rows.memory_total_bytes.push(total);
        rows.memory_free_bytes.push(free);
        rows.memory_buffers_bytes.push(memory.buffers_bytes);
        rows.memory_cached_bytes.push(memory.cached_bytes);
        rows.swap_total_bytes.push(memory.swap_total_bytes);
        rows.swap_free_bytes.push(memory.swap_free_bytes);
        rows.uptime_seconds.push(cpu.map(|cpu| cpu.uptime_seconds));
        rows.fill();
    }
}

/// Share of all processors' time between two samples that was not idle; `None` where the host started anew in between.
///
/// The times are milliseconds modulo 2^32. Waiting for a disk is idle; a guest's time is in the user's already.
fn busy_ratio(before: &Cpu, now: &Cpu) -> Option<f64> {
    if now.uptime_seconds < before.uptime_seconds {
        return None;
    }
    let added = |of: fn(&Cpu) -> u32| f64::from(of(now).wrapping_sub(of(before)));
    let idle = added(|cpu| cpu.idle_ms) + added(|cpu| cpu.wait_ms);
    let busy = added(|cpu| cpu.user_ms)
        + added(|cpu| cpu.nice_ms)
        + added(|cpu| cpu.system_ms)
        + added(|cpu| cpu.interrupt_ms)
        + added(|cpu| cpu.soft_interrupt_ms)
        + added(|cpu| cpu.steal_ms.unwrap_or(0));
    let all = idle + busy;
    (all > 0.0).then(|| busy / all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use wire::sflow::host::{Description, Memory};

    fn sample(second: i64, uptime: u32, user: u32, idle: u32) -> HostSample {
        HostSample {
            received_ns: second * 1_000_000_000,
            description: Some(Description {
                host_name: "db1".into(),
                os_name: 2,
                os_release: "6.18".into(),
                ..Description::default()
            }),
            cpu: Some(Cpu {
                cpu_count: 4,
                load_1m: Some(0.5),
                uptime_seconds: uptime,
                user_ms: user,
                idle_ms: idle,
                ..Cpu::default()
            }),
            memory: Some(Memory {
                total_bytes: 8,
                free_bytes: 3,
                ..Memory::default()
            }),
            ..HostSample::default()
        }
    }

    #[test]
    fn busy_is_what_was_added_to_all_but_idle_also_where_times_wrap() {
        let mut reading = HostReading::default();
        let mut rows = Rows::default();
        reading.sample(&mut rows, &sample(10, 100, u32::MAX - 99, 1_000));
        reading.sample(&mut rows, &sample(30, 120, 400, 2_500));
        reading.sample(&mut rows, &sample(60, 5, 10, 10));
        assert_eq!(rows.cpu_busy_ratio, [None, Some(0.25), None]);
        assert_eq!(rows.duration_ns, [0, 20_000_000_000, 0]);
        assert_eq!(rows.operating_system[0], "linux 6.18");
        assert_eq!(
            (rows.memory_total_bytes[0], rows.memory_free_bytes[0]),
            (8, 3)
        );
        rows.into_batch().unwrap();
    }

    #[test]
    fn a_sample_without_anything_of_a_host_makes_no_row() {
        let mut rows = Rows::default();
        HostReading::default().sample(&mut rows, &HostSample::default());
        assert!(rows.is_empty());
    }
}
