/// When to pull an image that says nothing of it: always, if its name means the latest. What is no name means nothing.
pub fn pull_policy(image: &str) -> &'static str {
    if tag(image) == Some("latest") { "Always" } else { "IfNotPresent" }
}

/// The tag that a name (`registry.example.com/path/name:tag@digest`) has or means, by the grammar of
/// `distribution/reference`. `None` with a digest alone, and for what is no name.
fn tag(image: &str) -> Option<&str> {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let is_domain = |part: &str| {
        part.contains(['.', ':']) || part == "localhost" || part.chars().any(|c| c.is_ascii_uppercase())
    };
    let (domain, rest) = match name.split_once('/') {
        Some((first, rest)) if is_domain(first) => (Some(first), rest),
        Some(_) | None => (None, name),
    };
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (rest, None),
    };
    let hexadecimal = |text: &str| text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    let fits = domain.is_none_or(is_host)
        && path.split('/').all(is_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
        // An identifier, which no name may look like.
        && !(image.len() == 64 && hexadecimal(image));
    match tag {
        _ if !fits => None,
        None if digest.is_none() => Some("latest"),
        tag => tag,
    }
}

fn is_host(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (domain, None),
    };
    let part = |part: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !part.is_empty() && !part.starts_with('-') && !part.ends_with('-') && part.chars().all(inner)
    };
    host.split('.').all(part)
        && port.is_none_or(|port| !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()))
}

/// Lower-case letters and digits, between them single dots, one or two underscores, or dashes.
fn is_component(component: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    component.starts_with(plain)
        && component.ends_with(plain)
        && component
            .split(plain)
            .all(|between| matches!(between, "" | "." | "_" | "__") || between.chars().all(|c| c == '-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || c == '.' || c == '-')
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, sum)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && sum.len() >= 32
            && sum.chars().all(|c| c.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::pull_policy;

    #[test]
    fn the_latest_is_always_pulled_and_what_is_no_name_is_not() {
        let digest = format!("i@sha256:{}", "a".repeat(64));
        let cases = [
            ("i", "Always"),
            ("i:latest", "Always"),
            ("registry:5000/a/i", "Always"),
            ("localhost/i", "Always"),
            ("x/a__b--c.d", "Always"),
            ("a__b.c/i", "IfNotPresent"),
            ("i:1", "IfNotPresent"),
            (&digest, "IfNotPresent"),
            ("OnFailure", "IfNotPresent"),
            ("a..b", "IfNotPresent"),
            ("i:la test", "IfNotPresent"),
            ("", "IfNotPresent"),
        ];
        for (image, policy) in cases {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
