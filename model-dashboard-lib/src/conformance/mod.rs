//! The suites that every backend must pass, for backends of one's own.
//!
//! Each case is a function named for the behaviour that it shows; it panics where the backend
//! does not behave so. A macro beside each suite makes one test of every case.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

pub mod repository;
