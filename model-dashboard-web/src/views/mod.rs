//! The dashboard's pages as pure functions: a view model in, [`maud::Markup`] out. Nothing here
//! knows HTTP, sessions or backends.
//!
//! # How a page is put together
//!
//! 1. The handler makes one [`Frame`] per request: base path, who is signed in, theme, the token
//!    against cross-site requests, banner, the message of the request before.
//! 2. It fills the view model that stands beside the view, for example [`models::ModelsView`], and
//!    calls the view: `models::page(&frame, &view)`. The answer is a whole document.
//! 3. Every address comes from [`Links`] (`frame.links`), for pages and for redirects alike.
//! 4. A form that is refused is shown again by the same view: each control is a
//!    [`Field`](components::field::Field) that holds what was typed and what is wrong with it.
//!    Forms post `application/x-www-form-urlencoded` with the hidden field `csrf` (the import
//!    posts `multipart/form-data`); the names of the other fields stand at the view models.
//!    An answer with mistakes has status 422, one that succeeded redirects with 303.
//! 5. Every page works without JavaScript. htmx and `app.js` make three things quicker: the
//!    list of models is refreshed in place (htmx asks for the same address and takes the element
//!    `#results` out of the answer, so the handler may send either [`models::page`] or, when the
//!    request has `HX-Request: true` and no `HX-History-Restore-Request`, only
//!    [`models::results`], with `Vary: HX-Request`); confirm pages
//!    open as dialogs (fetched and shown over the page, so a confirm page is all there is to
//!    write); the theme changes at once while the form is posted in the background.
//!
//! # What the pages need from the answer
//!
//! `Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src
//! 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';
//! frame-ancestors 'none'`: there are no inline scripts, handlers or styles. HTML should be
//! compressed: a list of 50 models is 90 KB of text and 8 KB on the wire.
//!
//! Components (pieces of pages) are in [`components`]; text enters unescaped only through
//! [`SafeHtml`].

pub mod activity;
pub mod actor;
pub mod admin;
pub mod broken;
pub mod components;
pub mod confirm;
pub mod conflict;
pub mod definition_form;
pub mod derive;
pub mod errors;
pub mod frame;
pub mod groups;
pub mod history;
pub mod import;
pub mod kept;
pub mod left_out;
pub mod links;
pub mod login;
pub mod model;
pub mod models;
pub mod models_query;
pub mod package;
pub mod profile;
pub mod rename;
pub mod tokens;
mod trusted;
pub mod upload;

pub use frame::{Banner, CsrfToken, Frame, May, Page, Person, Section, Status, Theme};
pub use links::{Links, ModelAction, UploadAction, UserAction};
pub use trusted::SafeHtml;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
