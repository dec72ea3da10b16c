//! When a flow was: `time`, `duration_ns`, and the end that follows from the other one.

use super::derived::all;
use super::number::number;
use super::plan::Steps;
use super::step::Frame;
use crate::rows::Flows;

/// `time` is the end of the flow, else when its message was received; the duration is what both ends tell, else what is told of it.
pub fn times(frame: &Frame<'_>, steps: &Steps, received_ns: i64, flows: &mut Flows) {
    let (row, count) = (frame.row, frame.records.count());
    match all(&flows.flow_end_time, row, count) {
        Some(ends) => {
            let times = ends
                .iter()
                .map(|&end| if end == 0 { received_ns } else { end });
            flows.time.extend(row, times);
        }
        None => flows.time.repeat(row, count, received_ns),
    }
    if steps.duration.is_some() {
        return;
    }
    let starts = all(&flows.flow_start_time, row, count);
    match (starts, all(&flows.flow_end_time, row, count)) {
        (Some(starts), Some(ends)) => {
            let spans = starts
                .iter()
                .zip(ends)
                .map(|(&start, &end)| span(start, end));
            flows.duration_ns.extend(row, spans);
        }
        _ => flows.duration_ns.repeat(row, count, 0),
    }
}

/// Both are known if neither is 0; an end before its start gives no length.
#[inline]
fn span(start: i64, end: i64) -> u64 {
    if start == 0 || end < start {
        return 0;
    }
    (end - start).cast_unsigned()
}

/// Where a record tells its length, the end that it does not tell follows.
pub fn durations(frame: &Frame<'_>, steps: &Steps, flows: &mut Flows) {
    let Some((slot, unit)) = steps.duration else {
        return;
    };
    for record in 0..frame.records.count() {
        let row = frame.row + record;
        let start = flows.flow_start_time.get(row).copied();
        let end = flows.flow_end_time.get(row).copied();
        let length = number(frame.records.field(record, &slot))
            .and_then(|length| length.checked_mul(unit))
            .and_then(|length| i64::try_from(length).ok());
        let duration = match (start, end, length) {
            (Some(start), Some(end), _) => span(start, end),
            (Some(start), None, Some(length)) => {
                if !steps.ends {
                    flows.flow_end_time.set(row, start.saturating_add(length));
                }
                length.cast_unsigned()
            }
            (None, Some(end), Some(length)) => {
                if !steps.starts && end > length {
                    flows.flow_start_time.set(row, end - length);
                }
                length.cast_unsigned()
            }
            (None, None, Some(length)) => length.cast_unsigned(),
            (.., None) => 0,
        };
        flows.duration_ns.set(row, duration);
    }
}
