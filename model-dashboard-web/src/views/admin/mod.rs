//! The pages of the Admin section.

use maud::Markup;

use super::components::{Tab, tabs};
use super::frame::{Frame, admin_tabs};

pub mod as_of;
pub mod audit;
pub mod deleted;
pub mod directory;
pub mod known;
pub mod storage;
pub mod system;
pub mod users;

/// The pages of the section that the person may open, `current` among them.
fn section_tabs(frame: &Frame, current: &str) -> Markup {
    let pages: Vec<Tab<'_>> = admin_tabs(&frame.links, frame.may())
        .into_iter()
        .map(|(href, text)| Tab {
            current: text == current,
            href,
            text,
        })
        .collect();
    tabs("Administration", &pages)
}
