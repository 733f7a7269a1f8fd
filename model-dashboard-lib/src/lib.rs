//! Model Dashboard: a registry for inference models that a hospital or company hosts itself.
//!
//! It says which models exist, which of them jobs may run, what is in them, who changed them and
//! why. This crate is all of it but the front ends: two thin programs, a web server and a command
//! line, turn requests into calls of [`dashboard::Dashboard`] and its answers into replies. It
//! serves no HTTP and knows no terminal and no process environment, so it can be part of any
//! program.
//!
//! # Where to begin
//! - [`connect::connect`] makes a registry from a [`config::Config`]: SQLite and a folder when
//!   nothing is set. This is what the front ends do.
//! - [`Dashboard::builder`](dashboard::Dashboard::builder) makes one from parts, ours or yours.
//! - The traits to plug parts into: [`auth::Authenticator`] (who somebody is),
//!   [`repository::ModelRepository`] (where models lie), and the stores [`auth::UserStore`],
//!   [`tokens::TokenStore`], [`auth::SessionStore`] and [`audit::AuditLog`]. Each has a backend in
//!   memory and one on disk, and a suite in `conformance` that every backend must pass.
//! - [`package`] tells what a model package is without running it. Frameworks of one's own join by
//!   [`package::inspect::PackageInspector`].
//!
//! Everything that is done with a registry is a method of [`dashboard::Dashboard`] that takes a
//! [`dashboard::Caller`], and only a token, a session or access to the host makes one.
//!
//! ```
//! use std::sync::Arc;
//!
//! use model_dashboard::dashboard::Dashboard;
//! use model_dashboard::model::{JsonObject, ModelDefinition, ModelKey};
//! use model_dashboard::repository::{MemoryRepository, Precondition};
//! use model_dashboard::store::MemoryStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dashboard = Dashboard::builder()
//!     .repository(Arc::new(MemoryRepository::new()))
//!     .accounts(Arc::new(MemoryStore::new()))
//!     .build()
//!     .await?;
//! let me = dashboard.host_caller("ana@workstation");
//!
//! let key = ModelKey::parse("nnUNet/Task055_SegTHOR")?;
//! let model = dashboard
//!     .create(&me, key, ModelDefinition::default(), "first try")
//!     .await?;
//!
//! // A change names the state that it changes: of two at once, one wins.
//! let mut patch = JsonObject::new();
//! patch.set_text("alias", "Thoracic organs at risk");
//! let seen = Precondition::Version(model.version);
//! let model = dashboard.patch(&me, &model.key, &patch, seen, "").await?;
//!
//! assert_eq!(model.definition.alias(), "Thoracic organs at risk");
//! assert_eq!(model.revision(), Some(2));
//! dashboard.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//! - `sqlite` (default): accounts, tokens, sessions and the audit log in one SQLite file.
//! - `ldap`: people sign in with LDAP or Active Directory.
//! - `s3`: models in a bucket of MinIO or another S3 server.
//! - `client`: the use cases of a registry that runs elsewhere, over its REST API.
//! - `conformance`: the suites for backends of one's own.

pub mod audit;
pub mod auth;
pub mod catalog;
#[cfg(feature = "client")]
pub mod client;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "sqlite")]
pub mod connect;
pub mod dashboard;
pub mod downloads;
mod lasting;
pub mod model;
pub mod package;
pub mod repository;
pub mod store;
#[cfg(any(feature = "client", feature = "ldap", feature = "s3"))]
mod tls;
pub mod tokens;

/// For the fuzzer alone: no promises.
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing {
    #[cfg(feature = "ldap")]
    pub use crate::auth::fuzzing::*;
    pub use crate::package::formats::fuzzing::*;
    pub use crate::package::fuzzing::*;
}
