//! The web server of Model Dashboard: dashboard and REST API over the library's use cases.
//!
//! [`service`] gives the whole dashboard as a hyper service that another program can mount;
//! [`api_service`] the API alone; [`server`] what stands around both on a socket;
//! [`page_addresses`] the addresses of all pages.

pub mod api;
pub mod assets;
mod encoding;
mod kind;
mod pages;
mod route;
pub mod server;
mod service;
mod settings;
mod transfer;
pub mod views;

pub use pages::page_addresses;
pub use service::{api_service, metrics_service, service};
pub use settings::WebSettings;

/// For the fuzzer alone: no promises.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::transfer::fuzzing::*;
}
