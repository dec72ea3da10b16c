//! Decoding of NetFlow v5, v9 and IPFIX.
#![allow(clippy::unwrap_used, clippy::panic)]

mod biflows;
mod bounds;
mod cut;
mod elements;
mod messages;
mod options;
mod random;
mod sampling;
mod sections;
mod templates;
mod times;
mod variable;
mod versions;
mod volumes;
