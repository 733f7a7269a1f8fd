//! The real program on real data folders.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

mod accounts;
mod at_a_server;
mod audit_log;
mod beside_a_server;
mod bucket;
mod doctoring;
mod drafts;
mod first_steps;
mod from_the_bucket;
mod histories;
mod imports;
mod inspections;
mod installation;
mod logins;
mod models;
mod models_at_a_server;
mod package_history;
mod packages;
mod packing;
mod program;
#[path = "../../../model-dashboard-lib/tests/s3/server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod s3_server;
mod secrets;
mod server;
mod storage;
mod templates;
mod tokens;
mod trust;
mod upgrades;
