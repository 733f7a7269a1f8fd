//! Tables that become cards on narrow screens.

use maud::{Markup, html};

use super::icon::Icon;

/// A column.
#[derive(Debug, Clone)]
pub struct Column<'a> {
    /// Its heading, repeated before the value in a card.
    pub heading: &'a str,
    /// Extra classes of its cells: `number`, `grow`, `shrink`.
    pub class: &'a str,
    /// How the table can be sorted by it.
    pub sort: Option<SortLink>,
    /// Whether the heading is for assistive technology only.
    pub hidden: bool,
    /// A control that stands in place of the heading.
    pub control: Option<Markup>,
}

/// The address that sorts by a column, and how it is sorted now.
#[derive(Debug, Clone)]
pub struct SortLink {
    /// The address that sorts by it, or turns the order round.
    pub href: String,
    /// The order now, if the table is sorted by it.
    pub now: Option<Order>,
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest, first or oldest on top.
    Ascending,
    /// Largest, last or newest on top.
    Descending,
}

impl<'a> Column<'a> {
    /// A column that cannot be sorted by.
    #[must_use]
    pub fn new(heading: &'a str) -> Self {
        Self {
            heading,
            class: "",
            sort: None,
            hidden: false,
            control: None,
        }
    }

    /// With extra classes of its cells.
    #[must_use]
    pub fn class(self, class: &'a str) -> Self {
        Self { class, ..self }
    }

    /// With a heading for assistive technology only.
    #[must_use]
    pub fn hidden(self) -> Self {
        Self {
            hidden: true,
            ..self
        }
    }

    /// With a control in place of the heading.
    #[must_use]
    pub fn control(self, control: Markup) -> Self {
        Self {
            hidden: true,
            control: Some(control),
            ..self
        }
    }

    /// With an address that sorts by it.
    #[must_use]
    pub fn sorted_by(self, link: SortLink) -> Self {
        Self {
            sort: Some(link),
            ..self
        }
    }
}

/// A table of rows; each row holds one cell per column. Below 720 px every row is a card: its
/// first cell with content is the card's title, the others follow after their headings. The roles
/// repeat what the elements mean, because browsers forget it when the layout changes.
#[must_use]
pub fn table(caption: &str, columns: &[Column<'_>], rows: &[Vec<Markup>]) -> Markup {
    html! {
        table.data role="table" {
            caption.visually-hidden { (caption) }
            thead role="rowgroup" {
                tr role="row" { @for column in columns { (heading(column)) } }
            }
            tbody role="rowgroup" {
                @for row in rows {
                    tr role="row" {
                        @for (column, cell) in columns.iter().zip(row) {
                            td role="cell" class=[class(column)] data-heading=[data_heading(column)] { (cell) }
                        }
                    }
                }
            }
        }
    }
}

fn heading(column: &Column<'_>) -> Markup {
    let now = column.sort.as_ref().and_then(|sort| sort.now);
    let order = now.map(|order| match order {
        Order::Ascending => "ascending",
        Order::Descending => "descending",
    });
    html! {
        th role="columnheader" scope="col" class=[class(column)] aria-sort=[order] {
            @if let Some(control) = &column.control {
                (control)
            } @else if let Some(sort) = &column.sort {
                a href=(sort.href) {
                    (column.heading)
                    @match now {
                        Some(Order::Ascending) => (Icon::SortUp),
                        Some(Order::Descending) => (Icon::SortDown),
                        None => {},
                    }
                }
            } @else if column.hidden {
                span.visually-hidden { (column.heading) }
            } @else {
                (column.heading)
            }
        }
    }
}

fn class<'a>(column: &Column<'a>) -> Option<&'a str> {
    (!column.class.is_empty()).then_some(column.class)
}

fn data_heading<'a>(column: &Column<'a>) -> Option<&'a str> {
    (!column.hidden).then_some(column.heading)
}
