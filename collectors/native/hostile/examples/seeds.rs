//! Makes the first inputs of every target out of capture files: `cargo run -p hostile --example seeds -- ../../tests/captures/*.pcap`.
//!
//! Inputs have the name of the capture; what the fuzzer adds has a hash for a name.
#![allow(clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use captures::{Step, Stream};
use exports::{Decoder, Settings, Source};

/// Bytes of one input, about.
const MOST: usize = 3_000;
/// Inputs of one target from one capture.
const INPUTS: usize = 2;

fn piece(into: &mut Vec<u8>, head: &[u8], bytes: &[u8]) {
    let length = u16::try_from(head.len() + bytes.len()).expect("a datagram");
    into.extend(length.to_be_bytes());
    into.extend(head);
    into.extend(bytes);
}

fn payloads(path: &Path) -> Vec<Vec<u8>> {
    let mut stream = Stream::default();
    stream.begin(Box::new(fs::File::open(path).expect("a capture")));
    let mut found = Vec::new();
    while let Ok(Step::Datagram(datagram)) = stream.step() {
        found.push(datagram.payload.to_vec());
    }
    found
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(name), bytes).expect("a file");
}

fn packets(name: &str, file: &[u8], payload: &[Vec<u8>]) {
    // The frames of the capture itself, and those that sFlow samples: after the bytes 00 00 00 01 (Ethernet) and three lengths.
    write(
        "packet",
        &format!("{name}-own"),
        &[&[0], &file[40..file.len().min(140)]].concat(),
    );
    if name.contains("sflow") {
        for (number, datagram) in payload.iter().step_by(1 + payload.len() / 6).enumerate() {
            let length = [0, 0, 0, 128];
            let Some(at) = datagram.windows(4).position(|four| four == length) else {
                continue;
            };
            let header = &datagram[at + 4..datagram.len().min(at + 132)];
            write(
                "packet",
                &format!("{name}-{number}"),
                &[&[0], header].concat(),
            );
        }
    }
}

fn state(name: &str, payload: &[Vec<u8>]) {
    let mut decoder = Decoder::new(Settings::default(), 0);
    let source = Source {
        address: [1; 16],
        port: 2_055,
        listener: 0,
    };
    for datagram in payload {
        decoder.datagram(source, 1_795_000_000_000_000_000, datagram);
    }
    if let Some(saved) = decoder.save().filter(|saved| saved.len() < 2 * MOST) {
        write("state", name, &saved);
    }
}

fn main() {
    let mut paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    paths.sort();
    for path in paths {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let file = fs::read(&path).expect("a capture");
        let payload = payloads(&path);
        write("capture", &name, &file[..file.len().min(MOST)]);
        packets(&name, &file, &payload);
        state(&name, &payload);
        let mut messages = vec![0];
        let mut datagrams = Vec::new();
        for (number, datagram) in payload.iter().enumerate() {
            if name.contains("sflow") && number < INPUTS {
                write("sflow", &format!("{name}-{number}"), datagram);
            }
            if messages.len() + datagram.len() < MOST {
                piece(&mut messages, &[], datagram);
                let turn = u8::try_from(number % 8).expect("below 8");
                piece(&mut datagrams, &[turn << 4, turn], datagram);
            }
        }
        if !name.contains("sflow") {
            write("netflow", &name, &messages);
        }
        write("decoder", &name, &datagrams);
    }
}
