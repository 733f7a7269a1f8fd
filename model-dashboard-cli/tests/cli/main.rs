//! The real program on real data folders.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

mod accounts;
mod audit_log;
mod beside_a_server;
mod doctoring;
mod first_steps;
mod imports;
mod installation;
mod models;
mod program;
mod secrets;
mod tokens;
mod upgrades;
