//! Enough of a parser for what maud writes.

/// A tag of a page; enough of a parser for what maud writes.
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// The tags that it stands in.
    pub(super) inside: Vec<String>,
}

impl Tag {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

const VOID: [&str; 6] = ["meta", "link", "input", "img", "wbr", "br"];

/// The tags of a document in order; panics when they do not nest.
pub(super) fn tags(page: &str, html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quoted = false;
        let end = rest
            .find(|c| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .unwrap_or_else(|| panic!("{page}: a tag is not closed"));
        let (tag, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(
                open.pop().as_deref(),
                Some(name),
                "{page}: </{name}> closes another element"
            );
            continue;
        }
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut pairs = Vec::new();
        while !attributes.trim().is_empty() {
            attributes = attributes.trim_start();
            let stop = attributes.find(['=', ' ']).unwrap_or(attributes.len());
            let key = attributes[..stop].to_owned();
            attributes = &attributes[stop..];
            let mut value = String::new();
            if let Some(quoted) = attributes.strip_prefix("=\"") {
                let (inner, tail) = quoted.split_once('"').unwrap();
                value = inner.to_owned();
                attributes = tail;
            }
            pairs.push((key, value));
        }
        found.push(Tag {
            name: name.to_owned(),
            attributes: pairs,
            inside: open.clone(),
        });
        if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty(), "{page}: {open:?} are not closed");
    found
}
