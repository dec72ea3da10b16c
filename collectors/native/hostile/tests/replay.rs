//! What the fuzzer found interesting, and the captures of the tests cut into its pieces, does no harm.
#![allow(clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use hostile::TARGETS;

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut found: Vec<_> = fs::read_dir(&folder)
        .expect("a folder of the target")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.display().to_string(), fs::read(&path).expect("a file")))
        .collect();
    found.sort();
    found
}

#[test]
fn the_corpus_does_no_harm() {
    for (name, target) in TARGETS {
        let inputs = corpus(name);
        assert!(inputs.len() >= 5, "{name} has {} inputs", inputs.len());
        for (path, bytes) in inputs {
            println!("{path}");
            target(&bytes);
        }
    }
}

#[test]
fn every_input_cut_anywhere_does_no_harm() {
    for (name, target) in TARGETS {
        for (path, bytes) in corpus(name) {
            println!("{path}");
            let step = 1 + bytes.len() / 30;
            for length in (0..bytes.len()).step_by(step) {
                target(&bytes[..length]);
            }
        }
    }
}

#[test]
fn every_input_with_a_changed_byte_does_no_harm() {
    for (name, target) in TARGETS {
        for (path, mut bytes) in corpus(name) {
            println!("{path}");
            let step = 1 + bytes.len() / 30;
            for at in (0..bytes.len()).step_by(step) {
                for value in [0, 1, 0x7f, 0xff] {
                    let before = std::mem::replace(&mut bytes[at], value);
                    target(&bytes);
                    bytes[at] = before;
                }
            }
        }
    }
}
