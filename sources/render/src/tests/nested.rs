//! Kustomizations that declare Kustomizations, each with the units that come of it. Written after what kustomize-controller
//! documents: fields of the declaration are merged into the root kustomization, the result is built, then variables are
//! set in each object, then metadata is added, and only then is looked for what it declares.
use super::draw::draw;
use super::{inputs, told, tree};
use crate::{Supply, read};
use mainstay_kustomize::emit;
use mainstay_unit::{Claim, Content, Desired, Reference, ReferenceKind, RenderState};

/// A case: `=== path` begins a file, `=== here ConfigMap namespace/name` and `=== absent Secret namespace/name` are what
/// a cluster answers, `=== =>` is what comes of it: the units, what is wrong, and every object.
struct Case {
    files: String,
    references: Vec<(Reference, Supply<Content>)>,
    expected: String,
}

fn case(text: &str) -> Case {
    let mut case = Case { files: String::new(), references: Vec::new(), expected: String::new() };
    for part in text.split("=== ").filter(|part| !part.is_empty()) {
        let (head, body) = part.split_once('\n').expect("a head");
        match head.split(' ').collect::<Vec<_>>().as_slice() {
            ["=>"] => case.expected = body.to_owned(),
            ["here", kind, name] => {
                let lines = body.lines().filter_map(|line| line.split_once(": "));
                let values: Content = lines.map(|(name, value)| (name, value.replace("\\n", "\n"))).collect();
                case.references.push((reference(kind, name), Supply::Here(values)));
            }
            ["absent", kind, name] => {
                case.references.push((reference(kind, name), Supply::Absent("there is none".into())));
            }
            _ => case.files.push_str(&format!("=== {head}\n{body}")),
        }
    }
    case
}

fn reference(kind: &str, name: &str) -> Reference {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    let kind = if kind == "Secret" { ReferenceKind::Secret } else { ReferenceKind::ConfigMap };
    Reference { kind, namespace: namespace.into(), name: name.into() }
}

fn outcome(case: &Case) -> String {
    let mut inputs = inputs(tree(&case.files));
    for (reference, supply) in &case.references {
        inputs.references.insert((reference.clone(), Claim::default()), supply.clone());
    }
    let reading = read(&inputs);
    let mut out = draw(&reading);
    for line in told(&reading) {
        out.push_str(&format!("! {line}\n"));
    }
    for (id, unit) in &reading.units {
        let RenderState::Rendered(rendered) = &unit.state else { continue };
        let objects: Vec<Desired> = rendered
            .objects
            .iter()
            .map(|manifest| Desired { object: manifest.object(), origin: manifest.origin.clone() })
            .collect();
        if !objects.is_empty() {
            out.push_str(&format!("--- {}\n{}", id.name, emit(&objects)));
        }
    }
    out
}

#[test]
fn nested_kustomizations_come_to_the_units_that_flux_makes_of_them() {
    let folder = mainstay_harness::here!().join("src/tests/nested");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("cases").flatten() {
        let case = case(&std::fs::read_to_string(entry.path()).expect("a case"));
        let got = outcome(&case);
        count += 1;
        if got != case.expected {
            wrong.push(format!("{}:\n{got}", entry.path().display()));
        }
    }
    assert!(count >= 10, "the cases are there");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
