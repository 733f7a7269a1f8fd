//! Descriptions: Markdown as HTML that can do no harm and costs little.

use std::collections::HashSet;

use ammonia::UrlRelative;
use pulldown_cmark::{Event, Options, Parser};

use crate::views::SafeHtml;

/// The longest text that is rendered, in bytes; the rest of a longer one is left out.
const LONGEST: usize = 64 << 10;

/// How deep quotes, lists and emphasis may lie in each other. Deeper ones lose their frame and
/// keep their text: what cleans the HTML takes time that grows with the square of the depth.
const DEEPEST: usize = 24;

/// Markdown as HTML: no scripts, styles, forms or frames, links without a way back, no images,
/// HTML within it shown as text.
pub(super) fn markdown(text: &str) -> SafeHtml {
    let rendered = &text[..text.floor_char_boundary(LONGEST)];
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut depth = 0_usize;
    let events = Parser::new_ext(rendered, options).filter_map(|event| match event {
        Event::Start(_) => {
            depth += 1;
            (depth <= DEEPEST).then_some(event)
        }
        Event::End(_) => {
            depth = depth.saturating_sub(1);
            (depth < DEEPEST).then_some(event)
        }
        Event::Html(html) | Event::InlineHtml(html) => Some(Event::Text(html)),
        other => Some(other),
    });
    let mut html = String::with_capacity(rendered.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut html, events);
    if rendered.len() < text.len() {
        html.push_str("<p>… The description goes on; the whole text is in the raw JSON.</p>");
    }
    let mut cleaner = ammonia::Builder::default();
    cleaner
        .rm_tags(["img", "map", "area"])
        .link_rel(Some("noopener noreferrer nofollow"))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny);
    SafeHtml::from_sanitised(cleaner.clean(&html).to_string())
}

#[cfg(test)]
mod tests {
    use maud::Render as _;

    use super::*;

    fn rendered(text: &str) -> String {
        markdown(text).render().into_string()
    }

    #[test]
    fn markdown_that_would_do_harm_does_none() {
        for (text, bad) in [
            ("<script>alert(1)</script>", "<script"),
            ("[x](javascript:alert(1))", "javascript:"),
            ("<img src=x onerror=alert(1)>", "<img"),
            ("<p style='position:fixed'>x</p>", "<p style"),
            ("<a href='/logout'>x</a>", "<a "),
            ("<form action=/x><input></form>", "<form"),
        ] {
            let html = rendered(text);
            assert!(!html.contains(bad), "{text} became {html}");
        }
        let html = rendered("**bold** [link](https://example.org)");
        assert!(html.contains("<strong>bold</strong>"), "{html}");
        assert!(html.contains("href=\"https://example.org\""), "{html}");
    }

    #[test]
    fn html_is_shown_as_text() {
        assert!(rendered("a <b>word</b>").contains("&lt;b&gt;word"));
    }

    #[test]
    fn what_lies_too_deep_keeps_its_text_and_loses_its_frame() {
        let html = rendered(&format!("{} deep", ">".repeat(1_000)));
        assert!(html.contains("deep"), "{html}");
        assert!(html.matches("<blockquote>").count() <= DEEPEST, "{html}");
        let html = rendered(&"<div>".repeat(1_000));
        assert!(!html.contains("<div>"), "{html}");
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_and_says_so() {
        let html = rendered(&"ä".repeat(LONGEST));
        assert!(html.len() < 2 * LONGEST && html.contains("goes on"));
    }
}
