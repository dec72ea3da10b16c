//! What became of the datagrams of one exporter, for the rows of `exporters`.

use std::borrow::Cow;

use columns::generated::exporters::Rows;
use serde::{Deserialize, Serialize};
use wire::rows::{sampling_origin, source_kind};

use crate::sampling::{Rate, UNKNOWN};
use crate::sequence::Sequence;

/// Beyond what anything counts that comes over a network.
pub(crate) const MOST_COUNTED: u64 = 1 << 52;

/// Counts since the last row.
///
/// Over an exporter's life, received = decoded + undecodable + refused + shed + dropped while parked + parked now.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub received: u64,
    pub received_bytes: u64,
    pub decoded: u64,
    pub refused: u64,
    pub undecodable: u64,
    pub parked_dropped: u64,
    pub shed: u64,
    pub flows: u64,
    pub unknown_rate_flows: u64,
    pub counter_samples: u64,
    pub socket_dropped: u64,
    pub exporter_dropped: u64,
    /// 0 for never.
    pub last_received_ns: i64,
    /// The exporter's clock minus ours; the largest of the interval, since each datagram was under way for some time.
    pub clock_skew_ns: Option<i64>,
}

impl Account {
    /// A datagram came in.
    #[inline]
    pub fn receive(&mut self, bytes: usize, received_ns: i64) {
        self.received += 1;
        self.received_bytes += bytes as u64;
        self.last_received_ns = self.last_received_ns.max(received_ns);
    }

    /// The exporter told the time.
    #[inline]
    pub fn clock(&mut self, export_time_ns: i64, received_ns: i64) {
        let skew = export_time_ns.saturating_sub(received_ns);
        self.clock_skew_ns = Some(self.clock_skew_ns.map_or(skew, |most| most.max(skew)));
    }

    /// Nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self
            == Self {
                last_received_ns: self.last_received_ns,
                ..Self::default()
            }
    }

    /// Whether these can be counts: so that none overflows, whatever a file says.
    pub fn is_possible(&self) -> bool {
        [
            self.received,
            self.received_bytes,
            self.decoded,
            self.refused,
            self.undecodable,
            self.parked_dropped,
            self.shed,
            self.flows,
            self.unknown_rate_flows,
            self.counter_samples,
            self.socket_dropped,
            self.exporter_dropped,
        ]
        .iter()
        .all(|count| *count <= MOST_COUNTED)
    }

    /// Add the counts of another exporter, which is forgotten.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.received_bytes += other.received_bytes;
        self.decoded += other.decoded;
        self.refused += other.refused;
        self.undecodable += other.undecodable;
        self.parked_dropped += other.parked_dropped;
        self.shed += other.shed;
        self.flows += other.flows;
        self.unknown_rate_flows += other.unknown_rate_flows;
        self.counter_samples += other.counter_samples;
        self.socket_dropped += other.socket_dropped;
        self.exporter_dropped += other.exporter_dropped;
        self.last_received_ns = self.last_received_ns.max(other.last_received_ns);
    }
}

/// Who an account is of.
#[derive(Debug)]
pub(crate) struct Holder<'a> {
    pub listener: &'a str,
    pub address: [u8; 16],
    /// 0 where it may vary.
    pub port: u16,
    pub domain: u32,
    /// One of `wire::rows::source_kind`; `None` for all of them.
    pub source_kind: Option<u8>,
    pub name: &'a str,
    pub templates: usize,
    pub parked: u64,
    pub rate: Rate,
}

/// What source kinds number their datagrams by.
fn missed_unit(kind: Option<u8>) -> &'static str {
    match kind {
        Some(source_kind::SFLOW) => "samples",
        Some(source_kind::NETFLOW9) => "datagrams",
        Some(_) => "flows",
        None => "",
    }
}

/// Append the row of an account, and begin it anew.
pub(crate) fn push(
    rows: &mut Rows,
    interval: (i64, u64),
    holder: &Holder<'_>,
    account: &mut Account,
    sequence: Option<&mut Sequence>,
) {
    let last_received_ns = account.last_received_ns;
    let account = std::mem::replace(
        account,
        Account {
            last_received_ns,
            ..Account::default()
        },
    );
    let (missed, reordered, restarts) = sequence.map_or((0, 0, 0), Sequence::take);
    let (rate, origin) = if holder.source_kind.is_some() {
        holder.rate
    } else {
        UNKNOWN
    };
    rows.time.push(interval.0);
    rows.duration_ns.push(interval.1);
    rows.source_kind.push(Cow::Borrowed(
        holder
            .source_kind
            .and_then(|kind| source_kind::NAMES.get(usize::from(kind)))
            .copied()
            .unwrap_or(""),
    ));
    rows.exporter_address.push(holder.address);
    rows.observation_domain_id.push(holder.domain);
    rows.listener.push(Cow::Owned(holder.listener.to_owned()));
    rows.exporter_port.push(holder.port);
    rows.exporter_name.push(Cow::Owned(holder.name.to_owned()));
    rows.received_datagrams_count.push(account.received);
    rows.received_bytes.push(account.received_bytes);
    rows.decoded_datagrams_count.push(account.decoded);
    rows.refused_datagrams_count.push(account.refused);
    rows.undecodable_datagrams_count.push(account.undecodable);
    rows.parked_datagrams_count.push(holder.parked);
    rows.parked_dropped_datagrams_count
        .push(account.parked_dropped);
    rows.shed_packets.push(account.shed);
    rows.flows_count.push(account.flows);
    rows.unknown_rate_flows_count
        .push(account.unknown_rate_flows);
    rows.counter_samples_count.push(account.counter_samples);
    rows.missed_count.push(missed);
    rows.missed_unit
        .push(Cow::Borrowed(missed_unit(holder.source_kind)));
    rows.reordered_count.push(reordered);
    rows.restarts_count.push(restarts);
    rows.socket_dropped_count.push(account.socket_dropped);
    rows.templates_count.push(holder.templates as u64);
    rows.exporter_dropped_packets.push(account.exporter_dropped);
    rows.clock_skew_ns.push(account.clock_skew_ns);
    rows.last_received_time.push(account.last_received_ns);
    rows.sampling_rate.push(rate);
    rows.sampling_origin.push(Cow::Borrowed(
        sampling_origin::NAMES
            .get(usize::from(origin))
            .copied()
            .unwrap_or(""),
    ));
}
