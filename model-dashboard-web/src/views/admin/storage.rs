//! Checking the store of the models, and deleting what nobody needs any more.

use std::time::SystemTime;

use maud::{Markup, html};

use crate::views::components::icon::Icon;
use crate::views::components::table::{Column, table};
use crate::views::components::{
    Tone, key_value, notice, number, page_header, plural, section, size, state, time,
};
use crate::views::frame::{Frame, Page, Section};

/// What runs, and what was found last.
#[derive(Debug, Clone, Default)]
pub struct StorageView {
    /// The task that runs now.
    pub running: Option<RunningView>,
    /// The last check.
    pub check: Option<Outcome<CheckView>>,
    /// The last list of what nobody needs, or what was deleted.
    pub garbage: Option<Outcome<GarbageView>>,
}

/// A task that runs.
#[derive(Debug, Clone)]
pub struct RunningView {
    /// A sentence.
    pub what: String,
    /// Who began it.
    pub by: String,
    /// When.
    pub since: SystemTime,
    /// How many models it has seen.
    pub done: u64,
    /// How many there are; 0 before it is known.
    pub total: u64,
}

/// What became of a task.
#[derive(Debug, Clone)]
pub struct Outcome<T> {
    /// Who began it.
    pub by: String,
    /// When it ended.
    pub at: SystemTime,
    /// What it found.
    pub found: Found<T>,
}

/// What a task found.
#[derive(Debug, Clone)]
pub enum Found<T> {
    /// What was done, and what was found.
    Whole(&'static str, T),
    /// That it ended early, and why.
    Failed(&'static str, String),
}

/// A check.
#[derive(Debug, Clone, Default)]
pub struct CheckView {
    /// Whether nothing is left to be seen to.
    pub well: bool,
    /// How many definitions.
    pub models: usize,
    /// How many marks of models that were deleted or moved away.
    pub tombstones: usize,
    /// How many histories.
    pub histories: usize,
    /// How many revisions.
    pub revisions: usize,
    /// How much was read.
    pub bytes: u64,
    /// How many notes renames have left.
    pub idle_notes: usize,
    /// What was found, by kind.
    pub kinds: Vec<KindView>,
    /// Whether some of it can be mended.
    pub mendable: bool,
}

/// Findings of a kind.
#[derive(Debug, Clone, Default)]
pub struct KindView {
    /// What they are.
    pub heading: &'static str,
    /// What to do about them.
    pub to_do: &'static str,
    /// Whether nothing follows from them.
    pub harmless: bool,
    /// How many there are.
    pub count: usize,
    /// The first of them.
    pub rows: Vec<FindingRow>,
    /// How many others.
    pub more: usize,
}

/// A finding.
#[derive(Debug, Clone, Default)]
pub struct FindingRow {
    /// The model, or the name of an object.
    pub at: String,
    /// The page on which it can be seen to.
    pub href: Option<String>,
    /// What exactly; may be empty.
    pub detail: String,
    /// Whether it was mended, if that was tried.
    pub mending: Option<(Tone, &'static str)>,
}

/// What nobody needs any more.
#[derive(Debug, Clone, Default)]
pub struct GarbageView {
    /// Whether it was deleted, and not only listed.
    pub deleted: bool,
    /// How much was deleted, or would be.
    pub removed: usize,
    /// How much is not old enough.
    pub too_young: usize,
    /// Whether this store cannot remove the marks of deleted models.
    pub store_keeps_marks: bool,
    /// The first of it.
    pub rows: Vec<WasteRow>,
    /// How much else.
    pub more: usize,
}

/// Something that nobody needs any more.
#[derive(Debug, Clone, Default)]
pub struct WasteRow {
    /// What it is.
    pub what: &'static str,
    /// The model, or the name of an object.
    pub at: String,
    /// Since when.
    pub since: Option<SystemTime>,
    /// Why it stays.
    pub kept: Option<&'static str>,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame, view: &StorageView) -> Markup {
    let idle = view.running.is_none();
    frame.page(
        &Page::new("Storage", Section::Admin),
        &html! {
            (page_header("Administration", &html! {}, &html! {}))
            (super::section_tabs(frame, "Storage"))
            @if let Some(running) = &view.running { (progress(frame, running)) }
            (section("Check the store", &check(frame, view.check.as_ref(), idle)))
            (section("What nobody needs any more", &garbage(frame, view.garbage.as_ref(), idle)))
        },
    )
}

fn progress(frame: &Frame, running: &RunningView) -> Markup {
    let content = html! {
        p { strong { (running.what) } }
        p.meta {
            span { "Begun " (time::relative(frame.now, running.since)) " by " (running.by) }
            @if running.total > 0 {
                span { (number(running.done as usize)) " of " (number(running.total as usize)) " done" }
            }
        }
        progress aria-label="Progress" max=[(running.total > 0).then_some(running.total)]
            value=[(running.total > 0).then_some(running.done)] {}
        p { "It may take minutes. This page refreshes itself; you may leave it." }
        (begin(frame, "/admin/storage/stop", "Stop"))
    };
    notice(Tone::Info, &content)
}

/// A button that begins a task, or ends it.
fn begin(frame: &Frame, path: &str, text: &str) -> Markup {
    html! {
        form method="post" action=(frame.links.to(path)) {
            (frame.csrf_field())
            button.button type="submit" { (text) }
        }
    }
}

fn check(frame: &Frame, outcome: Option<&Outcome<CheckView>>, idle: bool) -> Markup {
    let found = outcome.and_then(Outcome::whole);
    html! {
        p {
            "Reads every definition and every revision, and says what is not as it should be. \
             That may take minutes; the store can be used meanwhile, and nothing is changed."
        }
        @if idle {
            div.buttons {
                (begin(frame, "/admin/storage/check", "Check the store"))
                @if found.is_some_and(|found| found.mendable) {
                    a.button href=(frame.links.to("/admin/storage/repair")) data-question-link { "Mend what can be mended" }
                }
            }
        }
        @if let Some(outcome) = outcome { (outcome.told(frame)) }
        @if let Some(found) = found { (checked(found)) }
    }
}

fn checked(found: &CheckView) -> Markup {
    let count = |count: usize| html! { (number(count)) };
    let mut facts = vec![
        ("Models", count(found.models)),
        ("Deleted or moved", count(found.tombstones)),
        ("Histories", count(found.histories)),
        ("Revisions", count(found.revisions)),
        ("Read", html! { (size(found.bytes)) }),
    ];
    if found.idle_notes > 0 {
        let notes = html! { (number(found.idle_notes)) ", harmless: renames leave them" };
        facts.push(("Idle notes", notes));
    }
    let rows = found.kinds.iter().map(|kind| {
        vec![
            html! { (kind.heading) },
            count(kind.count),
            html! { (kind.to_do) },
        ]
    });
    html! {
        @if found.well {
            (notice(Tone::Ok, &html! { p { "Everything is as it should be." } }))
        } @else {
            (notice(Tone::Warning, &html! { p { "Some of it should be seen to." } }))
        }
        (key_value::list(&facts))
        @if !found.kinds.is_empty() {
            (table(
                "What was found",
                &[
                    Column::new("What was found").class("title"),
                    Column::new("How many").class("number"),
                    Column::new("What to do").class("grow"),
                ],
                &rows.collect::<Vec<_>>(),
            ))
        }
        @for kind in &found.kinds {
            details.more open[!kind.harmless] {
                summary { (Icon::ChevronRight) (kind.heading) }
                ul.rows {
                    @for row in &kind.rows { (finding(row)) }
                    @if kind.more > 0 {
                        li { div {
                            "and " (plural(kind.more, "other", "others")) "; at the command line "
                            code { "storage check" } " names more"
                        } }
                    }
                }
            }
        }
    }
}

fn finding(row: &FindingRow) -> Markup {
    html! {
        li {
            div {
                @match &row.href {
                    Some(href) => a href=(href) { code { (row.at) } },
                    None => code { (printable(&row.at)) },
                }
                @if !row.detail.is_empty() { p.meta { (row.detail) } }
            }
            @if let Some((tone, text)) = row.mending { (state::pill(tone, text)) }
        }
    }
}

fn garbage(frame: &Frame, outcome: Option<&Outcome<GarbageView>>, idle: bool) -> Markup {
    let found = outcome.and_then(Outcome::whole);
    let deletable = found.is_some_and(|found| !found.deleted && found.removed > 0);
    html! {
        p {
            "Marks of models that were deleted more than seven days ago, where the store can remove \
             them, packages that nothing has named for as long, and what crashes left behind of \
             uploads and of trying the store. Histories stay for ever."
        }
        @if idle {
            div.buttons {
                (begin(frame, "/admin/storage/list-garbage", "List it"))
                @if deletable {
                    a.button.danger-quiet href=(frame.links.to("/admin/storage/delete-garbage")) data-question-link {
                        (Icon::Trash) "Delete it"
                    }
                }
            }
        }
        @if let Some(outcome) = outcome { (outcome.told(frame)) }
        @if let Some(found) = found { (collected(found)) }
    }
}

fn collected(found: &GarbageView) -> Markup {
    let rows = found.rows.iter().map(|row| {
        vec![
            html! { code { (printable(&row.at)) } },
            html! { (row.what) },
            html! { @if let Some(since) = row.since { (time::exact(since)) } },
            html! {
                @match row.kept {
                    Some(why) => { "Stays: " (why) },
                    None if found.deleted => "Deleted",
                    None => "Can be deleted",
                }
            },
        ]
    });
    html! {
        p {
            @match (found.removed, found.deleted) {
                (0, true) => "Nothing was deleted.",
                (0, false) => "There is nothing to delete.",
                (count, true) => { (plural(count, "object was", "objects were")) " deleted." },
                (count, false) => { (plural(count, "object", "objects")) " can be deleted." },
            }
            @if found.too_young > 0 {
                " " (plural(found.too_young, "is", "are")) " not old enough yet."
            }
        }
        @if found.store_keeps_marks {
            (notice(Tone::Info, &html! {
                p {
                    "This store, as buckets do, cannot remove an object on condition that nobody has \
                     replaced it. So the marks of deleted models stay. They are small and do no harm."
                }
            }))
        }
        @if !found.rows.is_empty() {
            (table(
                "What nobody needs any more",
                &[
                    Column::new("Where").class("title grow"),
                    Column::new("What"),
                    Column::new("Since"),
                    Column::new("Outcome"),
                ],
                &rows.collect::<Vec<_>>(),
            ))
            @if found.more > 0 { p.meta { "and " (plural(found.more, "other", "others")) } }
        }
    }
}

impl<T> Outcome<T> {
    fn whole(&self) -> Option<&T> {
        match &self.found {
            Found::Whole(_, found) => Some(found),
            Found::Failed(..) => None,
        }
    }

    fn told(&self, frame: &Frame) -> Markup {
        let when = html! { (time::relative(frame.now, self.at)) " by " (self.by) "." };
        match &self.found {
            Found::Whole(done, _) => html! { p.meta { span { (done) " " (when) } } },
            Found::Failed(failed, why) => notice(
                Tone::Danger,
                &html! { p { (failed) ", " (when) " " (why) } },
            ),
        }
    }
}

/// Names in the store may hold anything, line breaks as well.
fn printable(name: &str) -> String {
    name.escape_debug().to_string()
}
