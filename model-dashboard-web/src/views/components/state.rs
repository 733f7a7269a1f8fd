//! Whether a model, an account or a token may be used: a word, an icon and a colour.

use maud::{Markup, html};

use super::Tone;
use super::icon::Icon;

/// A state in one word.
#[must_use]
pub fn pill(tone: Tone, text: &str) -> Markup {
    pill_with(tone, tone.icon(), text)
}

/// A state in one word, with an icon that says more than the tone's own.
#[must_use]
pub fn pill_with(tone: Tone, icon: Icon, text: &str) -> Markup {
    html! { span class={ "pill " (tone.class()) } { (icon) (text) } }
}

/// Enabled is green, disabled is grey: being off is no fault.
#[must_use]
pub fn enabled(enabled: bool) -> Markup {
    if enabled {
        pill(Tone::Ok, "Enabled")
    } else {
        pill(Tone::Muted, "Disabled")
    }
}
