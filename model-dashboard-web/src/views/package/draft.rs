//! A package that is proposed to a model, for whoever decides on it.

use std::time::SystemTime;

use maud::{Markup, html};

use super::drafts::told;
use super::{FoundView, MayBreakView, Since, facts, found, since_last, summary};
use crate::views::actor::Actor;
use crate::views::components::action_bar::{Reason, action_bar};
use crate::views::components::field::{Field, error_summary};
use crate::views::components::icon::Icon;
use crate::views::components::{
    Tone, breadcrumbs, copy_chip, notice, page_header, plural, sentence, size, state, time,
};
use crate::views::frame::{Frame, May, Page, Section};
use crate::views::history::changes::{Changes, in_full};

/// Who proposes a package, and why.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The package; the draft is called so, too.
    pub package: String,
    /// Who.
    pub by: Actor,
    /// When.
    pub at: SystemTime,
    /// Why; may be empty.
    pub message: String,
    /// What the file of the package is called.
    pub file_name: String,
    /// The SHA-256 of its bytes in hexadecimal digits; empty where it is not known.
    pub digest: String,
    /// Whether what is kept of it cannot be read.
    pub unreadable: bool,
}

/// A draft. `if_match`, `breaking`, `incomplete` and `reason` are posted to its own address.
#[derive(Debug, Clone)]
pub struct DraftView {
    /// The network type.
    pub network_type: String,
    /// The name.
    pub name: String,
    /// The name people read.
    pub alias: String,
    /// Whether jobs may use the model.
    pub enabled: bool,
    /// Its present revision.
    pub revision: Option<u64>,
    /// Who proposes it, and why.
    pub proposal: Proposal,
    /// What would come of it.
    pub outcome: Outcome,
}

/// What would come of a draft.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// This.
    Proposed(Box<ProposedView>),
    /// Nothing: the bytes of the package were removed; when, and as far as it is told by whom and why.
    Removed(String),
    /// Nothing, for this reason.
    Impossible(String),
}

/// What can be decided on.
#[derive(Debug, Clone, Default)]
pub struct ProposedView {
    /// The state of the model that it is shown against.
    pub if_match: String,
    /// What it would change of the definition.
    pub changes: Changes,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What differs from the package that the model has; `None` if it has none.
    pub since_last: Option<Since>,
    /// What the file is called.
    pub file_name: String,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256, in hexadecimal digits.
    pub digest: String,
    /// Who uploaded it.
    pub uploaded_by: String,
    /// What was found in it.
    pub found: FoundView,
    /// What publishing it may break.
    pub may_break: MayBreakView,
    /// Why; that of the draft counts where none is typed.
    pub reason: Field,
    /// Why it was not published.
    pub error: Option<String>,
}

/// Something that was checked.
#[derive(Debug, Clone)]
pub struct Check {
    /// How it went.
    pub verdict: Verdict,
    /// What was seen.
    pub text: String,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should.
    Passed,
    /// It may be meant so.
    Doubtful,
    /// Jobs would fail, or take one thing for another.
    Failed,
}

impl Verdict {
    fn pill(self) -> Markup {
        match self {
            Self::Passed => state::pill(Tone::Ok, "Passed"),
            Self::Doubtful => state::pill(Tone::Warning, "Doubtful"),
            Self::Failed => state::pill_with(Tone::Danger, Icon::Close, "Failed"),
        }
    }
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &DraftView) -> Markup {
    let links = &frame.links;
    let title = format!("Draft for {}", view.alias);
    frame.page(
        &Page::new(&title, Section::Models),
        &html! {
            (breadcrumbs(&[
                (links.models(), "Models".to_owned()),
                (links.model(&view.network_type, &view.name), view.alias.clone()),
            ]))
            (page_header(&title, &beside(frame, view), &discard(frame, view)))
            @match &view.outcome {
                _ if view.proposal.unreadable => (unreadable()),
                Outcome::Removed(told) => (removed(told)),
                Outcome::Impossible(why) => (impossible(why)),
                Outcome::Proposed(proposed) if may_publish(frame.may(), view.enabled) => {
                    form.definition method="post" action=(links.draft(&view.network_type, &view.name, &view.proposal.package)) {
                        (frame.csrf_field())
                        input type="hidden" name="if_match" value=(proposed.if_match);
                        (error_summary(proposed.error.as_deref(), &[]))
                        (content(view, proposed, true))
                        (decision(frame, view, proposed))
                    }
                },
                Outcome::Proposed(proposed) => {
                    (content(view, proposed, false))
                    (who_may(frame.may(), view.enabled))
                },
            }
        },
    )
}

/// Whether somebody who may do this publishes a draft of a model.
fn may_publish(may: May, enabled: bool) -> bool {
    may.write_models && may.write_packages && (!enabled || may.enable_models)
}

fn beside(frame: &Frame, view: &DraftView) -> Markup {
    let proposal = &view.proposal;
    html! {
        div.beside {
            (state::pill(Tone::Info, "Waits for a decision"))
            @if let Some(revision) = view.revision {
                span.meta { "revision " (revision) " now, " (revision + 1) " then" }
            }
        }
        p.byline {
            span { "proposed by " strong { (proposal.by.name) } (proposal.by.of()) }
            span { (time::relative(frame.now, proposal.at)) }
        }
        @if !proposal.message.is_empty() { p.message { "“" (proposal.message) "”" } }
    }
}

fn discard(frame: &Frame, view: &DraftView) -> Markup {
    let may = frame.may();
    let (network_type, name) = (&view.network_type, &view.name);
    let page = frame
        .links
        .discard_draft(network_type, name, &view.proposal.package);
    html! {
        @if may.write_models && may.write_packages {
            a.button.danger-quiet href=(page) data-question-link { (Icon::Trash) "Discard" }
        }
    }
}

fn unreadable() -> Markup {
    notice(
        Tone::Danger,
        &html! {
            p { strong { "It cannot be read. " } "What is kept of the draft is broken: it can be discarded and nothing else. The model is as it was." }
        },
    )
}

fn removed(told: &str) -> Markup {
    notice(
        Tone::Warning,
        &html! {
            p { strong { "The bytes of this package were removed " } "(" (told) "). No model can get it any more; what is left to do is to discard the draft." }
        },
    )
}

fn impossible(why: &str) -> Markup {
    notice(
        Tone::Danger,
        &html! {
            p { strong { "It cannot be published as it is. " } (sentence(why)) " The model is as it was." }
        },
    )
}

fn content(view: &DraftView, proposed: &ProposedView, decides: bool) -> Markup {
    html! {
        (checks(&proposed.checks))
        (definition(view, proposed, decides))
        section.stack {
            h2.part { "The package" }
            (since_last(proposed.since_last.as_ref()))
            (summary(&proposed.found))
        }
        div.columns {
            div.main-column { (found(&proposed.found)) }
            aside.side-column aria-label="Facts" {
                (facts(&proposed.found, vec![
                    ("File", html! { (proposed.file_name) }),
                    ("Size", html! { (size(proposed.size)) }),
                    ("SHA-256", copy_chip(&proposed.digest, "the digest")),
                    ("Uploaded by", html! { (proposed.uploaded_by) }),
                ]))
            }
        }
    }
}

/// What was checked: a verdict on all of it, then each with a word of its own.
fn checks(checks: &[Check]) -> Markup {
    let count = |verdict| checks.iter().filter(|it| it.verdict == verdict).count();
    let verdict = match (count(Verdict::Failed), count(Verdict::Doubtful)) {
        (0, 0) => "All that was checked is as it should be.".to_owned(),
        (0, doubtful) => format!(
            "Nothing failed; {} to be looked at.",
            plural(doubtful, "thing is", "things are")
        ),
        (failed, _) => format!(
            "{}: jobs would fail, or take one thing for another.",
            plural(failed, "check failed", "checks failed")
        ),
    };
    html! {
        section.panel {
            h2 { "Checks" }
            p { (verdict) }
            ul.checks {
                @for check in worst_first(checks) {
                    li { (check.verdict.pill()) span { (sentence(&check.text)) } }
                }
            }
        }
    }
}

fn worst_first(checks: &[Check]) -> Vec<&Check> {
    let mut checks: Vec<&Check> = checks.iter().collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.verdict));
    checks
}

fn definition(view: &DraftView, proposed: &ProposedView, decides: bool) -> Markup {
    let changes = &proposed.changes;
    let breaking = changes.breaking();
    let (now, then) = match view.revision {
        Some(revision) => (format!("Revision {revision}"), "Draft".to_owned()),
        None => ("Now".to_owned(), "Draft".to_owned()),
    };
    html! {
        section.stack {
            h2.part { "What changes of the model" }
            @if view.enabled { p { "It is enabled: jobs that start after this is published get it." } }
            @if changes.is_empty() {
                (notice(Tone::Info, &html! {
                    p { "Nothing but its package: the definition stays as it is." }
                }))
            }
            @if decides { (proposed.may_break.question(Some("publish"), None)) }
            @else if breaking > 0 {
                (notice(Tone::Danger, &html! {
                    p {
                        strong { "Breaking: " }
                        (plural(breaking, "label number means", "label numbers mean")) " something else. "
                        "Whoever reads segmentations by what the model says now takes one structure for another."
                    }
                }))
            }
            @if !changes.is_empty() { (in_full(changes, &now, &then)) }
        }
    }
}

fn decision(frame: &Frame, view: &DraftView, proposed: &ProposedView) -> Markup {
    let own = !view.proposal.message.is_empty();
    action_bar(
        Some(Reason {
            field: &proposed.reason,
            required: view.enabled && !own,
            example: if own {
                "As it was proposed, unless you say more"
            } else {
                "Why may it be published?"
            },
        }),
        &html! {
            a.button href=(frame.links.model(&view.network_type, &view.name)) { "Back" }
            button.button.primary type="submit" { (Icon::Check) "Publish the revision" }
        },
    )
}

/// What somebody lacks who may look, and not decide.
fn who_may(may: May, enabled: bool) -> Markup {
    let lacks = match (
        may.write_packages && may.write_models,
        enabled && !may.enable_models,
    ) {
        (true, true) => "The model is enabled: who may enable models decides.",
        _ => "Who may change models and their packages decides.",
    };
    notice(Tone::Muted, &html! { p { (lacks) } })
}

/// On the page of a model: what waits for a decision.
#[must_use]
pub fn waiting(frame: &Frame, network_type: &str, name: &str, drafts: &[Proposal]) -> Markup {
    html! {
        @if !drafts.is_empty() {
            (notice(Tone::Info, &html! {
                @for draft in drafts {
                    p { strong { "A draft waits. " } a href=(frame.links.draft(network_type, name, &draft.package)) { "Look at it" } }
                    (told(frame, draft))
                }
            }))
        }
    }
}
