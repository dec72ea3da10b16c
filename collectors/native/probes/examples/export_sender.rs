//! Sends flow exports to measure a listener with: datagrams of one shape, from as many exporters as asked, by sendmmsg.
//!
//! ```sh
//! cargo run --release -p probes --example export_sender -- ipfix 127.0.0.1:4739 --exporters 200 --rate 5000 --count 500000
//! ```
//!
//! `ipfix`: 20 fixed fields (69 bytes) a flow, 20 flows a datagram, template and sampling rate (1:100) announced first and each
//! 1,000 datagrams; addresses and ports are uniformly random, which is harder on tables than any network. `traffic`: the same
//! fields, filled by conversations: see `traffic`. `sflow`: 6 samples of 128-byte headers a datagram, 1:1,000. Each exporter has its own address in 127/8 (one
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
    number: u32,
    socket: UdpSocket,
    sequence: u32,
    sent: u64,
    state: u64,
    /// Conversations that go on, for `traffic`.
    lasting: Vec<Conversation>,
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

fn ipfix(exporter: &mut Exporter, lifelike: bool, out: &mut Vec<u8>) {
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
    for pair in 0..flows / 2 {
        if lifelike {
            traffic(exporter, millis, u64::from(pair), out);
        } else {
            random_flow(exporter, millis, out);
            random_flow(exporter, millis, out);
        }
    }
    exporter.sequence = exporter.sequence.wrapping_add(u32::from(flows));
}

fn random_flow(exporter: &mut Exporter, millis: u64, out: &mut Vec<u8>) {
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

/// A client behind a port of the exporter talks to a server.
#[derive(Clone, Copy)]
struct Conversation {
    client: u32,
    server: u32,
    client_port: u16,
    service: Service,
    /// Bytes a packet, to the server and back.
    sizes: [u16; 2],
}

#[derive(Clone, Copy)]
struct Service {
    port: u16,
    protocol: u8,
    /// Of a thousand conversations so many last longer than the exporter keeps a flow open.
    lasting: u16,
}

const fn service(port: u16, protocol: u8, lasting: u16) -> Service {
    Service {
        port,
        protocol,
        lasting,
    }
}

/// What servers offer, the first ones to most.
const SERVICES: [Service; 12] = [
    service(443, 6, 100),
    service(53, 17, 0),
    service(8080, 6, 50),
    service(443, 17, 100),
    service(5432, 6, 600),
    service(6379, 6, 600),
    service(9092, 6, 800),
    service(80, 6, 50),
    service(3306, 6, 600),
    service(2379, 6, 300),
    service(22, 6, 500),
    service(123, 17, 0),
];
/// Ports of an exporter behind which clients are; clients behind each; servers of all.
const PORTS: u64 = 24;
const CLIENTS_OF_PORT: u64 = 8;
const SERVERS: u64 = 20_000;
/// Conversations of an exporter that go on; each is told each time that the exporter's active timeout passes.
const MOST_LASTING: usize = 2_048;
const ACTIVE_TIMEOUT_MS: u64 = 60_000;

/// Two flows: a conversation's way there and its way back.
///
/// Servers are chosen with a long tail (a tenth of them has half of the conversations), clients evenly. Three flows in ten are of
/// conversations that were told before. How long, how many packets and how large is log-uniform. Times are in milliseconds.
fn traffic(exporter: &mut Exporter, millis: u64, pair: u64, out: &mut Vec<u8>) {
    let random = exporter.next();
    let lasts = random % 10 < 3 && !exporter.lasting.is_empty();
    let conversation = if lasts {
        let at = (random >> 8) as usize % exporter.lasting.len();
        exporter.lasting[at]
    } else {
        let begun = begin(exporter);
        let more = exporter.next();
        if (more % 1_000) < u64::from(begun.service.lasting) {
            if exporter.lasting.len() < MOST_LASTING {
                exporter.lasting.push(begun);
            } else {
                let at = (more >> 16) as usize % MOST_LASTING;
                exporter.lasting[at] = begun;
            }
        }
        begun
    };
    let draw = exporter.next();
    let end = millis - 1_000 - pair * 7 - (draw & 0x3f);
    let length = if lasts {
        ACTIVE_TIMEOUT_MS + (draw >> 8 & 0xff)
    } else {
        log_uniform(draw >> 8, 15)
    };
    let packets = match (conversation.service.protocol, conversation.service.port) {
        (17, 53 | 123) => 1,
        (17, _) => 2 + log_uniform(draw >> 24, 9),
        _ if lasts => 10 + log_uniform(draw >> 24, 14),
        _ => 5 + log_uniform(draw >> 24, 8),
    };
    let flags: u16 = match (conversation.service.protocol, lasts) {
        (6, false) => 0x1b,
        (6, true) => 0x18,
        _ => 0,
    };
    let port = 1 + (conversation.client & 0xff) % PORTS as u32;
    let uplink = 49 + (conversation.server >> 8) % 4;
    for way in 0..2 {
        let (source, target) = if way == 0 {
            (conversation.client, conversation.server)
        } else {
            (conversation.server, conversation.client)
        };
        let (source_port, target_port) = if way == 0 {
            (conversation.client_port, conversation.service.port)
        } else {
            (conversation.service.port, conversation.client_port)
        };
        // The way back has as many packets, or nearly.
        let packets = packets + if way == 1 { packets >> 3 } else { 0 };
        out.extend(source.to_be_bytes());
        out.extend(target.to_be_bytes());
        out.extend(source_port.to_be_bytes());
        out.extend(target_port.to_be_bytes());
        out.push(conversation.service.protocol);
        out.extend(flags.to_be_bytes());
        out.push(0);
        let bytes = packets * u64::from(conversation.sizes[way]) + (draw >> 48 & 0x3f);
        out.extend(bytes.to_be_bytes());
        out.extend(packets.to_be_bytes());
        out.extend((end - length).to_be_bytes());
        out.extend(end.to_be_bytes());
        let (from, to) = if way == 0 {
            (port, uplink)
        } else {
            (uplink, port)
        };
        out.extend(from.to_be_bytes());
        out.extend(to.to_be_bytes());
        out.extend([
            way as u8,
            if lasts { 2 } else { 3 },
            prefix_length(source),
            prefix_length(target),
        ]);
        out.extend(system_of(source).to_be_bytes());
        out.extend(system_of(target).to_be_bytes());
        out.push(if way == 0 { 63 } else { 58 });
    }
}

fn begin(exporter: &mut Exporter) -> Conversation {
    let random = exporter.next();
    let own = random % (PORTS * CLIENTS_OF_PORT);
    // The cube of an even number in [0, 1) favours the small ones.
    let even = random >> 10 & 0xffff;
    let server = (even * even * even * SERVERS) >> 48;
    let scattered = server.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let service =
        SERVICES[(((scattered >> 40 & 0xff) * (scattered >> 48 & 0xff) * 12) >> 16) as usize];
    // A half of the servers is inside, the others are anywhere.
    let address = if scattered & 1 == 0 {
        0x0a80_0000 | server as u32
    } else {
        0x2000_0000 | (scattered >> 8) as u32 & 0x1fff_ffff
    };
    let more = exporter.next();
    Conversation {
        client: 0x0a00_0000 | exporter.number << 8 | own as u32,
        server: address,
        client_port: 32_768 + (more % 28_232) as u16,
        service,
        sizes: [
            52 + log_uniform(more >> 16, 10) as u16,
            52 + log_uniform(more >> 32, 11) as u16,
        ],
    }
}

/// Between 0 and 2 to the power of `bits`, each power of two as often.
fn log_uniform(random: u64, bits: u64) -> u64 {
    (random & ((1 << 20) - 1)) >> (20 - (random >> 20) % (bits + 1))
}

fn prefix_length(address: u32) -> u8 {
    if address >> 24 == 10 {
        24
    } else {
        16 + (address >> 16 & 7) as u8
    }
}

fn system_of(address: u32) -> u32 {
    if address >> 24 == 10 {
        64_512
    } else {
        1_000 + (address >> 18 & 0x3ff)
    }
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
                number: number as u32,
                socket,
                lasting: Vec::new(),
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
                "ipfix" | "traffic" => {
                    ipfix(exporter, kind == "traffic", &mut datagram);
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
                _ => panic!("expected ipfix, traffic or sflow, got {kind}"),
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
