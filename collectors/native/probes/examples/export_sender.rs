//! Sends flow exports to measure a listener with: datagrams of one shape, from as many exporters as asked, by sendmmsg.
//!
//! ```sh
//! cargo run --release -p probes --example export_sender -- ipfix 127.0.0.1:4739 --exporters 200 --rate 5000 --count 500000
//! ```
//!
//! `ipfix`: 20 fixed fields (69 bytes) a flow, 20 flows a datagram, template and sampling rate (1:100) announced first and each
//! 1,000 datagrams. `sflow`: 6 samples of 128-byte headers a datagram, 1:1,000. Each exporter has its own address in 127/8 (one
//! alone with IPv6) and right sequence numbers. `--rate` is datagrams a second, 0 as fast as the socket takes; `--closed N`
//! waits until no more than N datagrams wait in the receiving socket, so that nothing is lost. Prints what was sent, and how
//! long it took.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const AT_ONCE: usize = 32;

/// Number, bytes.
const FIELDS: [(u16, u16); 20] = [
    (8, 4),
    (12, 4),
    (7, 2),
    (11, 2),
    (4, 1),
    (6, 2),
    (5, 1),
    (1, 8),
    (2, 8),
    (152, 8),
    (153, 8),
    (10, 4),
    (14, 4),
    (61, 1),
    (136, 1),
    (9, 1),
    (13, 1),
    (16, 4),
    (17, 4),
    (192, 1),
];

struct Exporter {
    socket: UdpSocket,
    sequence: u32,
    sent: u64,
    state: u64,
}

impl Exporter {
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn ipfix(exporter: &mut Exporter, out: &mut Vec<u8>) {
    let announces = exporter.sent.is_multiple_of(1_000);
    out.extend(10_u16.to_be_bytes());
    out.extend(0_u16.to_be_bytes());
    out.extend((now().as_secs() as u32).to_be_bytes());
    out.extend(exporter.sequence.to_be_bytes());
    out.extend(7_u32.to_be_bytes());
    if announces {
        out.extend(2_u16.to_be_bytes());
        out.extend((4 + 4 + 4 * FIELDS.len() as u16).to_be_bytes());
        out.extend(256_u16.to_be_bytes());
        out.extend((FIELDS.len() as u16).to_be_bytes());
        for (number, length) in FIELDS {
            out.extend(number.to_be_bytes());
            out.extend(length.to_be_bytes());
        }
        // Options template 257: scope observationDomainId (149), samplingInterval (34); and its one record.
        let words: [u16; 15] = [3, 18, 257, 2, 1, 149, 4, 34, 4, 257, 12, 0, 7, 0, 100];
        for word in words {
            out.extend(word.to_be_bytes());
        }
        exporter.sequence = exporter.sequence.wrapping_add(1);
    }
    let flows: u16 = if announces { 16 } else { 20 };
    out.extend(256_u16.to_be_bytes());
    out.extend((4 + flows * 69).to_be_bytes());
    let millis = now().as_millis() as u64;
    for _ in 0..flows {
        let random = exporter.next();
        out.extend([10, 0]);
        out.extend(((random >> 8) as u16 & 0x3ff).to_be_bytes());
        out.extend([192, 168]);
        out.extend(((random >> 24) as u16 & 0xfff).to_be_bytes());
        out.extend(((random >> 32) as u16 | 1024).to_be_bytes());
        out.extend([80_u16, 443, 53, 8080][(random >> 50) as usize & 3].to_be_bytes());
        out.push(if random & 7 == 0 { 17 } else { 6 });
        out.extend(0x1b_u16.to_be_bytes());
        out.push(0);
        let packets = 1 + (random >> 40 & 0x3f);
        out.extend((packets * (64 + (random & 0x3ff))).to_be_bytes());
        out.extend(packets.to_be_bytes());
        out.extend((millis - 2_000 - (random & 0xfff)).to_be_bytes());
        out.extend((millis - 1_000).to_be_bytes());
        out.extend((1 + (random as u32 >> 3 & 7)).to_be_bytes());
        out.extend((1 + (random as u32 >> 6 & 7)).to_be_bytes());
        out.extend([0, 2, 24, 20]);
        out.extend(64_512_u32.to_be_bytes());
        out.extend(64_513_u32.to_be_bytes());
        out.push(63);
    }
    exporter.sequence = exporter.sequence.wrapping_add(u32::from(flows));
}

fn sflow(exporter: &mut Exporter, out: &mut Vec<u8>) {
    let word = |out: &mut Vec<u8>, value: u32| out.extend(value.to_be_bytes());
    word(out, 5);
    word(out, 1);
    match exporter.socket.local_addr().unwrap().ip() {
        IpAddr::V4(address) => out.extend(address.octets()),
        IpAddr::V6(_) => out.extend([192, 0, 2, 1]),
    }
    word(out, 0);
    word(out, exporter.sequence);
    word(out, exporter.sequence.wrapping_mul(10));
    word(out, 6);
    for at in 0..6 {
        let random = exporter.next();
        let number = exporter.sequence.wrapping_mul(6).wrapping_add(at);
        word(out, 1);
        word(out, 32 + 8 + 16 + 128);
        word(out, number);
        word(out, 3);
        word(out, 1_000);
        word(out, number.wrapping_mul(1_000));
        word(out, 0);
        word(out, 1 + (random as u32 & 7));
        word(out, 1 + (random as u32 >> 3 & 7));
        word(out, 1);
        word(out, 1);
        word(out, 16 + 128);
        word(out, 1);
        word(out, 1_518);
        word(out, 4);
        word(out, 128);
        let begin = out.len();
        out.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
        out.extend([0x45, 0, 0x05, 0xdc, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 10, 0]);
        out.extend(((random >> 8) as u16 & 0x3ff).to_be_bytes());
        out.extend([192, 168]);
        out.extend(((random >> 24) as u16 & 0xfff).to_be_bytes());
        out.extend(((random >> 32) as u16 | 1024).to_be_bytes());
        out.extend(443_u16.to_be_bytes());
        out.extend([0; 8]);
        out.extend([0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
        out.resize(begin + 128, 0);
    }
    exporter.sequence = exporter.sequence.wrapping_add(1);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default: u64| {
        arguments
            .iter()
            .position(|word| word == name)
            .map_or(default, |at| arguments[at + 1].parse().unwrap())
    };
    let kind = arguments[0].as_str();
    let target: SocketAddr = arguments[1].parse().unwrap();
    let (count, rate) = (option("--count", 100_000), option("--rate", 0));
    let exporters = option("--exporters", 1);
    let closed = option("--closed", 0) as usize;
    let waiting = Waiting::of(target);
    let mut exporters: Vec<Exporter> = (0..exporters)
        .map(|number| {
            let own: SocketAddr = if target.is_ipv4() {
                let [_, _, high, low] = (number as u32 + 1).to_be_bytes();
                (Ipv4Addr::new(127, 1, high, low), 0).into()
            } else {
                "[::1]:0".parse().unwrap()
            };
            let socket = UdpSocket::bind(own).unwrap();
            socket.connect(target).unwrap();
            Exporter {
                socket,
                sequence: 0,
                sent: 0,
                state: 88_172_645_463_325_252 ^ (number << 20),
            }
        })
        .collect();
    // The first turn, with all templates, is short: a listener need not be fast to know everybody.
    let mut sent = 0;
    let (mut bytes, mut flows) = (0_u64, 0_u64);
    let begun = Instant::now();
    let mut at = 0;
    while sent < count {
        let turn = if sent < exporters.len() as u64 {
            1
        } else {
            AT_ONCE.min((count - sent) as usize)
        };
        let index = at % exporters.len();
        let exporter = &mut exporters[index];
        at += 1;
        let mut datagrams: Vec<Vec<u8>> = Vec::with_capacity(turn);
        for _ in 0..turn {
            let mut datagram = Vec::with_capacity(1_500);
            match kind {
                "ipfix" => {
                    ipfix(exporter, &mut datagram);
                    let length = datagram.len() as u16;
                    datagram[2..4].copy_from_slice(&length.to_be_bytes());
                    flows += if exporter.sent.is_multiple_of(1_000) {
                        16
                    } else {
                        20
                    };
                }
                "sflow" => {
                    sflow(exporter, &mut datagram);
                    flows += 6;
                }
                _ => panic!("expected ipfix or sflow, got {kind}"),
            }
            exporter.sent += 1;
            bytes += datagram.len() as u64;
            datagrams.push(datagram);
        }
        if closed > 0 {
            while waiting.bytes() > closed * 2_304 {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        send(&exporter.socket, &mut datagrams);
        sent += turn as u64;
        if rate > 0 {
            let due = begun + Duration::from_secs_f64(sent as f64 / rate as f64);
            if let Some(early) = due.checked_duration_since(Instant::now()) {
                if early > Duration::from_micros(500) {
                    std::thread::sleep(early);
                }
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{{\"datagrams\": {sent}, \"flows\": {flows}, \"bytes\": {bytes}, \"seconds\": {seconds:.3}, \"flows_per_second\": {:.0}}}",
        flows as f64 / seconds
    );
}

/// What waits in the receiving socket, from /proc/net/udp.
struct Waiting {
    table: &'static str,
    port: String,
}

impl Waiting {
    fn of(target: SocketAddr) -> Self {
        Self {
            table: if target.is_ipv4() {
                "/proc/net/udp"
            } else {
                "/proc/net/udp6"
            },
            port: format!(":{:04X}", target.port()),
        }
    }

    fn bytes(&self) -> usize {
        std::fs::read_to_string(self.table)
            .unwrap()
            .lines()
            .filter_map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                let queue = words.get(4)?.split_once(':')?.1;
                words[1]
                    .ends_with(&self.port)
                    .then(|| usize::from_str_radix(queue, 16).ok())?
            })
            .sum()
    }
}

fn send(socket: &UdpSocket, datagrams: &mut [Vec<u8>]) {
    let mut vectors: Vec<libc::iovec> = datagrams
        .iter_mut()
        .map(|datagram| libc::iovec {
            iov_base: datagram.as_mut_ptr().cast(),
            iov_len: datagram.len(),
        })
        .collect();
    let mut headers: Vec<libc::mmsghdr> = vectors
        .iter_mut()
        .map(|vector| {
            // SAFETY: all-zero is a valid value of this plain struct.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header
        })
        .collect();
    let mut done = 0;
    while done < headers.len() {
        // SAFETY: every header points at a vector, and that at a datagram, which live through the call.
        let count = unsafe {
            libc::sendmmsg(
                socket.as_raw_fd(),
                headers[done..].as_mut_ptr(),
                (headers.len() - done) as libc::c_uint,
                0,
            )
        };
        // A listener that is not there yet answers by ICMP, which the next call reports.
        done += usize::try_from(count).unwrap_or(0);
    }
}
