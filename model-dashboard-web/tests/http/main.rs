//! Pages and API over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    missing_debug_implementations,
    unreachable_pub
)]

mod admin;
mod api;
mod app;
mod bulk;
mod client;
mod clinic;
mod confirmations;
mod conflicts;
mod described;
mod directories;
mod drafts;
mod editing;
mod enabling;
mod form_matrix;
mod history;
mod kept;
mod known_mistakes;
mod leaving;
mod lost_races;
mod matrix;
mod package_files;
mod package_history;
mod packages;
mod packed;
mod page_matrix;
mod pages;
mod past;
mod purged;
mod readme;
mod redirects;
mod renamed;
mod revisions;
#[path = "../../../model-dashboard-lib/tests/s3/server.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod s3_server;
mod sessions;
mod starting;
mod trust;
mod tus_clients;
mod upload_pages;
mod uploads;
