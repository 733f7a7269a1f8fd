//! The networks of a package: how they are built, which folds are there, how well they did.

use maud::{Markup, html};

use crate::views::components::icon::Icon;
use crate::views::components::section;
use crate::views::components::table::{Column, table};

/// How a network is or could be built.
#[derive(Debug, Clone, Default)]
pub struct ConfigurationRow {
    /// What the framework calls it.
    pub name: String,
    /// What it sees at once, in voxels.
    pub patch_size: String,
    /// The distance of voxels, in millimetres.
    pub spacing: String,
    /// The order of the axes of both.
    pub axes: String,
    /// How channels are normalised.
    pub normalization: String,
    /// The class of the network.
    pub network_class: String,
    /// The configuration whose result it takes as well.
    pub previous_stage: String,
}

/// A network that was trained.
#[derive(Debug, Clone, Default)]
pub struct NetworkRow {
    /// Its configuration.
    pub configuration: String,
    /// What trained it.
    pub trainer: String,
    /// The plans.
    pub plans: String,
    /// The folder in the package.
    pub folder: String,
    /// Its folds, in order.
    pub folds: Vec<(String, FoldState)>,
    /// When training ended last; empty if that is not told.
    pub trained: String,
}

/// Whether a fold can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoldState {
    /// All its files are there.
    Complete,
    /// Some are not.
    Incomplete,
    /// It is not there.
    Missing,
}

/// How well a model did.
#[derive(Debug, Clone, Default)]
pub struct ScoreRow {
    /// What was measured.
    pub measure: String,
    /// On what.
    pub on: String,
    /// Of which network and fold.
    pub of: String,
    /// The value.
    pub value: String,
}

/// What a function of a model takes and gives.
#[derive(Debug, Clone, Default)]
pub struct SignatureRow {
    /// The function.
    pub name: String,
    /// What it takes, one a line.
    pub inputs: Vec<String>,
    /// What it gives, one a line.
    pub outputs: Vec<String>,
}

pub(super) fn networks(rows: &[NetworkRow]) -> Markup {
    html! {
        @if !rows.is_empty() {
            (section("Trained networks", &html! {
                ul.networks {
                    @for network in rows {
                        li {
                            p.network-name {
                                strong { @if network.configuration.is_empty() { "Network" } @else { (network.configuration) } }
                                @if !network.trainer.is_empty() { code { (network.trainer) } }
                                @if !network.plans.is_empty() { code { (network.plans) } }
                            }
                            @if !network.folds.is_empty() {
                                ul.folds aria-label="Folds" { @for (name, state) in &network.folds { (fold(name, *state)) } }
                            }
                            p.meta {
                                @if !network.trained.is_empty() { span { "trained until " (network.trained) } }
                                @if !network.folder.is_empty() { span { "in " (super::path(&network.folder)) } }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn fold(name: &str, state: FoldState) -> Markup {
    let (class, icon, word) = match state {
        FoldState::Complete => ("ok", Icon::Check, "complete"),
        FoldState::Incomplete => ("warning", Icon::Alert, "incomplete"),
        FoldState::Missing => ("danger", Icon::Close, "missing"),
    };
    html! {
        li class={ "pill " (class) } {
            (icon) "fold " (name)
            @if state == FoldState::Complete { span.visually-hidden { " " (word) } } @else { " " (word) }
        }
    }
}

pub(super) fn configurations(rows: &[ConfigurationRow]) -> Markup {
    let columns = [
        Column::new("Configuration"),
        Column::new("Patch, voxels").class("nowrap"),
        Column::new("Spacing, mm").class("nowrap"),
        Column::new("Normalisation").class("nowrap"),
        Column::new("Network"),
    ];
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let with_axes = |text: &str| {
                html! { (text) @if !text.is_empty() && !row.axes.is_empty() { span.meta { (row.axes) } } }
            };
            vec![
                html! {
                    strong { (row.name) }
                    @if !row.previous_stage.is_empty() { span.meta { "after " (row.previous_stage) } }
                },
                with_axes(&row.patch_size),
                with_axes(&row.spacing),
                html! { (row.normalization) },
                html! { code title=(row.network_class) { (last_part(&row.network_class)) } },
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            section.configurations {
                h2 { "Configurations" }
                (table("Configurations", &columns, &cells))
            }
        }
    }
}

/// The class itself, without the modules that it is in.
fn last_part(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

pub(super) fn scores(rows: &[ScoreRow]) -> Markup {
    let columns = [
        Column::new("Score"),
        Column::new("On").class("nowrap"),
        Column::new("Network"),
        Column::new("Value").class("number"),
    ];
    let cells: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            vec![
                html! { (row.measure) },
                html! { (row.on) },
                html! { (row.of) },
                html! { strong { (row.value) } },
            ]
        })
        .collect();
    html! {
        @if !rows.is_empty() {
            section.configurations {
                h2 { "Scores" }
                p.help { "As the package tells them; nobody has measured them here." }
                (table("Scores", &columns, &cells))
            }
        }
    }
}

pub(super) fn signatures(rows: &[SignatureRow]) -> Markup {
    let list = |name: &str, values: &[String]| {
        html! {
            @if !values.is_empty() {
                div { dt { (name) } dd { @for value in values { code.block { (value) } } } }
            }
        }
    };
    html! {
        @if !rows.is_empty() {
            (section("Takes and gives", &html! {
                @for signature in rows {
                    @if !signature.name.is_empty() { h3 { code { (signature.name) } } }
                    dl.facts { (list("Takes", &signature.inputs)) (list("Gives", &signature.outputs)) }
                }
            }))
        }
    }
}
