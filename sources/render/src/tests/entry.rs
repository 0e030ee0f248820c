//! The entry folder is a unit, under whatever name the repository gives it.
use super::draw::draw;
use super::{errors, id, inputs_at, told, tree};
use crate::{Followed, Inputs, Supply, read};
use mainstay_unit::{Claim, GitReference, Reading, Reference, ReferenceKind, RenderState, SourceId};

/// A repository at `https://github.com/acme/fleet`, whose folder `cluster` is read first and declares itself as `name`.
fn repository(name: &str, fields: &str) -> String {
    format!(
        "=== cluster/kustomization.yaml\nresources: [sync.yaml, x.yaml]\n=== cluster/x.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x, namespace: y}}\ndata: {{v: '${{v:=none}}'}}\n\
         === cluster/sync.yaml\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: home, namespace: flux-system}}\nspec: {{interval: 1m, url: 'https://github.com/acme/fleet.git', ref: {{branch: main}}}}\n\
         ---\n{}---\n{}",
        kustomization(name, "./cluster", fields),
        kustomization("apps", "./apps", ""),
    ) + "=== apps/z.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: z, namespace: y}\n"
}

fn kustomization(name: &str, path: &str, fields: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec:\n  interval: 10m\n  prune: true\n  path: {path}\n  sourceRef: {{kind: GitRepository, name: home}}\n{fields}"
    )
}

fn checkout(text: &str, urls: &[&str]) -> Inputs {
    let urls = urls.iter().map(|url| (*url).to_owned()).collect();
    let followed =
        Followed { urls, reference: GitReference::default(), folder: true, source: None, unproved: false };
    Inputs { followed: Some(followed), ..inputs_at(tree(text), "cluster") }
}

const SSH: &str = "git@github.com:acme/fleet";

fn state<'r>(reading: &'r Reading, unit: &str) -> &'r RenderState {
    &reading.units[&id(unit)].state
}

#[test]
fn the_entry_is_seen_as_itself_by_the_url_of_its_source() {
    let reading = read(&checkout(&repository("cluster", ""), &["https://example.com/fork", SSH]));
    assert_eq!(told(&reading), Vec::<String>::new());
    let drawn = draw(&reading);
    assert_eq!(
        drawn,
        "kustomization/flux-system/apps [applied] 1 objects\n  from kustomization/flux-system/cluster\n  ConfigMap y/z\n\
         kustomization/flux-system/cluster [applied] 1 objects\n  ConfigMap y/x\n"
    );
    // By the name that bootstrap gives it, it is as it was.
    let reading = read(&checkout(&repository("flux-system", ""), &[SSH]));
    assert_eq!(told(&reading), Vec::<String>::new());
    assert_eq!(draw(&reading), drawn.replace("flux-system/cluster", "flux-system/flux-system"));
}

#[test]
fn what_the_entry_decrypts_is_not_refused() {
    let encrypted = "=== cluster/x.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: y}\nstringData: {v: 'ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]'}\nsops: {mac: x, version: 3.9.0}\n";
    let decryption = "  decryption: {provider: sops, secretRef: {name: keys}}\n";
    for (fields, refused) in [("", true), (decryption, false)] {
        let text = repository("cluster", fields);
        let (before, after) = text.split_once("=== cluster/x.yaml").unwrap();
        let (_, after) = after.split_once("=== cluster/sync.yaml").unwrap();
        let text = format!("{before}{encrypted}=== cluster/sync.yaml{after}");
        let mut inputs = checkout(&text, &[SSH]);
        let keys =
            Reference { kind: ReferenceKind::Secret, namespace: "flux-system".into(), name: "keys".into() };
        inputs.references.insert((keys, Claim::default()), Supply::NotEvaluated("no cluster".into()));
        let reading = read(&inputs);
        assert_eq!(
            errors(&reading).iter().any(|line| line.contains("MS4502")),
            refused,
            "{:?}",
            errors(&reading)
        );
        assert!(reading.units.contains_key(&id("kustomization/flux-system/apps")));
    }
}

#[test]
fn an_entry_that_can_not_be_rendered_is_still_the_entry() {
    let fields = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n";
    let vars =
        Reference { kind: ReferenceKind::ConfigMap, namespace: "flux-system".into(), name: "vars".into() };
    for name in ["cluster", "flux-system"] {
        let mut inputs = checkout(&repository(name, fields), &[SSH]);
        let unit = format!("kustomization/flux-system/{name}");
        inputs.references.insert((vars.clone(), Claim::default()), Supply::NotEvaluated("no cluster".into()));
        let reading = read(&inputs);
        assert_eq!(errors(&reading), Vec::<String>::new());
        assert_eq!(reading.units.keys().map(ToString::to_string).collect::<Vec<_>>().join(" "), unit);
        assert!(matches!(state(&reading, &unit), RenderState::NotRendered { .. }));
        assert!(!reading.unread.is_empty(), "what it declares is not known");
        let known = [("v".to_owned(), "here".to_owned())].into();
        inputs.references.insert((vars.clone(), Claim::default()), Supply::Here(known));
        let reading = read(&inputs);
        let RenderState::Rendered(rendered) = state(&reading, &unit) else { panic!("{:?}", told(&reading)) };
        assert_eq!(rendered.objects[0].object().value()["data"]["v"], "here");
        assert_eq!(reading.units.len(), 2);
    }
}

#[test]
fn an_entry_with_an_account_asks_nobody_above_it() {
    for name in ["cluster", "flux-system"] {
        let reading = read(&checkout(&repository(name, "  serviceAccountName: flux\n"), &[SSH]));
        assert_eq!(errors(&reading), Vec::<String>::new());
        assert!(reading.units[&id(&format!("kustomization/flux-system/{name}"))].authorities.is_empty());
        assert_eq!(reading.units[&id("kustomization/flux-system/apps")].authorities.len(), 1);
    }
}

#[test]
fn another_repository_another_state_of_it_or_two_of_them_are_not_the_entry() {
    let text = repository("cluster", "");
    let again = format!("---\n{}---\napiVersion: kustomize", kustomization("again", "./cluster", ""));
    let twice = text.replacen("---\napiVersion: kustomize", &again, 1);
    let staging = text.replacen(
        "---\napiVersion: kustomize",
        "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: staging, namespace: flux-system}\nspec: {interval: 1m, url: 'https://github.com/acme/fleet', ref: {branch: staging}}\n---\napiVersion: kustomize",
        1,
    );
    for (text, url) in [
        (text.clone(), "https://github.com/acme/other"),
        // Which of the two branches the checkout stands for is not known.
        (staging, SSH),
        (text.replace("{branch: main}", "{tag: v1}"), SSH),
        (twice, SSH),
        (text.replace("path: ./cluster", "path: ./cluster/../apps"), SSH),
    ] {
        let reading = read(&checkout(&text, &[url]));
        let entry = &reading.units[&id("kustomization/flux-system/flux-system")];
        assert!(entry.parent.is_none(), "{:?}", told(&reading));
        let child =
            reading.units.get(&id("kustomization/flux-system/cluster")).map(|unit| unit.parent.clone());
        assert_eq!(
            child,
            Some(Some(id("kustomization/flux-system/flux-system"))),
            "{text}{}",
            draw(&reading)
        );
    }
}

#[test]
fn a_checkout_of_the_main_branch_is_no_other_branch() {
    let branch = |name: &str| GitReference { branch: Some(name.into()), ..GitReference::default() };
    let text = repository("cluster", "");
    let seen_as_itself = |text: &str, reference: GitReference| {
        let mut inputs = checkout(text, &[SSH]);
        inputs.followed.as_mut().unwrap().reference = reference;
        read(&inputs).units[&id("kustomization/flux-system/cluster")].parent.is_none()
    };
    let whole = text.replace("{branch: main}", "{name: refs/heads/main}");
    let tenants = text.replace("{branch: main}", "{branch: dev-team}");
    assert!(seen_as_itself(&text, branch("main")));
    assert!(seen_as_itself(&whole, branch("main")), "the same branch by its whole name");
    assert!(!seen_as_itself(&tenants, branch("main")), "a tenant's branch of the platform repository");
    assert!(seen_as_itself(&tenants, GitReference::default()), "a branch of one's own may stand for it");
    let bootstrap =
        tenants.replace("{name: home, ", "{name: flux-system, ").replace("name: home}", "name: flux-system}");
    assert!(seen_as_itself(&bootstrap, branch("main")), "what bootstrap declares is meant whatever it says");
}

#[test]
fn a_source_that_nobody_declares_stands_for_the_repository_where_that_is_said() {
    let (head, apps) = (
        "=== cluster/sync.yaml\n",
        "=== apps/z.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: z, namespace: y}\n",
    );
    for kind in ["GitRepository", "OCIRepository"] {
        let unit = kustomization("apps", "./apps", "").replace("GitRepository", kind);
        let text = format!("{head}{unit}{apps}");
        let state_of = |source: Option<SourceId>| {
            let mut inputs = checkout(&text, &[]);
            inputs.followed.as_mut().unwrap().source = source;
            let reading = read(&inputs);
            let hints: Vec<_> = reading.diagnostics.iter().filter_map(|told| told.hint.clone()).collect();
            let rendered =
                matches!(state(&reading, "kustomization/flux-system/apps"), RenderState::Rendered(_));
            (rendered, told(&reading), hints.join("\n"))
        };
        let home = |name: &str| SourceId::Named {
            kind: kind.into(),
            namespace: "flux-system".into(),
            name: name.into(),
        };
        assert_eq!(state_of(Some(home("home"))), (true, Vec::new(), String::new()));
        for other in [None, Some(home("elsewhere"))] {
            let (rendered, told, hints) = state_of(other);
            assert!(!rendered && told[0].contains("MS3008"), "{told:?}");
            assert!(hints.contains(&format!("--source {kind}/flux-system/home")), "{hints}");
        }
    }
}
