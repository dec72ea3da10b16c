//! Captures made by hand, byte by byte.

#![allow(dead_code)]

use captures::{Datagram, Failure, Step, Stream};

/// Which byte comes first, as a function from number to bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    pub fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }

    pub fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }
}

pub fn udp(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap_or(0);
    let mut datagram = vec![0x0f, 0xa0, 0x08, 0x07];
    datagram.extend(length.to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// An IPv4 packet, or a fragment of one: `place` is flags and offset.
pub fn ipv4(identification: u16, place: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 20).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend(identification.to_be_bytes());
    packet.extend(place.to_be_bytes());
    packet.extend([64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]);
    packet.extend(payload);
    packet
}

pub fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    packet.extend([next, 64]);
    packet.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    packet.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    packet.extend(payload);
    packet
}

pub fn ethernet(packet: &[u8]) -> Vec<u8> {
    let ether_type = if packet[0] >> 4 == 4 {
        [8, 0]
    } else {
        [0x86, 0xdd]
    };
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    frame.extend(ether_type);
    frame.extend(packet);
    frame
}

/// The header of a pcap file.
pub fn pcap(order: Order, magic: u32, link: u32) -> Vec<u8> {
    let mut file = order.u32(magic).to_vec();
    file.extend(order.u16(2));
    file.extend(order.u16(4));
    file.extend([0; 8]);
    file.extend(order.u32(262_144));
    file.extend(order.u32(link));
    file
}

pub fn record(order: Order, seconds: u32, fraction: u32, frame: &[u8]) -> Vec<u8> {
    cut_record(order, seconds, fraction, frame, frame.len())
}

pub fn cut_record(
    order: Order,
    seconds: u32,
    fraction: u32,
    frame: &[u8],
    length: usize,
) -> Vec<u8> {
    let mut record = order.u32(seconds).to_vec();
    record.extend(order.u32(fraction));
    record.extend(order.u32(u32::try_from(frame.len()).unwrap()));
    record.extend(order.u32(u32::try_from(length).unwrap()));
    record.extend(frame);
    record
}

/// A block of a pcapng file, padded.
pub fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len().next_multiple_of(4) + 12).unwrap();
    let mut block = order.u32(kind).to_vec();
    block.extend(order.u32(length));
    block.extend(body);
    block.resize(length as usize - 4, 0);
    block.extend(order.u32(length));
    block
}

pub fn section(order: Order) -> Vec<u8> {
    let mut body = order.u32(0x1a2b_3c4d).to_vec();
    body.extend(order.u16(1));
    body.extend(order.u16(0));
    body.extend([0xff; 8]);
    block(order, 0x0a0d_0d0a, &body)
}

pub fn interface(order: Order, link: u16, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = order.u16(link).to_vec();
    body.extend([0; 6]);
    for (code, value) in options {
        body.extend(order.u16(*code));
        body.extend(order.u16(u16::try_from(value.len()).unwrap()));
        body.extend(*value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    block(order, 1, &body)
}

pub fn enhanced(order: Order, interface: u32, ticks: u64, frame: &[u8]) -> Vec<u8> {
    let mut body = order.u32(interface).to_vec();
    body.extend(order.u32(u32::try_from(ticks >> 32).unwrap()));
    body.extend(order.u32(u32::try_from(ticks & 0xffff_ffff).unwrap()));
    body.extend(order.u32(u32::try_from(frame.len()).unwrap()));
    body.extend(order.u32(u32::try_from(frame.len()).unwrap()));
    body.extend(frame);
    block(order, 6, &body)
}

/// What one file gave: packet number, time, payload, whether it is cut.
pub type Seen = (u64, i64, Vec<u8>, bool);

/// All datagrams of a file, and how it ended.
pub fn read(file: &[u8]) -> (Vec<Seen>, Result<(), Failure>) {
    read_on(&mut Stream::default(), file)
}

pub fn read_on(stream: &mut Stream, file: &[u8]) -> (Vec<Seen>, Result<(), Failure>) {
    stream.begin(Box::new(std::io::Cursor::new(file.to_vec())));
    let mut seen = Vec::new();
    loop {
        match stream.step() {
            Ok(Step::Datagram(datagram)) => seen.push(taken(&datagram)),
            Ok(Step::Pause) => {}
            Ok(Step::EndOfFile) => return (seen, Ok(())),
            Err(failure) => return (seen, Err(failure)),
        }
    }
}

fn taken(datagram: &Datagram<'_>) -> Seen {
    (
        datagram.packet,
        datagram.time_ns,
        datagram.payload.to_vec(),
        datagram.is_cut,
    )
}
