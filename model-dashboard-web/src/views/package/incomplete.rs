//! That jobs may not be able to run an enabled model with a package.

use maud::{Markup, html};

use crate::views::components::field::checkbox;
use crate::views::components::{Tone, notice, sentence};

/// Why jobs may not be able to run it; nothing where nothing speaks against it. Whoever may publish it
/// confirms that it is meant, in the field `incomplete`, ticked or not.
#[must_use]
pub fn incomplete(lacking: &[String], is_meant: Option<bool>) -> Markup {
    if lacking.is_empty() {
        return html! {};
    }
    notice(
        Tone::Danger,
        &html! {
            p {
                strong { "Jobs may not be able to run it. " }
                @if let [why] = lacking { (sentence(why)) }
            }
            @if lacking.len() > 1 {
                ul { @for why in lacking { li { (sentence(why)) } } }
            }
            @if let Some(is_meant) = is_meant {
                (checkbox("incomplete", "yes", is_meant, false, &html! { "I know that it may not run: publish it all the same" }))
            }
        },
    )
}
