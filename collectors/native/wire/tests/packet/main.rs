//! Decoding of packet headers.

mod cut;
mod frames;
mod hostile;
mod pseudowire;
mod rows;
mod samples;
mod stops;
