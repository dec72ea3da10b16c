//! Capture files.

use std::io::Cursor;

use captures::{Step, Stream};

/// One file; of the datagrams in it only the lengths are looked at.
pub fn capture(bytes: &[u8]) {
    let mut stream = Stream::default();
    stream.begin(Box::new(Cursor::new(bytes.to_vec())));
    let mut datagrams = 0_usize;
    loop {
        match stream.step() {
            Ok(Step::Datagram(datagram)) => {
                datagrams += 1;
                assert!(datagram.payload.len() <= 65_535);
                // A packet has a header of 8 bytes at least in the file, and one datagram in it.
                assert!(datagrams <= bytes.len() / 8);
            }
            Ok(Step::Pause) => {}
            Ok(Step::EndOfFile) | Err(_) => break,
        }
    }
    stream.finish();
    assert!(stream.counts().bytes <= bytes.len() as u64);
}
