//! Decoding of packet headers.

mod frames;
mod known;
