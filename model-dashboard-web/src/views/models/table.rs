//! The table of models, and what is done to those that are selected.

use maud::{Markup, html};

use super::{ModelRow, ModelsView};
use crate::views::components::icon::Icon;
use crate::views::components::pager::{Pager, pager};
use crate::views::components::table::{Column, SortLink, table};
use crate::views::components::{number, state, tag, time};
use crate::views::frame::Frame;
use crate::views::models_query::{ModelsQuery, Sort};

pub(super) fn list(frame: &Frame, view: &ModelsView) -> Markup {
    let links = &frame.links;
    let may = frame.may();
    let selectable = may.write_models || may.enable_models;
    let query = &view.query;
    let sorted = |sort| SortLink {
        href: query.sorted_by(sort).href(links),
        now: (query.sort == sort).then(|| query.order()),
    };
    let mut columns = Vec::new();
    if selectable {
        columns.push(Column::new("Select").class("select-cell").control(html! {
            label.select.needs-script { input type="checkbox" data-select-page autocomplete="off" aria-label="Select all on this page"; }
            span.visually-hidden.without-script { "Select" }
        }));
    }
    columns.extend([
        Column::new("Model")
            .class("title")
            .sorted_by(sorted(Sort::Alias)),
        Column::new("State")
            .class("bare")
            .sorted_by(sorted(Sort::State)),
        Column::new("Version")
            .class("version")
            .sorted_by(sorted(Sort::Version)),
        Column::new("Labels")
            .class("number")
            .sorted_by(sorted(Sort::Labels)),
        Column::new("Owner")
            .class("owner")
            .sorted_by(sorted(Sort::Owner)),
        Column::new("Changed")
            .class("changed")
            .sorted_by(sorted(Sort::Modified)),
    ]);
    let rows: Vec<Vec<Markup>> = view
        .rows
        .iter()
        .map(|row| cells(frame, row, selectable))
        .collect();
    let page = query.page.max(1);
    let first = (page - 1) * view.per_page + 1;
    let step = |page: usize| {
        ModelsQuery {
            page,
            ..query.clone()
        }
        .href(links)
    };
    let steps = Pager {
        first,
        shown: view.rows.len(),
        total: Some(view.total),
        previous: (page > 1).then(|| step(page - 1)),
        next: (first + view.rows.len() <= view.total).then(|| step(page + 1)),
    };
    html! {
        form.bulk method="post" action=(links.to("/models/bulk")) hx-boost="false" data-bulk {
            (frame.csrf_field())
            // The list as it is seen now, to come back to.
            input type="hidden" name="back" value=(query.href(links));
            (table("Models", &columns, &rows))
            @if selectable { (bulk_bar(frame)) }
        }
        (pager("Pages of models", &steps))
    }
}

fn cells(frame: &Frame, row: &ModelRow, selectable: bool) -> Vec<Markup> {
    let reference = format!("{}/{}", row.network_type, row.name);
    let alias = if row.alias.is_empty() {
        &row.name
    } else {
        &row.alias
    };
    let mut cells = Vec::new();
    if selectable {
        cells.push(html! {
            label.select { input type="checkbox" name="model" value=(reference) aria-label={ "Select " (alias) }; }
        });
    }
    cells.extend([
        html! {
            a.model-link href=(frame.links.model(&row.network_type, &row.name)) {
                strong { (alias) }
                span.reference { (row.network_type) "/" wbr; (row.name) }
            }
            @if !row.tags.is_empty() {
                span.tags { @for text in &row.tags { (tag(text, None)) } }
            }
        },
        state::enabled(row.enabled),
        html! {
            @if row.version.is_empty() { span.muted.none { "–" } } @else { (row.version) }
            @if let Some(revision) = row.revision { span.meta { "revision " (revision) } }
        },
        html! { (number(row.labels)) },
        html! { @if row.owner.is_empty() { span.muted.none { "–" } } @else { (row.owner) } },
        html! {
            @match row.modified_at {
                Some(at) => (time::relative(frame.now, at)),
                None => span.muted.none { "–" },
            }
            @if !row.modified_by.is_empty() { span.meta { (row.modified_by) } }
        },
    ]);
    cells
}

fn bulk_bar(frame: &Frame) -> Markup {
    let may = frame.may();
    html! {
        div.bulk-bar role="group" aria-label="Selected models" {
            span.bulk-count data-bulk-count { "Selected models" }
            button.button.quiet.needs-script type="button" data-select-all { "Select all on this page" }
            div.buttons {
                @if may.enable_models {
                    button.button type="submit" name="action" value="enable" { (Icon::Check) "Enable" }
                    button.button type="submit" name="action" value="disable" { (Icon::Off) "Disable" }
                }
                button.button type="submit" name="action" value="export" { (Icon::Download) "Export" }
                @if may.write_models {
                    button.button.danger-quiet type="submit" name="action" value="delete" { (Icon::Trash) "Delete" }
                }
            }
        }
    }
}
