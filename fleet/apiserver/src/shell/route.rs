/// Which logical cluster a URL path is about, and the rest of it: `/clusters/<name>/…`, anything else is the root's.
pub(super) fn route(path: &str) -> (&str, &str) {
    let Some(rest) = path.strip_prefix("/clusters/") else { return (super::ROOT, path) };
    match rest.find('/') {
        Some(at) => (&rest[..at], &rest[at..]),
        None => (rest, "/"),
    }
}
