//! What people usually meant where YAML reads something else.

/// A hint for a line that could not be read.
pub(crate) fn hint(line: &str) -> Option<&'static str> {
    let indent = &line[..line.len() - line.trim_start().len()];
    if indent.contains('\t') {
        return Some("indent with spaces: YAML takes no tabs");
    }
    let value = value_of(line);
    match value.chars().next() {
        Some('{') if value.starts_with("{{") => {
            return Some("put template expressions in quotes: \"{{ … }}\"");
        }
        Some('@' | '`') => return Some("put a value that starts with `@` or a backtick in quotes"),
        Some('%') => return Some("put a value that starts with `%` in quotes"),
        Some('*') => return Some("put a value that starts with `*` in quotes, unless it is an alias"),
        Some('"' | '\'') => return Some("a quoted value ends at its second quote: escape quotes within it"),
        Some('[' | '{' | '|' | '>' | '&' | '!' | '#') | None => {}
        Some(_) if value.contains(": ") || value.ends_with(':') => {
            return Some("put text that holds `: ` in quotes");
        }
        Some(_) => {}
    }
    line.contains("{{").then_some("put template expressions in quotes: \"{{ … }}\"")
}

/// What stands behind `- ` and `key: `.
fn value_of(line: &str) -> &str {
    let mut rest = line.trim();
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start();
    }
    match rest.split_once(": ") {
        Some((key, value)) if !key.starts_with(['"', '\'', '{', '[']) => value.trim(),
        Some(_) | None => rest,
    }
}
