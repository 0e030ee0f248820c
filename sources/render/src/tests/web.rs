//! Files of the web that kustomizations of units name: what the Platform names with a digest, and nothing else.
use super::outside::{reason, state};
use super::{errors, inputs, told, tree};
use crate::{Cache, Inputs, Supply, read_with};
use mainstay_unit::{Need, RenderState, WebFile};
use std::sync::Arc;

const URL: &str = "https://example.com/releases/v1/install.yaml";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: there, namespace: x}\n";

fn file() -> WebFile {
    WebFile { url: URL.into(), sha256: "a".repeat(64) }
}

fn repository(named: &str, kustomization: &str) -> Inputs {
    inputs(tree(&format!(
        "=== platform.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {{name: p}}\nspec:\n  kustomize: {{remoteFiles: [{named}]}}\n\
         === m.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: m}}\nspec: {{source: {{path: m}}, namespace: apps}}\n\
         === m/kustomization.yaml\n{kustomization}"
    )))
}

fn named() -> String {
    format!("{{url: '{URL}', sha256: {}}}", "a".repeat(64))
}

#[test]
fn a_file_that_the_platform_names_is_a_need_and_then_part_of_the_unit() {
    let kustomization = format!(
        "namespace: ns\nresources: ['{URL}']\nconfigMapGenerator:\n- name: own\n  files: [install.yaml={URL}]\n"
    );
    let mut inputs = repository(&named(), &kustomization);
    let mut cache = Cache::default();
    let asked = read_with(&inputs, &mut cache);
    assert_eq!((asked.needs.clone(), errors(&asked)), ([Need::File { file: file() }].into(), Vec::new()));

    inputs.files.insert(file(), Supply::Here(Arc::from(MAP.as_bytes())));
    let reading = read_with(&inputs, &mut cache);
    let RenderState::Rendered(rendered) = state(&reading) else { panic!("{:?}", told(&reading)) };
    let told: Vec<(String, String)> = rendered
        .objects
        .iter()
        .map(|object| (object.key.name().split('-').next().unwrap().to_owned(), object.origin.to_string()))
        .collect();
    assert_eq!(told[1], ("there".to_owned(), format!("{URL}:1:1")));
    assert_eq!(told[0].0, "own");
    assert_eq!(rendered.objects[0].object().value()["data"]["install.yaml"], MAP);
    assert!(rendered.reads.iter().all(|path| !path.contains("example.com")), "{:?}", rendered.reads);

    // Nothing has changed: nothing is rendered anew. Its digest says what is in it.
    let again = read_with(&inputs, &mut cache);
    assert!(
        cache.rendered() == 0
            && matches!(state(&again), RenderState::Rendered(other) if Arc::ptr_eq(other, rendered))
    );
    inputs.files.insert(file(), Supply::NotEvaluated("the server is away".to_owned()));
    let away = read_with(&inputs, &mut cache);
    assert!(reason(&away).contains("the server is away") && reason(&away).contains(URL), "{}", reason(&away));
    inputs.files.insert(file(), Supply::Refused("it has the digest b".to_owned()));
    let changed = errors(&read_with(&inputs, &mut cache));
    assert!(
        changed.len() == 1 && changed[0].contains("MS4013") && changed[0].contains("the digest b"),
        "{changed:?}"
    );
}

#[test]
fn any_other_file_of_the_web_is_refused() {
    let with = |named: &str, url: &str| {
        let inputs = repository(named, &format!("resources: ['{url}']\n"));
        let reading = read_with(&inputs, &mut Cache::default());
        assert!(reading.needs.is_empty());
        let hint = reading.errors().next().and_then(|problem| problem.hint.clone()).unwrap_or_default();
        (errors(&reading).join("\n"), hint)
    };
    let (told, hint) = with("", URL);
    assert!(told.starts_with("m/kustomization.yaml:1 MS4013") && told.contains("does not name it"), "{told}");
    assert!(
        hint.contains("spec.kustomize.remoteFiles")
            && hint.contains(&format!("curl -fsSL {URL} | sha256sum"))
    );
    for other in [
        "https://example.com/releases/v2/install.yaml",
        "https://example.com/releases/v1/install.yaml?x=1",
        "http://example.com/releases/v1/install.yaml",
    ] {
        assert!(with(&named(), other).0.contains("does not name it"), "{other}");
    }
    assert!(with(&named(), "https://user:hunter2@example.com/a.yaml").0.contains("without a user"));
}

#[test]
fn a_digest_is_written_whole() {
    for wrong in [
        "{url: 'https://example.com/a.yaml', sha256: abc}",
        "{url: 'ftp://example.com/a.yaml', sha256: x}",
        "{url: 'https://example.com/a.yaml'}",
    ] {
        let reading = read_with(&repository(wrong, "resources: []\n"), &mut Cache::default());
        assert!(
            errors(&reading).iter().any(|line| line.starts_with("platform.yaml")),
            "{wrong}: {:?}",
            told(&reading)
        );
    }
}

#[test]
fn what_is_declared_or_wrong_in_it_is_told_at_its_url() {
    let inputs_with = |content: &str| {
        let mut inputs = repository(&named(), &format!("resources: ['{URL}']\n"));
        inputs.files.insert(file(), Supply::Here(Arc::from(content.as_bytes())));
        inputs
    };
    let told_of = |content: &str| errors(&read_with(&inputs_with(content), &mut Cache::default()));
    let broken = told_of("a: [\n");
    assert!(broken.len() == 1 && broken[0].starts_with(&format!("{URL}:")), "{broken:?}");
    let unit = "# first\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k, namespace: apps}\nspec: {interval: soon, path: ./none, prune: true, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}\n";
    let declared = told_of(unit);
    assert!(declared[0].starts_with(&format!("{URL}:5 ")), "{declared:?}");
}
