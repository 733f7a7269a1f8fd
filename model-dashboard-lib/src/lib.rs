//! Model Dashboard: a registry for inference models that a hospital or company hosts itself.

pub mod audit;
pub mod auth;
pub mod catalog;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "sqlite")]
pub mod connect;
pub mod dashboard;
pub mod model;
pub mod repository;
pub mod store;
pub mod tokens;
