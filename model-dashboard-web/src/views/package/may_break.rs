//! What a change may break for those who use a model, and that it is meant.

use maud::{Markup, html};

use crate::views::components::field::checkbox;
use crate::views::components::{Tone, notice, sentence};
use crate::views::history::changes::{Changes, in_full};

/// What a change may break. What is ticked is posted as `breaking` and `incomplete`.
#[derive(Debug, Clone, Default)]
pub struct MayBreakView {
    /// What stands for something else then.
    pub breaking: Changes,
    /// Whether that is meant.
    pub means_it: bool,
    /// Why jobs that use the model may not run it correctly then.
    pub lacking: Vec<String>,
    /// Whether that is meant.
    pub lacks_it: bool,
}

impl MayBreakView {
    /// All of it, to be ticked by whoever is to `do` it all the same, as "publish"; what stands for something
    /// else is listed by what it is on both sides, unless the page does so anyway.
    #[must_use]
    pub fn question(&self, act: Option<&str>, sides: Option<(&str, &str)>) -> Markup {
        html! {
            (incomplete(&self.lacking, act.map(|act| (act, self.lacks_it))))
            @if !self.breaking.is_empty() {
                (notice(Tone::Danger, &html! {
                    p {
                        strong { "Labels or images stand for something else. " }
                        "Whoever uses the model by what it said until now takes one thing for another."
                    }
                    @if let Some(act) = act {
                        (checkbox("breaking", "yes", self.means_it, false, &html! { "I know: " (act) " it all the same" }))
                    }
                }))
                @if let Some((before, after)) = sides { (in_full(&self.breaking, before, after)) }
            }
        }
    }
}

/// Why jobs may not run it correctly; nothing where nothing speaks against it.
#[must_use]
pub fn lacking(why: &[String]) -> Markup {
    incomplete(why, None)
}

fn incomplete(lacking: &[String], act: Option<(&str, bool)>) -> Markup {
    if lacking.is_empty() {
        return html! {};
    }
    notice(
        Tone::Danger,
        &html! {
            p {
                strong { "Jobs may not run it correctly. " }
                @if let [why] = lacking { (sentence(why)) }
            }
            @if lacking.len() > 1 {
                ul { @for why in lacking { li { (sentence(why)) } } }
            }
            @if let Some((act, is_meant)) = act {
                (checkbox("incomplete", "yes", is_meant, false, &html! { "I know that it may not run correctly: " (act) " it all the same" }))
            }
        },
    )
}
