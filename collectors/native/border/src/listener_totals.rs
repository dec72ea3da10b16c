//! What became of all datagrams since the start, added up from the rows of `exporters`.

use columns::generated::exporters::Rows;

/// Datagrams and rows, since the start.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    pub received: u64,
    pub decoded: u64,
    pub undecodable: u64,
    pub refused: u64,
    pub shed: u64,
    pub socket_dropped: u64,
    /// Waiting at the end of the latest interval.
    pub parked: u64,
    pub parked_dropped: u64,
    pub flows: u64,
    pub unknown_rate_flows: u64,
    /// By the exporters' sequence numbers: datagrams, and flows or samples.
    pub missed_datagrams: u64,
    pub missed_flows: u64,
}

impl Totals {
    pub fn add(&mut self, rows: &Rows) {
        let sum = |column: &[u64]| column.iter().sum::<u64>();
        self.received += sum(&rows.received_datagrams_count);
        self.decoded += sum(&rows.decoded_datagrams_count);
        self.undecodable += sum(&rows.undecodable_datagrams_count);
        self.refused += sum(&rows.refused_datagrams_count);
        self.shed += sum(&rows.shed_packets);
        self.socket_dropped += sum(&rows.socket_dropped_count);
        self.parked = sum(&rows.parked_datagrams_count);
        self.parked_dropped += sum(&rows.parked_dropped_datagrams_count);
        self.flows += sum(&rows.flows_count);
        self.unknown_rate_flows += sum(&rows.unknown_rate_flows_count);
        for (missed, unit) in rows.missed_count.iter().zip(&rows.missed_unit) {
            // A sample is a row, as a flow is.
            if unit == "datagrams" {
                self.missed_datagrams += missed;
            } else {
                self.missed_flows += missed;
            }
        }
    }
}
