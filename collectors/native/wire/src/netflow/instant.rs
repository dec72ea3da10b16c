//! The forms of time in flow records (RFC 7011 §6.1.7-§6.1.10, RFC 7012 §5.9, RFC 3954 §8).

use super::head::Head;

/// How an instant is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Since the epoch.
    Seconds,
    Millis,
    /// NTP's 64 bits: seconds since 1900, and a fraction of which the lowest 11 bits say nothing.
    Micros,
    /// The same with all 32 bits of the fraction.
    Nanos,
    /// Milliseconds since the exporter's start, modulo 2³².
    Uptime,
    /// Microseconds before the message's export time.
    DeltaMicros,
}

/// What relative times count from.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    export_ns: i64,
    uptime_ms: Option<u32>,
    /// When the exporter started; where it is known it is better than the export time, which has whole seconds.
    start_ns: Option<i64>,
}

const SECOND: i64 = 1_000_000_000;
const MILLISECOND: i64 = 1_000_000;
/// Seconds from 1900 to 1970.
const NTP_TO_EPOCH: i64 = 2_208_988_800;
/// Seconds of one era of NTP, the next begins in 2036.
const NTP_ERA: i64 = 1 << 32;
const UPTIME_ERA_MS: i64 = 1 << 32;
const ERA_NS: i64 = UPTIME_ERA_MS * MILLISECOND;
/// How far after the message's making a flow may end: clocks of line cards differ, and a difference of more is a wrapped counter.
const AHEAD_MS: i64 = 3_600_000;

impl Clock {
    pub fn new(head: &Head, start_ns: Option<i64>) -> Self {
        Clock {
            export_ns: head.export_time_ns,
            uptime_ms: head.uptime_ms,
            start_ns,
        }
    }

    /// The same with a start that the record itself tells.
    pub fn with_start(self, start_ns: i64) -> Self {
        Clock {
            start_ns: Some(start_ns),
            uptime_ms: None,
            ..self
        }
    }

    /// The instant in UTC nanoseconds; 0 where it is not known: the exporter said 0, or what it counts from is not known, or it is
    /// beyond what 64 bits hold.
    #[inline]
    pub fn instant(&self, form: Form, raw: u64) -> i64 {
        match form {
            Form::Seconds => scaled(raw, SECOND),
            Form::Millis => scaled(raw, MILLISECOND),
            Form::Micros => micros(raw),
            Form::Nanos => nanos(raw),
            Form::Uptime => self.since_start(raw),
            Form::DeltaMicros => self.before_export(raw),
        }
    }

    #[inline]
    fn before_export(&self, raw: u64) -> i64 {
        let delta = scaled(raw, 1_000);
        if delta == 0 && raw != 0 {
            return 0;
        }
        self.export_ns.saturating_sub(delta).max(0)
    }

    #[inline]
    fn since_start(&self, raw: u64) -> i64 {
        let Ok(raw) = u32::try_from(raw) else {
            return 0;
        };
        if let Some(uptime) = self.uptime_ms {
            let mut ago = i64::from(uptime.wrapping_sub(raw));
            if ago > UPTIME_ERA_MS - AHEAD_MS {
                ago -= UPTIME_ERA_MS;
            }
            return (self.export_ns - ago * MILLISECOND).max(0);
        }
        let Some(start) = self.start_ns else {
            return 0;
        };
        let at = start.saturating_add(i64::from(raw) * MILLISECOND);
        // The counter has begun anew as often as brings the flow closest before the message.
        let latest = self.export_ns.saturating_add(AHEAD_MS * MILLISECOND);
        let behind = latest.saturating_sub(at);
        if behind < ERA_NS {
            return at.max(0);
        }
        at.saturating_add(behind / ERA_NS * ERA_NS).max(0)
    }
}

#[inline]
fn scaled(raw: u64, unit: i64) -> i64 {
    if raw > (i64::MAX / unit).cast_unsigned() {
        return 0;
    }
    raw.cast_signed() * unit
}

fn ntp_seconds(raw: u64) -> i64 {
    let seconds = (raw >> 32).cast_signed() - NTP_TO_EPOCH;
    if seconds < 0 {
        seconds + NTP_ERA
    } else {
        seconds
    }
}

/// Rounded, since a fraction of 2⁻²¹ s that was cut off stands for the microsecond above it.
fn micros(raw: u64) -> i64 {
    if raw == 0 {
        return 0;
    }
    let fraction = raw & 0xffff_f800;
    let micros = (fraction * 1_000_000 + (1 << 31)) >> 32;
    ntp_seconds(raw) * SECOND + micros.cast_signed() * 1_000
}

fn nanos(raw: u64) -> i64 {
    if raw == 0 {
        return 0;
    }
    let nanos = ((raw & 0xffff_ffff) * 1_000_000_000 + (1 << 31)) >> 32;
    ntp_seconds(raw) * SECOND + nanos.cast_signed()
}
