//! The web server of Model Dashboard: dashboard and REST API.

pub mod assets;
pub mod server;
pub mod views;
