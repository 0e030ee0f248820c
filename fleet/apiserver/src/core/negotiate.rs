use crate::core::failure::Failure;
use crate::core::reply::Form;

/// What the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Negotiated {
    pub form: Form,
    pub yaml: bool,
}

pub const OFFERED: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/// Chooses from `Accept`: the client's order, JSON where its first choice is not had. Only protobuf, or only something
/// unknown, is refused.
pub fn negotiate(accept: Option<&str>, forms: bool) -> Result<Negotiated, Failure> {
    let accept = accept.unwrap_or_default();
    if accept.trim().is_empty() {
        return Ok(Negotiated::default());
    }
    for clause in clauses(accept) {
        let yaml = match clause.media {
            "application/json" | "*/*" | "application/*" => false,
            "application/yaml" => true,
            _ => continue,
        };
        let form = match (clause.parameter("as"), clause.parameter("g"), clause.parameter("v")) {
            (None, _, _) => Form::Object,
            (Some("Table"), Some("meta.k8s.io"), Some("v1" | "v1beta1")) if forms => Form::Table,
            (
                Some("PartialObjectMetadata" | "PartialObjectMetadataList"),
                Some("meta.k8s.io"),
                Some("v1" | "v1beta1"),
            ) if forms => Form::Partial,
            (Some(_), _, _) => continue,
        };
        return Ok(Negotiated { form, yaml });
    }
    let known = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
    if clauses(accept).iter().any(|clause| known.contains(&clause.media)) {
        return Err(Failure::not_acceptable(&OFFERED));
    }
    Err(Failure::no_representation(&OFFERED))
}

pub struct Clause<'a> {
    pub media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Clause<'a> {
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(k, _)| *k == name).map(|(_, v)| *v)
    }

    fn quality(&self) -> f64 {
        self.parameter("q").and_then(|q| q.parse().ok()).unwrap_or(1.0)
    }
}

/// The clauses of an `Accept` header, best first.
pub fn clauses(accept: &str) -> Vec<Clause<'_>> {
    let mut found: Vec<Clause<'_>> = accept
        .split(',')
        .map(|clause| {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let parameters = parts.filter_map(|p| p.split_once('=')).map(|(k, v)| (k, v.trim_matches('"')));
            Clause { media, parameters: parameters.collect() }
        })
        .filter(|clause| !clause.media.is_empty())
        .collect();
    found.sort_by(|a, b| b.quality().total_cmp(&a.quality()));
    found
}
