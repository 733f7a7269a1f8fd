//! What holds for every page, and the rules that views compute themselves.

#![allow(clippy::unwrap_used, clippy::panic)]

mod addresses;
mod components;
mod document;
mod every_page;
