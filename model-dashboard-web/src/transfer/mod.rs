//! Packages in and out, on both ports: by bearer token below `/api/v1`, by session and form token
//! below `/uploads` of the dashboard. Who is let in is decided before; here are the protocols.

mod body;
mod digest;
mod download;
mod file;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod headers;
mod naming;
mod put;
mod range;
mod redirect;
mod refusal;
mod tus;

use http::{HeaderMap, Method};
use model_dashboard::dashboard::{Caller, Dashboard};

pub(crate) use self::body::Incoming;
pub(crate) use self::digest::SaidDigests;
pub(crate) use self::download::download;
pub(crate) use self::file::{file, picture};
pub(crate) use self::put::begin;
pub(crate) use self::redirect::download_or_redirect;
pub(crate) use self::refusal::{answered, not_from_this_page, not_let_in};
pub(crate) use self::tus::{
    __path_append, __path_create, __path_list, __path_show, __path_terminate, answer, receive,
    versioned,
};

/// A request of somebody known.
#[derive(Debug)]
pub(crate) struct Transfer {
    /// The registry.
    pub(crate) dashboard: Dashboard,
    /// Who.
    pub(crate) caller: Caller,
    /// What for.
    pub(crate) method: Method,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The query, undecoded.
    pub(crate) query: String,
    /// The address of all uploads, without a base path that is put before it later.
    pub(crate) address: String,
}
