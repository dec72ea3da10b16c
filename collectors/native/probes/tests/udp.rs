//! Sockets, areas and receivers with real datagrams over loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{SocketAddr, UdpSocket as Sender};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use probes::clock::realtime_ns;
use probes::udp::{UdpOptions, UdpSocket};
use probes::udp_area::{Area, LARGEST_DATAGRAM};
use probes::udp_queue::{Queue, Taken};
use probes::udp_receiver::Receiver;
use probes::udp_senders::Senders;

const DEADLINE: Duration = Duration::from_secs(10);

fn options(receive_buffer: usize) -> UdpOptions {
    UdpOptions {
        receive_buffer,
        shared: false,
    }
}

fn open(address: &str, receive_buffer: usize) -> UdpSocket {
    UdpSocket::open(address.parse().unwrap(), options(receive_buffer)).unwrap()
}

fn sender_to(address: SocketAddr) -> Sender {
    let own = if address.is_ipv4() {
        "127.0.0.3:0"
    } else {
        "[::1]:0"
    };
    let sender = Sender::bind(own).unwrap();
    sender.connect(address).unwrap();
    sender
}

/// Loopback delivers within the call that sends: what was sent is in the socket or was dropped.
fn receive_all(area: &mut Area, socket: &UdpSocket) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while area.receive(socket.as_fd()).unwrap() > 0 {
        all.extend(area.received().map(|one| one.bytes.to_vec()));
    }
    all
}

#[test]
fn datagrams_come_with_sender_time_and_every_length() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let socket = open(address, 8 << 20);
        let sender = sender_to(socket.address());
        let mut area = Area::new(64, LARGEST_DATAGRAM);
        let begun = realtime_ns();
        for length in [0, 1, 1_472, 8_972, 65_000] {
            let sent: Vec<u8> = (0..length).map(|at| at as u8).collect();
            sender.send(&sent).unwrap();
            assert_eq!(area.receive(socket.as_fd()).unwrap(), 1);
            let one = area.received().next().unwrap();
            assert_eq!(one.bytes, sent);
            assert!(!one.is_cut);
            assert_eq!(one.port, sender.local_addr().unwrap().port());
            let expected = match sender.local_addr().unwrap().ip() {
                std::net::IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                std::net::IpAddr::V6(address) => address.octets(),
            };
            assert_eq!(one.address, expected);
            assert!(one.time_ns >= begun && one.time_ns <= realtime_ns());
        }
        assert_eq!(area.receive(socket.as_fd()).unwrap(), 0);
    }
}

#[test]
fn a_datagram_longer_than_its_slot_says_so() {
    let socket = open("127.0.0.1:0", 1 << 20);
    let mut area = Area::new(4, 100);
    sender_to(socket.address()).send(&[7; 101]).unwrap();
    sender_to(socket.address()).send(&[7; 100]).unwrap();
    assert_eq!(area.receive(socket.as_fd()).unwrap(), 2);
    let cut: Vec<_> = area
        .received()
        .map(|one| (one.bytes.len(), one.is_cut))
        .collect();
    assert_eq!(cut, [(100, true), (100, false)]);
}

#[test]
fn what_the_kernel_throws_away_is_counted_per_socket() {
    let socket = open("127.0.0.1:0", 64 << 10);
    let other = open("127.0.0.1:0", 64 << 10);
    let sender = sender_to(socket.address());
    let sent = 5_000;
    for _ in 0..sent {
        sender.send(&[1; 1_000]).unwrap();
    }
    let dropped = socket.dropped().unwrap();
    let received = receive_all(&mut Area::new(64, 2_000), &socket).len();
    assert!(dropped > 0);
    assert_eq!(received + dropped as usize, sent);
    assert_eq!(other.dropped().unwrap(), 0);
}

#[test]
fn the_buffer_that_was_given_is_told() {
    let small = open("127.0.0.1:0", 300 << 10);
    assert_eq!(small.granted(), 300 << 10);
    let limit: usize = std::fs::read_to_string("/proc/sys/net/core/rmem_max")
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    // With CAP_NET_ADMIN all of it, without what the host allows.
    let large = open("127.0.0.1:0", 2 * limit);
    let is_root = std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .map(|digits| u64::from_str_radix(digits.trim(), 16).unwrap() >> 12 & 1 == 1);
    assert_eq!(
        large.granted(),
        if is_root == Some(true) {
            2 * limit
        } else {
            limit
        }
    );
}

#[test]
fn a_port_in_use_is_refused_and_a_shared_one_is_not() {
    let first = open("127.0.0.1:0", 1 << 16);
    let refusal = UdpSocket::open(first.address(), options(1 << 16)).unwrap_err();
    assert_eq!(refusal.errno, libc::EADDRINUSE);
    let shared = UdpOptions {
        receive_buffer: 1 << 16,
        shared: true,
    };
    let one = UdpSocket::open("127.0.0.1:0".parse().unwrap(), shared).unwrap();
    let two = UdpSocket::open(one.address(), shared).unwrap();
    assert_eq!(one.address(), two.address());
    assert!(UdpSocket::open(one.address(), options(1 << 16)).is_err());
}

struct Listening {
    sockets: Vec<Arc<UdpSocket>>,
    queue: Arc<Queue>,
    receivers: Vec<Receiver>,
}

fn listen(count: usize, buffer: usize, bound: usize, slot: usize) -> Listening {
    let shared = UdpOptions {
        receive_buffer: buffer,
        shared: count > 1,
    };
    let queue = Arc::new(Queue::new(bound, 1, Senders::default()));
    let mut address = "127.0.0.1:0".parse().unwrap();
    let mut sockets = Vec::new();
    for _ in 0..count {
        let socket = Arc::new(UdpSocket::open(address, shared).unwrap());
        address = socket.address();
        sockets.push(socket);
    }
    let receivers = sockets
        .iter()
        .map(|socket| {
            Receiver::start(vec![(0, Arc::clone(socket))], Arc::clone(&queue), slot).unwrap()
        })
        .collect();
    Listening {
        sockets,
        queue,
        receivers,
    }
}

impl Listening {
    /// Stops receiving; returns datagrams received, shed, and dropped by the kernel.
    fn end(&mut self) -> (u64, u64, u64) {
        for receiver in &mut self.receivers {
            receiver.stop();
        }
        self.queue.close();
        let arrivals = self.queue.account().listeners[0];
        let dropped = self
            .sockets
            .iter()
            .map(|socket| u64::from(socket.dropped().unwrap()))
            .sum();
        (arrivals.received, arrivals.shed, dropped)
    }
}

#[test]
fn every_datagram_that_was_sent_is_taken_or_counted() {
    // A buffer that overflows, a queue that is never emptied: all losses at once.
    for sockets in [1, 3] {
        let mut listening = listen(sockets, 32 << 10, 256 << 10, 2_000);
        let sent = 40_000;
        for source in 0..4 {
            let sender = sender_to(listening.sockets[0].address());
            for _ in 0..sent / 4 {
                sender.send(&[source; 700]).unwrap();
            }
        }
        let (received, shed, dropped) = listening.end();
        let mut queued = 0;
        while let Taken::Batch(batch) = listening.queue.take(Duration::ZERO, Duration::ZERO) {
            queued += batch.len() as u64;
            listening.queue.give_back(batch);
        }
        assert_eq!(received + dropped, sent, "{sockets} sockets");
        assert_eq!(queued + shed, received, "{sockets} sockets");
        assert!(shed > 0);
    }
}

#[test]
fn a_single_datagram_is_there_at_once() {
    let mut listening = listen(1, 1 << 20, 1 << 20, 2_000);
    let sender = sender_to(listening.sockets[0].address());
    let mut waits = Vec::new();
    for _ in 0..20 {
        let begun = Instant::now();
        sender.send(b"one").unwrap();
        match listening.queue.take(DEADLINE, Duration::ZERO) {
            Taken::Batch(batch) => listening.queue.give_back(batch),
            other => panic!("{other:?}"),
        }
        waits.push(begun.elapsed());
        // Far apart, as those of a quiet exporter.
        std::thread::sleep(Duration::from_millis(20));
    }
    waits.sort();
    assert!(waits[10] < Duration::from_millis(5), "{waits:?}");
    listening.end();
}

#[test]
fn datagrams_in_one_socket_keep_their_order() {
    let mut listening = listen(1, 16 << 20, 64 << 20, 2_000);
    let sender = sender_to(listening.sockets[0].address());
    let sent = 20_000_u32;
    for number in 0..sent {
        sender.send(&number.to_be_bytes()).unwrap();
    }
    let (received, shed, dropped) = listening.end();
    assert_eq!((received, shed), (u64::from(sent) - dropped, 0));
    let mut before = None;
    while let Taken::Batch(batch) = listening.queue.take(Duration::ZERO, Duration::ZERO) {
        for (_, _, bytes) in batch.datagrams() {
            let number = u32::from_be_bytes(bytes.try_into().unwrap());
            assert!(before < Some(number));
            before = Some(number);
        }
        listening.queue.give_back(batch);
    }
}
