//! sFlow datagrams, put together by hand from the specification.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod captures;
#[macro_use]
mod columns;
mod datagrams;
mod discards;
mod flows;
mod hostile;
mod random;
mod readings;
mod rows;
mod tunnels;
