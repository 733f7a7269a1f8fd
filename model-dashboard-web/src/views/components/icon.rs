//! Icons, drawn on a 16 by 16 grid with a line of 1.5.

use maud::{Markup, Render, html};

/// An icon. It is hidden from assistive technology: a word or a label always stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Activity,
    Alert,
    Brand,
    Check,
    ChevronDown,
    ChevronLeft,
    ChevronRight,
    Close,
    Copy,
    Download,
    Edit,
    File,
    Folder,
    Info,
    Key,
    Minus,
    More,
    Off,
    Package,
    Pause,
    Person,
    Play,
    Plus,
    Rename,
    Robot,
    Search,
    Shield,
    SignOut,
    SortDown,
    SortUp,
    Trash,
    Upload,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Activity => "M1.5 8.5h3l2-5.5 3 10.5 2-5h3",
            Self::Alert => "M8 2.25 14.5 13.5h-13L8 2.25ZM8 6.5v3.25M8 11.4v.2",
            Self::Brand => {
                "M8 1.75 14.25 4.9 8 8 1.75 4.9 8 1.75ZM1.75 8 8 11.1 14.25 8M1.75 11.1 8 14.25l6.25-3.15"
            }
            Self::Check => "m3 8.5 3.25 3.25L13 4.75",
            Self::ChevronDown => "m4.5 6.5 3.5 3.5 3.5-3.5",
            Self::ChevronLeft => "M9.5 4.5 6 8l3.5 3.5",
            Self::ChevronRight => "M6.5 4.5 10 8l-3.5 3.5",
            Self::Close => "m4.5 4.5 7 7m0-7-7 7",
            Self::Copy => "M5.75 5.75h7.5v7.5h-7.5zM10.25 5.5V2.75h-7.5v7.5H5.5",
            Self::Download => "M8 2.5v8M4.75 7.5 8 10.75l3.25-3.25M2.75 13.25h10.5",
            Self::Edit => "m10.25 3.25 2.5 2.5-7 7-3.25.75.75-3.25 7-7Z",
            Self::File => "M3.75 1.75h5.5l3 3v9.5h-8.5zM9 2v3h3",
            Self::Folder => "M1.75 3.25h4.5l1.5 2h6.5v7.5H1.75z",
            Self::Info => {
                "M8 14.25a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5ZM8 7.5v3.75M8 4.9v.2"
            }
            Self::Key => {
                "M5.25 13.25a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM7.1 9l6.15-6.25M10.5 5.5l2 2"
            }
            Self::Minus => "M3 8h10",
            Self::More => {
                "M4 8a1 1 0 1 1-2 0 1 1 0 0 1 2 0ZM9 8a1 1 0 1 1-2 0 1 1 0 0 1 2 0ZM14 8a1 1 0 1 1-2 0 1 1 0 0 1 2 0Z"
            }
            Self::Off => {
                "M8 14.25a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5ZM3.75 12.25l8.5-8.5"
            }
            Self::Package => {
                "M8 1.75 13.5 4.9v6.2L8 14.25 2.5 11.1V4.9L8 1.75ZM2.6 5 8 8l5.4-3M8 8v6"
            }
            Self::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Self::Person => {
                "M8 7.75a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5ZM2.75 13.75c.5-2.6 2.5-4 5.25-4s4.75 1.4 5.25 4"
            }
            Self::Play => "M4.75 3 12.5 8l-7.75 5V3Z",
            Self::Plus => "M8 3v10M3 8h10",
            Self::Rename => "M2 4.5h12M2 8h6M2 11.5h4M10 13.5l3.75-3.75M13.75 13.5v-3.75H10",
            Self::Robot => "M3 6.25h10v7H3zM8 6V3.25M8 3v.01M5.75 9v1M10.25 9v1",
            Self::Search => {
                "M7 11.75a4.75 4.75 0 1 0 0-9.5 4.75 4.75 0 0 0 0 9.5ZM10.5 10.5l3.25 3.25"
            }
            Self::Shield => {
                "M8 1.75 13.25 3.5v4c0 3.25-2 5.5-5.25 6.75C4.75 13 2.75 10.75 2.75 7.5v-4L8 1.75Z"
            }
            Self::SignOut => "M6.25 2.75h-3.5v10.5h3.5M6.5 8h7M10.5 5l3 3-3 3",
            Self::SortDown => "M8 3.25v9.5M4.5 9.25 8 12.75l3.5-3.5",
            Self::SortUp => "M8 12.75v-9.5M4.5 6.75 8 3.25l3.5 3.5",
            Self::Trash => {
                "M2.75 4.25h10.5M6 4V2.25h4V4M4 4.5l.75 9.25h6.5L12 4.5M6.75 7v4M9.25 7v4"
            }
            Self::Upload => "M8 10.75v-8M4.75 5.75 8 2.5l3.25 3.25M2.75 13.25h10.5",
        }
    }
}

impl Render for Icon {
    fn render(&self) -> Markup {
        html! {
            svg.icon viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" { path d=(self.path()) {} }
        }
    }
}
