//! Messages of nf_tables: as Linux 6.18 sent them for the rules below, cut anywhere, and of any bytes.
//!
//! The recorded rules were made in a namespace of their own: a chain `c` at forward with policy drop, `deep` that a map of verdicts
//! jumps to, and `i` at ingress of `lo`.
#![allow(clippy::expect_used)]

use proptest::prelude::*;
use wire::nftables::{self as nft, family, Source, Step, Verdict};

/// Message type within the subsystem, and body.
fn recorded() -> Vec<(u8, Vec<u8>)> {
    include_str!("vectors/nftables.txt")
        .lines()
        .map(|line| {
            let (kind, text) = line.split_once(' ').expect("a type and a body");
            let bytes = (0..text.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("a byte"))
                .collect();
            (kind.parse().expect("a type"), bytes)
        })
        .collect()
}

fn read_all(body: &[u8]) {
    let _ = nft::generation(body);
    let _ = nft::table(body);
    let _ = nft::chain(body);
    let _ = nft::rule(body);
    let _ = nft::verdicts(body);
}

#[test]
fn what_the_kernel_says_is_understood() {
    let messages = recorded();
    let of = |kind: u8| messages.iter().filter(move |message| message.0 == kind);
    let chains: Vec<_> = of(3)
        .map(|(_, body)| nft::chain(body).expect("a chain"))
        .collect();
    let base = |name: &str| {
        let chain = chains.iter().find(|chain| chain.name == name);
        chain.expect("a chain of this name").base.clone()
    };
    assert_eq!(base("deep"), None);
    let forward = base("c").expect("a hook");
    assert_eq!(
        (forward.hook, forward.priority, forward.drops),
        (2, -5, true)
    );
    assert_eq!(base("i").expect("a hook").devices, ["lo"]);
    let rules: Vec<_> = of(6)
        .map(|(_, body)| nft::rule(body).expect("a rule"))
        .collect();
    assert_eq!(rules.len(), 5);
    assert!(rules
        .iter()
        .all(|placed| placed.family == family::INET && placed.table == "t"));
    assert!(rules
        .iter()
        .all(|placed| !placed.rule.steps.contains(&Step::Unknown)));
    let deep = &rules
        .iter()
        .find(|placed| placed.chain == "deep")
        .expect("a rule")
        .rule;
    assert_eq!(deep.comment, "x y");
    assert_eq!(deep.steps.last(), Some(&Step::Verdict(Verdict::Drop)));
    let logged = rules
        .iter()
        .find(|placed| !placed.rule.log_prefix.is_empty());
    let logged = &logged.expect("a rule that logs").rule;
    assert_eq!(
        (logged.log_prefix.as_str(), logged.packets),
        ("hi ", Some(0))
    );
    assert!(logged.steps.iter().any(|step| matches!(
        step,
        Step::Load {
            source: Source::Conntrack(0),
            ..
        }
    )));
    let verdicts: Vec<_> = of(12)
        .flat_map(|(_, body)| nft::verdicts(body).expect("elements"))
        .collect();
    assert_eq!(verdicts.len(), 2);
    assert!(verdicts.contains(&Verdict::Jump("deep".to_owned())));
}

#[test]
fn a_message_cut_anywhere_does_no_harm() {
    for (_, body) in recorded() {
        for length in 0..body.len() {
            read_all(&body[..length]);
        }
    }
}

/// An expression that is broken inside makes its rule one that may match, and keeps what was understood.
#[test]
fn a_broken_expression_may_match() {
    for (_, body) in recorded().iter().filter(|message| message.0 == 6) {
        let whole = nft::rule(body).expect("a rule").rule;
        // The name of its first expression.
        let at = body
            .windows(5)
            .position(|window| window == b"meta\0" || window == b"paylo");
        let Some(at) = at else { continue };
        let mut broken = body.clone();
        broken[at] = b'?';
        let read = nft::rule(&broken).expect("a rule").rule;
        assert!(read.steps.contains(&Step::Unknown));
        assert_eq!((read.handle, &read.comment), (whole.handle, &whole.comment));
    }
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn any_byte_of_a_message_may_be_another(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let messages = recorded();
        let mut body = messages[which.index(messages.len())].1.clone();
        let at = at.index(body.len());
        body[at] = byte;
        read_all(&body);
    }
}
