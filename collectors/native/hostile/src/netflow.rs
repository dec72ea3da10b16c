//! NetFlow and IPFIX messages of one exporter and domain.

use wire::netflow::{decode, decode_last, decode_parked, head, Bounds, Domain, Output};

use crate::{check_fault, pieces};

const BOUNDS: Bounds = Bounds {
    templates: 16,
    fields: 64,
    bytes: 1 << 16,
    age_ns: 60_000_000_000,
};

/// Messages one after the other; the first byte says whether unknown elements are kept.
pub fn netflow(bytes: &[u8]) {
    let Some((options, rest)) = bytes.split_first() else {
        return;
    };
    let mut domain = Domain::new([1; 16], BOUNDS, options & 1 == 1);
    let mut out = Output::default();
    let mut now_ns = 1_795_000_000_000_000_000;
    for message in pieces(rest) {
        now_ns += 1_000_000_000;
        let Ok(head) = head(message).inspect_err(|fault| check_fault(fault, message.len())) else {
            continue;
        };
        let before = out.flows.rows;
        decode(&head, message, now_ns, &mut domain, &mut out);
        check(&out, before, message);
        if !out.missing_templates.is_empty() {
            assert_eq!(
                out.flows.rows, before,
                "a row of a message that waits for a template"
            );
            decode_parked(&head, message, now_ns, &mut domain, &mut out);
            check(&out, before, message);
            if !out.missing_templates.is_empty() {
                decode_last(&head, message, now_ns, &mut domain, &mut out);
                check(&out, before, message);
            }
        }
        out.faults.clear();
        assert!(domain.templates() <= BOUNDS.templates);
        assert!(
            domain.bytes() <= BOUNDS.bytes,
            "{} bytes of templates",
            domain.bytes()
        );
        domain.expire(now_ns);
    }
    // What is saved is taken again.
    let definitions: Vec<_> = domain.definitions().collect();
    let mut again = Domain::new([1; 16], BOUNDS, options & 1 == 1);
    for definition in &definitions {
        if let Err(fault) = again.define(definition) {
            panic!("{fault}");
        }
    }
    assert_eq!(again.templates(), domain.templates());
}

fn check(out: &Output, before: usize, message: &[u8]) {
    assert_eq!(out.observed.len(), out.flows.rows);
    // A record has a byte at least, and both directions of it are rows.
    assert!(out.flows.rows - before <= 2 * message.len());
    for fault in &out.faults {
        check_fault(fault, message.len());
    }
}
