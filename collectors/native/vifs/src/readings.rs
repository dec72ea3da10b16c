//! Readings and deltas in the columns of `counters`.

use std::borrow::Cow;

use columns::generated::counters::Rows;

use crate::delta::{Values, COUNTERS};

/// The columns of a row that are no counters.
pub(crate) struct Row {
    pub id: u64,
    pub start_ns: i64,
    pub end_ns: i64,
    pub kind: &'static str,
}

impl Row {
    pub fn push(&self, rows: &mut Rows, added: &Values, total: &Values, backlog: [u64; 2]) {
        // A start after the end means that the clock was set back; the row is at the new clock's time then.
        rows.time.push(self.start_ns.min(self.end_ns));
        rows.duration_ns
            .push(u64::try_from(self.end_ns - self.start_ns).unwrap_or(0));
        rows.vif_id.push(self.id);
        rows.delta_kind.push(Cow::Borrowed(self.kind));
        for (at, (column, column_total)) in pairs(rows).into_iter().enumerate() {
            column.push(added[at]);
            column_total.push(total[at]);
        }
        rows.qdisc_backlog_bytes.push(backlog[0]);
        rows.qdisc_backlog_packets.push(backlog[1]);
    }
}

/// The delta and the reading of each counter, in the order of `Values`.
fn pairs(rows: &mut Rows) -> [(&mut Vec<u64>, &mut Vec<u64>); COUNTERS] {
    [
        (&mut rows.rx_packets, &mut rows.rx_packets_total),
        (&mut rows.tx_packets, &mut rows.tx_packets_total),
        (&mut rows.rx_bytes, &mut rows.rx_bytes_total),
        (&mut rows.tx_bytes, &mut rows.tx_bytes_total),
        (
            &mut rows.rx_errors_packets,
            &mut rows.rx_errors_packets_total,
        ),
        (
            &mut rows.tx_errors_packets,
            &mut rows.tx_errors_packets_total,
        ),
        (
            &mut rows.rx_dropped_packets,
            &mut rows.rx_dropped_packets_total,
        ),
        (
            &mut rows.tx_dropped_packets,
            &mut rows.tx_dropped_packets_total,
        ),
        (
            &mut rows.rx_missed_packets,
            &mut rows.rx_missed_packets_total,
        ),
        (
            &mut rows.rx_nohandler_packets,
            &mut rows.rx_nohandler_packets_total,
        ),
        (
            &mut rows.multicast_packets,
            &mut rows.multicast_packets_total,
        ),
        (&mut rows.qdisc_packets, &mut rows.qdisc_packets_total),
        (&mut rows.qdisc_bytes, &mut rows.qdisc_bytes_total),
        (
            &mut rows.qdisc_dropped_packets,
            &mut rows.qdisc_dropped_packets_total,
        ),
        (
            &mut rows.qdisc_overlimits_count,
            &mut rows.qdisc_overlimits_count_total,
        ),
        (
            &mut rows.qdisc_requeues_count,
            &mut rows.qdisc_requeues_count_total,
        ),
    ]
}

/// The readings of a row, in the order of `Values`.
pub(crate) fn totals(rows: &Rows, at: usize) -> Values {
    [
        rows.rx_packets_total[at],
        rows.tx_packets_total[at],
        rows.rx_bytes_total[at],
        rows.tx_bytes_total[at],
        rows.rx_errors_packets_total[at],
        rows.tx_errors_packets_total[at],
        rows.rx_dropped_packets_total[at],
        rows.tx_dropped_packets_total[at],
        rows.rx_missed_packets_total[at],
        rows.rx_nohandler_packets_total[at],
        rows.multicast_packets_total[at],
        rows.qdisc_packets_total[at],
        rows.qdisc_bytes_total[at],
        rows.qdisc_dropped_packets_total[at],
        rows.qdisc_overlimits_count_total[at],
        rows.qdisc_requeues_count_total[at],
    ]
}
