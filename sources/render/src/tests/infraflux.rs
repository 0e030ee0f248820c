use super::corpora::{corpora, load};
use super::draw::draw;
use super::{inputs, told};
use crate::read;
use mainstay_diagnostic::{Diagnostic, Severity};
use mainstay_unit::Reading;
use mainstay_unit::tree::{MemoryTree, Tree, TreePath};

struct Expected {
    severity: Severity,
    fault: String,
    file: String,
    line: Option<u32>,
    note: String,
}

fn expected(text: &str) -> Vec<Expected> {
    let rows = text.lines().skip(1).map(|row| {
        let cells: Vec<&str> = row.split('\t').collect();
        Expected {
            severity: if cells[0] == "error" { Severity::Error } else { Severity::Warning },
            fault: cells[1].to_owned(),
            file: cells[2].to_owned(),
            line: cells[3].parse().ok(),
            note: cells.get(4).copied().unwrap_or_default().to_owned(),
        }
    });
    rows.collect()
}

/// What is told at the place, and whether its words say the expected fault.
fn is_told(reading: &Reading, row: &Expected) -> bool {
    let says = |diagnostic: &Diagnostic| {
        let message = &diagnostic.message;
        match row.fault.as_str() {
            "required field spec.sourceRef is missing" => *message == row.fault,
            "no unit reaches this folder" | "no unit reaches this file" => {
                message.starts_with("no unit reaches")
            }
            fault if fault.starts_with("listed file does not exist: ") => {
                message.contains(fault.rsplit(' ').next().unwrap())
            }
            fault if fault.starts_with("namespace external-secrets is declared by two units") => {
                message.contains("namespace external-secrets is declared by")
            }
            fault if fault.contains("holds a chart and objects whose CRD") => {
                let name = fault.split(' ').nth(1).unwrap();
                message.starts_with(&format!("kustomization/flux-system/{name} holds a chart and"))
            }
            other => panic!("a fault that this test does not know: {other}"),
        }
    };
    reading.diagnostics.iter().any(|diagnostic| {
        let Some(location) = &diagnostic.location else { return false };
        diagnostic.severity == row.severity
            && location.file == row.file
            && row.line.is_none_or(|line| location.span.is_some_and(|span| span.start.line == line))
            && says(diagnostic)
    })
}

fn without_line_seven(mut tree: MemoryTree) -> MemoryTree {
    let path = TreePath::parse("platform/addons/external-secrets/manifests/kustomization.yaml").unwrap();
    let text = String::from_utf8(tree.read(&path).unwrap().to_vec()).unwrap();
    let kept: Vec<&str> = text.lines().enumerate().filter(|(i, _)| *i != 6).map(|(_, line)| line).collect();
    tree.insert(path, kept.join("\n").into_bytes().into());
    tree
}

#[test]
fn infraflux_is_told_exactly_its_faults() {
    let Some(corpora) = corpora() else { return };
    let rows = expected(&std::fs::read_to_string(corpora.join("repos/infraflux.expected.tsv")).unwrap());
    let tree = load(&corpora.join("repos/infraflux"));
    let reading = read(&inputs(tree.clone()));
    let fixed = read(&inputs(without_line_seven(tree)));
    for row in &rows {
        let read = if row.note.starts_with("shows once line 7") { &fixed } else { &reading };
        assert!(is_told(read, row), "{} {}\n{:#?}", row.file, row.fault, told(read));
    }
    let errors = rows.iter().filter(|row| row.severity == Severity::Error);
    assert_eq!(reading.errors().count(), errors.count(), "{:#?}", told(&reading));
    assert_eq!(fixed.errors().count(), 3, "{:#?}", told(&fixed));
}

/// Warnings beyond the expected ones, each checked by hand: files that no kustomization lists, and that an installation that
/// fails would be undone.
#[test]
fn infraflux_is_told_no_warning_that_is_not_true() {
    let Some(corpora) = corpora() else { return };
    let rows = expected(&std::fs::read_to_string(corpora.join("repos/infraflux.expected.tsv")).unwrap());
    let reading = read(&inputs(load(&corpora.join("repos/infraflux"))));
    let warnings: Vec<String> = reading
        .diagnostics
        .iter()
        .filter(|d| !d.is_error())
        .filter_map(|d| d.location.as_ref().map(|l| l.file.clone()))
        .filter(|file| !rows.iter().any(|row| row.file == *file))
        .collect();
    assert_eq!(
        warnings,
        [
            "apps/podinfo/helmrelease-podinfo.yaml",
            "platform/addons/external-secrets/manifests/clustersecretstore-aws.yaml",
            "platform/addons/external-secrets/manifests/externalsecret-external-dns-aws.yaml",
            "platform/addons/kyverno/manifests/namespace.yaml",
        ]
    );
}

#[test]
fn infraflux_has_every_unit_and_edge_of_its_files() {
    let Some(corpora) = corpora() else { return };
    let drawn = draw(&read(&inputs(load(&corpora.join("repos/infraflux")))));
    assert_eq!(drawn, include_str!("snapshots/infraflux.txt"), "\n{drawn}");
}
