//! The pieces of pages.

use std::time::{Duration, UNIX_EPOCH};

use crate::views::components::field::{Field, TextArea};
use crate::views::components::{self, labels, number, time};
use crate::views::{left_out, samples};

#[test]
fn a_structure_keeps_its_colour_and_sides_share_the_hue() {
    // Fixed for ever: a colour that changes with a release would be no help to anybody.
    assert_eq!(labels::colour("liver"), labels::colour("Liver"));
    let (left, right) = (
        labels::colour("kidney_left"),
        labels::colour("Right kidney"),
    );
    assert_ne!(left, right);
    assert_eq!(left.split(' ').next(), right.split(' ').next());
    assert_ne!(labels::colour("spleen"), labels::colour("liver"));
    assert_eq!(labels::colour(""), "none");
    assert_eq!(
        ["liver", "kidney_left", "kidney_right", "spleen"].map(labels::colour),
        [
            "hsl(295 75% 52%)",
            "hsl(190 58% 42%)",
            "hsl(190 58% 64%)",
            "hsl(35 74% 51%)"
        ]
    );
}

#[test]
fn times_are_told_in_the_largest_unit_that_fits() {
    let now = samples::now();
    let told = |seconds: i64| {
        let at = if seconds < 0 {
            now + Duration::from_secs(seconds.unsigned_abs())
        } else {
            now - Duration::from_secs(seconds.unsigned_abs())
        };
        let html = time::relative(now, at).into_string();
        html.split_once('>')
            .unwrap()
            .1
            .trim_end_matches("</time>")
            .to_owned()
    };
    assert_eq!(told(10), "just now");
    assert_eq!(told(-10), "in a moment");
    assert_eq!(told(60), "1 minute ago");
    assert_eq!(told(3 * 3600), "3 hours ago");
    assert_eq!(told(-5 * 86_400), "in 5 days");
    assert_eq!(told(40 * 86_400), "13 Oct 2026");
}

#[test]
fn a_length_of_time_is_told_in_the_largest_unit_without_a_rest() {
    for (seconds, text) in [
        (900, "15 minutes"),
        (86_400, "1 day"),
        (36 * 3600, "36 hours"),
        (90, "90 seconds"),
        (0, "0 seconds"),
    ] {
        assert_eq!(time::span(Duration::from_secs(seconds)), text);
    }
}

#[test]
fn days_have_the_names_that_people_use() {
    let now = samples::now();
    assert_eq!(time::day_heading(now, now), "Today");
    assert_eq!(time::day_heading(now, samples::ago(24)), "Yesterday");
    assert_eq!(
        time::day_heading(now, UNIX_EPOCH),
        "Thursday, 1 January 1970"
    );
}

#[test]
fn a_mistake_in_json_is_shown_in_its_line_with_a_mark_below_the_column() {
    let field = Field::new("{\n  \"a\": 1\n  \"b\": 2\n}").wrong_at("Expected a comma.", 3, 3);
    let area = TextArea {
        name: "text",
        label: "Text",
        field: &field,
        help: None,
        mono: true,
        rows: 4,
        placeholder: None,
        label_hidden: false,
    };
    let html = area.markup().into_string();
    assert!(
        html.contains("3 |   &quot;b&quot;: 2\n      <span class=\"caret\">^</span>"),
        "{html}"
    );
    assert!(html.contains("aria-describedby=\"text-error\""));
}

#[test]
fn a_first_line_break_in_a_text_is_kept() {
    let field = Field::new("\nsecond line");
    let html = TextArea {
        name: "text",
        label: "Text",
        field: &field,
        help: None,
        mono: false,
        rows: 4,
        placeholder: None,
        label_hidden: false,
    }
    .markup()
    .into_string();
    assert!(html.contains(">\n\nsecond line</textarea>"));
}

#[test]
fn a_message_becomes_a_sentence() {
    let sentence = components::sentence;
    assert_eq!(sentence("must not be empty"), "Must not be empty.");
    assert_eq!(
        sentence("expected ',' or '}' after the value"),
        "Expected ',' or '}' after the value."
    );
    assert_eq!(
        sentence("contour_names is no object"),
        "contour_names is no object."
    );
    assert_eq!(sentence("Is it so?"), "Is it so?");
    assert_eq!(sentence(""), "");
}

#[test]
fn a_stored_date_is_told_for_people_only_if_it_is_a_timestamp() {
    assert_eq!(
        time::stored("2026-11-22T21:56:11.728282Z").into_string(),
        "<time datetime=\"2026-11-22T21:56:11Z\">2026-11-22 21:56 UTC</time>"
    );
    assert_eq!(time::stored("11/15/25").into_string(), "11/15/25");
}

#[test]
fn what_is_no_model_is_named_in_one_line_each() {
    let left_out = left_out::LeftOut {
        count: 3,
        examples: vec!["a\nb".to_owned(), "<old>/".to_owned()],
        unreadable: Vec::new(),
    };
    let html = left_out::notices(&left_out).into_string();
    for text in [
        "3 objects in the model store are no definitions",
        "<code>a\\nb</code>",
        "<code>&lt;old&gt;/</code>",
        "and 1 other",
    ] {
        assert!(html.contains(text), "{text}: {html}");
    }
}

#[test]
fn numbers_are_grouped_by_thousands() {
    assert_eq!(number(7), "7");
    assert_eq!(number(1000), "1,000");
    assert_eq!(number(1_234_567), "1,234,567");
    assert_eq!(components::plural(1, "model", "models"), "1 model");
}
