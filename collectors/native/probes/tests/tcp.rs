//! The probe `tcp` run by the kernel on crafted segments: what it takes for a retransmission, and what not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod ground;

use ground::has_root;
use probes::bpf;
use probes::tcp::{Options, TcpProbe};
use wire::tcp_record::TcpCounts;

/// The kernel's test bench has its packets come from the loopback.
const LOOPBACK: u32 = 1;
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
/// What the client sends comes in, what the server sends goes out.
const CLIENT: ([u8; 4], u16) = ([198, 18, 0, 1], 40_000);
const SERVER: ([u8; 4], u16) = ([198, 19, 0, 1], 80);

struct Wire {
    probe: TcpProbe,
    client_port: u16,
    window: u16,
}

impl Wire {
    fn open(one_of: u32) -> Self {
        let probe = TcpProbe::open(Options {
            connections: 1_024,
            one_of,
            seed: 7,
            is_last: false,
            way: None,
        })
        .unwrap();
        probe.begin(LOOPBACK).unwrap();
        Self {
            probe,
            client_port: CLIENT.1,
            window: 1_000,
        }
    }

    fn send(&self, is_egress: bool, flags: u8, sequence: u32, acknowledged: u32, payload: usize) {
        let client = (CLIENT.0, self.client_port);
        let (from, to) = if is_egress {
            (SERVER, client)
        } else {
            (client, SERVER)
        };
        let mut frame = vec![0; 54 + payload];
        frame[12..14].copy_from_slice(&[0x08, 0x00]);
        frame[14] = 0x45;
        frame[16..18].copy_from_slice(&u16::try_from(40 + payload).unwrap().to_be_bytes());
        frame[22] = 64;
        frame[23] = 6;
        frame[26..30].copy_from_slice(&from.0);
        frame[30..34].copy_from_slice(&to.0);
        frame[34..36].copy_from_slice(&from.1.to_be_bytes());
        frame[36..38].copy_from_slice(&to.1.to_be_bytes());
        frame[38..42].copy_from_slice(&sequence.to_be_bytes());
        frame[42..46].copy_from_slice(&acknowledged.to_be_bytes());
        frame[46] = 0x50;
        frame[47] = flags;
        frame[48..50].copy_from_slice(&self.window.to_be_bytes());
        // As Ethernet pads it.
        frame.resize(frame.len().max(60), 0);
        bpf::run(self.probe.program(is_egress, true), &frame, 1).unwrap();
    }

    fn data(&self, sequence: u32, payload: usize) {
        self.send(false, ACK, sequence, 1, payload);
    }

    fn counts(&self) -> [TcpCounts; 2] {
        self.probe.counts(LOOPBACK).unwrap().unwrap()
    }

    /// Retransmitted, unsure and strange segments of the client.
    fn behind(&self) -> (u64, u64, u64) {
        let [client, _] = self.counts();
        (
            client.retransmitted_segments,
            client.unsure_segments,
            client.strange_segments,
        )
    }
}

#[test]
fn what_was_seen_before_is_retransmitted_also_where_numbers_wrap() {
    if !has_root() {
        return;
    }
    let wire = Wire::open(1);
    let start = u32::MAX - 150;
    for sequence in [0_u32, 100, 200] {
        wire.data(start.wrapping_add(sequence), 100);
    }
    assert_eq!(wire.behind(), (0, 0, 0));
    wire.data(start.wrapping_add(100), 100);
    assert_eq!(wire.behind(), (1, 0, 0));
    // Half of it is new.
    wire.data(start.wrapping_add(250), 100);
    let [client, server] = wire.counts();
    assert_eq!(
        (client.retransmitted_segments, client.retransmitted_bytes),
        (2, 150)
    );
    assert_eq!((client.segments, client.payload_bytes), (5, 500));
    assert_eq!(server.segments, 0);
}

#[test]
fn what_was_passed_over_is_no_sure_retransmission() {
    if !has_root() {
        return;
    }
    let wire = Wire::open(1);
    wire.send(false, SYN, u32::MAX, 0, 0);
    for sequence in [0, 300, 100, 200, 400] {
        wire.data(sequence, 100);
    }
    assert_eq!(wire.behind(), (0, 2, 0));
    // The gap is filled: now it was seen.
    wire.data(200, 100);
    assert_eq!(wire.behind(), (1, 2, 0));
}

#[test]
fn what_was_sent_before_the_first_segment_that_was_seen_is_not_known() {
    if !has_root() {
        return;
    }
    let wire = Wire::open(1);
    wire.data(1_000, 100);
    wire.data(900, 100);
    assert_eq!(wire.behind(), (0, 1, 0));
    wire.data(1_000, 100);
    assert_eq!(wire.behind(), (1, 1, 0));
}

#[test]
fn what_the_other_end_has_is_no_gap() {
    if !has_root() {
        return;
    }
    let wire = Wire::open(1);
    wire.data(0, 100);
    wire.data(200, 100);
    wire.send(true, ACK, 1, 300, 0);
    wire.data(200, 100);
    assert_eq!(wire.behind(), (1, 0, 0));
}

#[test]
fn keepalives_acknowledgements_and_forged_numbers_are_no_retransmissions() {
    if !has_root() {
        return;
    }
    let wire = Wire::open(1);
    wire.data(1_000, 100);
    wire.data(1_099, 0);
    wire.data(1_100, 0);
    wire.data(1_100, 0);
    assert_eq!(wire.behind(), (0, 0, 0));
    wire.data(1_099, 1);
    assert_eq!(wire.behind(), (0, 1, 0));
    wire.data(0x8000_0000, 100);
    wire.data(1_100, 100);
    assert_eq!(wire.behind(), (0, 1, 2));
}

#[test]
fn a_handshake_has_a_time_to_each_side_and_none_when_its_syn_was_repeated() {
    if !has_root() {
        return;
    }
    let mut wire = Wire::open(1);
    wire.send(false, SYN, 10, 0, 0);
    wire.send(true, SYN | ACK, 20, 11, 0);
    wire.send(false, ACK, 11, 21, 0);
    let [client, server] = wire.counts();
    assert_eq!((client.handshakes, server.handshakes), (1, 1));
    assert!(client.handshake_ns > 0 && server.handshake_ns > 0);
    assert_eq!((client.syns, server.syns), (1, 0));

    wire.client_port += 1;
    wire.send(false, SYN, 10, 0, 0);
    wire.send(false, SYN, 10, 0, 0);
    wire.send(true, SYN | ACK, 20, 11, 0);
    wire.send(false, ACK, 11, 21, 0);
    let [client, server] = wire.counts();
    assert_eq!((client.handshakes, server.handshakes), (2, 1));
    assert_eq!((client.syns, client.retransmitted_segments), (3, 1));

    // The same ports again, with other numbers.
    wire.send(false, SYN, 7, 0, 0);
    wire.send(true, SYN | ACK, 3, 8, 0);
    wire.send(false, FIN | ACK, 8, 4, 0);
    let [client, server] = wire.counts();
    assert_eq!((client.handshakes, server.handshakes), (3, 2));
    assert_eq!(
        (client.retransmitted_segments, client.strange_segments),
        (1, 0)
    );
    wire.send(false, FIN | ACK, 8, 4, 0);
    assert_eq!(wire.behind(), (2, 0, 0));
}

#[test]
fn resets_and_closed_windows_are_of_the_one_who_sent_them() {
    if !has_root() {
        return;
    }
    let mut wire = Wire::open(1);
    wire.send(true, RST | ACK, 0, 11, 0);
    wire.window = 0;
    wire.data(5, 10);
    let [client, server] = wire.counts();
    assert_eq!((client.resets, server.resets), (0, 1));
    assert_eq!((client.zero_windows, server.zero_windows), (1, 0));
}

#[test]
fn both_directions_of_a_connection_are_watched_or_none() {
    if !has_root() {
        return;
    }
    const ONE_OF: u32 = 8;
    const PORTS: u16 = 4_000;
    let mut wire = Wire::open(ONE_OF);
    let mut watched = 0;
    for port in 0..PORTS {
        wire.client_port = 10_000 + port;
        wire.data(0, 10);
        wire.send(true, ACK, 0, 10, 0);
        let [client, server] = wire.counts();
        assert_eq!(client.segments, server.segments);
        watched = client.segments;
    }
    // 500 expected; five standard deviations are 105.
    assert!((395..=605).contains(&watched), "{watched}");
    wire.probe.choose(0, 0).unwrap();
    wire.data(0, 10);
    assert_eq!(wire.counts()[0].segments, watched);
}
