//! A chart that somebody else renders: what of it is known beforehand, and what was printed, read.
use super::{Rendered, collect_crds, complete, enable, sort};
use crate::chart::Chart;
use crate::error::RenderError;
use crate::exec::Limits;
use crate::values::Values;
use std::collections::BTreeMap;

/// What is known of a chart before its templates are executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Path and text of what lies in `crds/`, of the charts that are enabled.
    pub crds: Vec<(String, String)>,
    /// Templates that seem to call `lookup`, the chart's name first.
    pub lookups: Vec<String>,
}

impl Outline {
    /// An error where nobody could render the chart: it can't be read, it is a library, or charts that it depends on are
    /// not in it.
    pub fn of(
        files: &BTreeMap<String, Vec<u8>>,
        values: &Values,
        limits: &Limits,
    ) -> Result<Self, RenderError> {
        let mut chart = complete(files, limits)?;
        enable(&mut chart, values)?;
        let mut out = Self { crds: Vec::new(), lookups: Vec::new() };
        collect_crds(&chart, chart.name(), &mut out.crds);
        lookups(&chart, chart.name(), &mut out.lookups);
        Ok(out)
    }

    /// What `helm template` printed, without `--include-crds`, as [`super::render`] would have told it.
    pub fn read(self, printed: &str, limits: &Limits) -> Result<Rendered, RenderError> {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for document in documents(printed) {
            let Some((path, text)) = source(document) else {
                let start: String = document.lines().next().unwrap_or_default().chars().take(40).collect();
                let message = format!("expected `# Source: ` behind `---`, found {start:?}");
                return Err(RenderError::Manifest { path: "what helm printed".to_owned(), message });
            };
            let file = files.entry(path.to_owned()).or_default();
            file.push_str("---\n");
            file.push_str(text);
            file.push('\n');
        }
        let (manifests, hooks) = sort::sort(&files, limits)?;
        Ok(Rendered { manifests, hooks, crds: self.crds, ..Rendered::default() })
    }
}

const SOURCE: &str = "# Source: ";

/// What stands behind each `---` that Helm set. It has cut what templates made at such lines, and leaves at most one of
/// them where two stood together.
fn documents(printed: &str) -> impl Iterator<Item = &str> {
    let mut rest = printed.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let body = rest.strip_prefix("---\n").unwrap_or(rest);
        let (document, after) = match body.find("\n---\n# Source: ") {
            Some(end) => (&body[..end], &body[end + 1..]),
            None => (body, ""),
        };
        rest = after;
        Some(document)
    })
}

fn source(document: &str) -> Option<(&str, &str)> {
    let (path, text) =
        document.strip_prefix(SOURCE)?.split_once('\n').unwrap_or((&document[SOURCE.len()..], ""));
    Some((path.trim_end(), text))
}

fn lookups(chart: &Chart, path: &str, out: &mut Vec<String>) {
    let calling = chart.templates.iter().filter(|template| calls_lookup(&template.bytes));
    out.extend(calling.map(|template| format!("{path}/{}", template.path)));
    for below in &chart.charts {
        lookups(below, &format!("{path}/charts/{}", below.name()), out);
    }
}

/// The word, between what may stand around a function's name, within `{{` and `}}`.
fn calls_lookup(template: &[u8]) -> bool {
    let text = String::from_utf8_lossy(template);
    let actions = text.split("{{").skip(1).filter_map(|part| part.split("}}").next());
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '"' | '`' | '-' | '/');
    actions.filter(|action| !action.trim_start_matches(['-', ' ']).starts_with("/*")).any(|action| {
        action.match_indices("lookup").any(|(at, word)| {
            !action[..at].ends_with(is_name) && !action[at + word.len()..].starts_with(is_name)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(of: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        let chart = [("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")];
        let all = chart.iter().chain(of);
        all.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn outline(of: &[(&str, &str)]) -> Result<Outline, RenderError> {
        Outline::of(&files(of), &Values::default(), &Limits::default())
    }

    #[test]
    fn what_helm_printed_is_read_as_if_it_had_been_rendered_here() {
        let printed = "---\n# Source: web/templates/b.yaml\n# a note\nkind: Service\nmetadata: {name: b}\n\
                       ---\n# Source: web/templates/a.yaml\nkind: Deployment\nmetadata: {name: a}\n\
                       ---\n# Source: web/templates/a.yaml\n# Source: elsewhere\nkind: Deployment\nmetadata: {name: c}\n\
                       ---\n# Source: web/templates/hook.yaml\nkind: Job\nmetadata:\n  name: h\n  annotations:\n    \
                       helm.sh/hook: pre-install\n    helm.sh/hook-weight: \"-3\"\n";
        let crds = [("crds/c.yaml", "kind: CustomResourceDefinition\n---\n# Source: x\nkind: Other\n")];
        let rendered = outline(&crds).unwrap().read(printed, &Limits::default()).unwrap();
        let told: Vec<_> = rendered.manifests.iter().map(|m| (m.path.as_str(), m.text.as_str())).collect();
        assert_eq!(
            told,
            [
                ("web/templates/b.yaml", "# a note\nkind: Service\nmetadata: {name: b}"),
                ("web/templates/a.yaml", "kind: Deployment\nmetadata: {name: a}"),
                ("web/templates/a.yaml", "# Source: elsewhere\nkind: Deployment\nmetadata: {name: c}"),
            ]
        );
        let hook = &rendered.hooks[0];
        assert_eq!(
            (hook.name.as_str(), hook.weight, hook.events.as_slice()),
            ("h", -3, &["pre-install".to_owned()][..])
        );
        assert_eq!(rendered.crds, [("web/crds/c.yaml".to_owned(), crds[0].1.to_owned())]);
        assert_eq!(outline(&[]).unwrap().read("\n", &Limits::default()).unwrap(), Rendered::default());
        let twice = "---\n# Source: web/templates/a.yaml\n---\n# nothing\n---\n# Source: web/templates/b.yaml\nkind: A\n";
        let rendered = outline(&[]).unwrap().read(twice, &Limits::default()).unwrap();
        let told: Vec<_> = rendered.manifests.iter().map(|m| m.text.as_str()).collect();
        assert_eq!(told, ["---\n# nothing", "kind: A"]);
    }

    #[test]
    fn what_helm_does_not_print_is_an_error() {
        let error = outline(&[]).unwrap().read("hello\n", &Limits::default()).unwrap_err().to_string();
        assert!(error.contains("expected `# Source: `"), "{error}");
    }

    #[test]
    fn a_chart_that_lacks_a_dependency_has_no_outline() {
        let text = "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- {name: db, version: 1.x.x, repository: 'https://charts.example.com'}\n";
        let error = outline(&[("Chart.yaml", text)]).unwrap_err().to_string();
        assert!(error.contains("missing in charts/ directory: db"), "{error}");
    }

    #[test]
    fn templates_that_call_lookup_are_known() {
        let of = |text: &str| outline(&[("templates/a.yaml", text)]).unwrap().lookups.len() == 1;
        assert!(of("x: {{ (lookup \"v1\" \"Secret\" \"a\" \"b\").data }}"));
        assert!(of("{{- $found := lookup\n \"v1\" \"Secret\" \"a\" \"b\" }}"));
        assert!(!of("lookup: {{ .Values.lookup }} {{ include \"web.lookup\" . }} {{ $lookup }}"));
        assert!(!of("{{- /* lookup is not called */ -}}"));
        assert!(!of("{{ include \"lookup-host\" . }}"));
    }
}
