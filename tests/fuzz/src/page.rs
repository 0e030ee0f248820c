//! The page is written with a small part of HTML: whatever a text from outside adds to that is a hole.

const ELEMENTS: &[&str] = &[
    "a", "b", "body", "code", "div", "footer", "h1", "h2", "head", "header", "html", "li", "link", "main",
    "meta", "nav", "p", "section", "small", "span", "strong", "table", "tbody", "td", "th", "thead", "title",
    "tr", "ul",
];
const ATTRIBUTES: &[&str] = &[
    "aria-current",
    "aria-hidden",
    "aria-label",
    "aria-labelledby",
    "charset",
    "class",
    "content",
    "data-label",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "rel",
    "role",
    "scope",
];
const ENTITIES: &[&str] = &["amp;", "lt;", "gt;", "quot;", "#39;"];

/// Panics at the first place where the page is not built of its own elements and escaped text, each element closed
/// where it was opened.
pub fn check_page(page: &str) {
    let mut rest = page.strip_prefix("<!doctype html>").unwrap_or_else(|| panic!("no page:\n{page}"));
    let mut open = Vec::new();
    while let Some((text, tag)) = rest.split_once('<') {
        check_text(text, page);
        let (tag, after) = tag.split_once('>').unwrap_or_else(|| panic!("an open tag at the end:\n{page}"));
        rest = after;
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "closed elsewhere:\n{page}"),
            None => {
                let name = check_tag(tag, page);
                if !matches!(name, "link" | "meta") {
                    open.push(name);
                }
            }
        }
    }
    check_text(rest, page);
    assert!(open.is_empty(), "{open:?} stay open:\n{page}");
}

fn check_text(text: &str, page: &str) {
    assert!(!text.contains('>'), "an unescaped > in {text:?}:\n{page}");
    for after in text.split('&').skip(1) {
        assert!(ENTITIES.iter().any(|entity| after.starts_with(entity)), "a bare & in {text:?}:\n{page}");
    }
    let hidden = |c: char| {
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || c.is_control() && c != '\n' && c != '\t'
    };
    assert!(!text.contains(hidden), "a hidden character in {text:?}:\n{page}");
}

fn check_tag<'a>(tag: &'a str, page: &str) -> &'a str {
    let (name, mut rest) = tag.split_at(tag.find(' ').unwrap_or(tag.len()));
    assert!(ELEMENTS.contains(&name), "an element {name:?}:\n{page}");
    let mut seen = Vec::new();
    while !rest.is_empty() {
        let attribute = rest.strip_prefix(' ').and_then(|rest| rest.split_once("=\""));
        let (key, value) = attribute.unwrap_or_else(|| panic!("no attribute in <{tag}>:\n{page}"));
        let (value, after) =
            value.split_once('"').unwrap_or_else(|| panic!("an open quote in <{tag}>:\n{page}"));
        assert!(ATTRIBUTES.contains(&key) && !seen.contains(&key), "{key:?} in <{tag}>:\n{page}");
        assert!(
            key != "href" || value.starts_with('/') && !value.starts_with("//"),
            "<{tag}> leads away:\n{page}"
        );
        check_text(value, page);
        seen.push(key);
        rest = after;
    }
    name
}
