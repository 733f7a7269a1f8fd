#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the report goes to the terminal"
)]
//! What the benchmarks share.

pub mod load;
pub mod peers;
pub mod registry;
pub mod sample;
