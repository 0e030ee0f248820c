use super::draw::draw;
use super::{errors, id, inputs, reading, told, tree};
use crate::{Supply, read};
use mainstay_unit::{
    Claim, GitVerification, Need, Reference, ReferenceKind, RenderState, Signable, SourceId,
};

fn kustomization(name: &str, fields: &str) -> String {
    format!(
        "=== {name}.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec:\n  interval: 10m\n  prune: true\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{fields}"
    )
}

const ENTRY: &str = "=== kustomization.yaml\nresources: [a.yaml]\n";
const CONFIG: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\ndata: {v: '${v}'}\n";

#[test]
fn children_are_patched_named_and_substituted_by_their_parent() {
    let child = kustomization("child", "  path: ./leaf\n  postBuild: {substitute: {v: '${v}'}}\n")
        .replace("=== child.yaml", "=== mid/child.yaml");
    let parent = kustomization("a", "  path: ./mid\n  namePrefix: p-\n  postBuild: {substitute: {v: eu}}\n");
    let reading = reading(&format!("{ENTRY}{parent}{child}=== leaf/x.yaml\n{CONFIG}"));
    assert_eq!(told(&reading), Vec::<String>::new());
    let unit = &reading.units[&id("kustomization/flux-system/p-child")];
    assert_eq!(unit.parent, Some(id("kustomization/flux-system/a")));
    let RenderState::Rendered(rendered) = &unit.state else { panic!("{:?}", unit.state) };
    assert_eq!(rendered.objects[0].object().value()["data"]["v"], "eu");
    assert_eq!(unit.unit.declared_at.file, "mid/child.yaml");
}

#[test]
fn a_child_needs_what_every_account_above_it_may_do() {
    let leaf = kustomization("leaf", "  path: ./leaf\n  serviceAccountName: root\n")
        .replace("=== leaf.yaml", "=== b/leaf.yaml");
    let b = kustomization("b", "  path: ./b\n  serviceAccountName: strong\n")
        .replace("=== b.yaml", "=== a/b.yaml");
    let a = kustomization("a", "  path: ./a\n  serviceAccountName: tenant\n");
    let reading = reading(&format!("{ENTRY}{a}{b}{leaf}=== leaf/x.yaml\n{CONFIG}"));
    let asked = |name: &str| {
        let unit = &reading.units[&id(name)];
        let one = |a: &mainstay_unit::Authority| {
            format!("{} -> {} {}/{}", a.account.name, a.resource, a.namespace, a.name)
        };
        unit.authorities.iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(asked("kustomization/flux-system/a"), Vec::<String>::new());
    assert_eq!(asked("kustomization/flux-system/b"), ["tenant -> kustomizations flux-system/b"]);
    assert_eq!(
        asked("kustomization/flux-system/leaf"),
        ["tenant -> kustomizations flux-system/b", "strong -> kustomizations flux-system/leaf"]
    );
}

#[test]
fn the_entry_does_not_render_itself_for_ever() {
    let sync = kustomization("flux-system", "  path: ./\n  wait: true\n")
        .replace("=== flux-system.yaml", "=== a.yaml");
    let reading = reading(&format!("{ENTRY}{sync}"));
    assert_eq!(told(&reading), Vec::<String>::new());
    assert_eq!(draw(&reading), "kustomization/flux-system/flux-system [healthy] 0 objects\n");
    assert_eq!(reading.units[&id("kustomization/flux-system/flux-system")].unit.declared_at.file, "a.yaml");
}

#[test]
fn a_render_that_declares_itself_anew_is_stopped() {
    let endless = kustomization("a", "  path: ./\n  postBuild: {substitute: {n: 'x${n:=}'}}\n")
        .replace("name: a,", "name: 'a${n:=}',");
    let told = errors(&reading(&format!("{ENTRY}{endless}")));
    assert!(told.iter().any(|line| line.contains("MS5011")), "{told:?}");
}

#[test]
fn references_are_needs_until_they_are_here() {
    let text = format!(
        "{ENTRY}{}=== leaf/x.yaml\n{CONFIG}",
        kustomization("a", "  path: leaf\n  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n")
    );
    let mut inputs = inputs(tree(&text));
    let reference =
        Reference { kind: ReferenceKind::ConfigMap, namespace: "flux-system".into(), name: "vars".into() };
    let unit = id("kustomization/flux-system/a");
    let first = read(&inputs);
    assert_eq!(
        first.needs.iter().collect::<Vec<_>>(),
        [&Need::Reference { reference: reference.clone(), claim: Claim::default() }]
    );
    inputs
        .references
        .insert((reference.clone(), Claim::default()), Supply::NotEvaluated("no cluster".into()));
    let offline = read(&inputs);
    assert!(offline.needs.is_empty());
    assert_eq!(
        offline.units[&unit].state,
        RenderState::NotRendered { reason: "ConfigMap flux-system/vars is not evaluated: no cluster".into() }
    );
    inputs.references.insert((reference.clone(), Claim::default()), Supply::Here([("v", "1")].into()));
    assert!(matches!(read(&inputs).units[&unit].state, RenderState::Rendered(_)));
    let reason = "ConfigMap flux-system/vars: the value of its key v is not UTF-8 text".to_owned();
    inputs.references.insert((reference, Claim::default()), Supply::Here([("v", b"\xff".to_vec())].into()));
    assert_eq!(read(&inputs).units[&unit].state, RenderState::NotRendered { reason });
}

#[test]
fn an_undefined_dependency_waits_and_an_undeclared_source_too() {
    let a = kustomization("a", "  path: leaf\n  dependsOn: [{name: none}]\n")
        .replace("name: flux-system}", "name: other}");
    let reading = reading(&format!("{ENTRY}{a}=== leaf/x.yaml\n{CONFIG}"));
    assert_eq!(errors(&reading), Vec::<String>::new());
    let codes: Vec<_> = reading.diagnostics.iter().map(|d| d.code.id).collect();
    assert!(codes.contains(&"MS5005") && codes.contains(&"MS3008"), "{codes:?}");
}

#[test]
fn what_an_encrypted_file_holds_is_never_rendered() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: y}\nsops: {mac: ENC}\n";
    let with =
        |fields: &str| reading(&format!("{ENTRY}{}=== leaf/x.yaml\n{secret}", kustomization("a", fields)));
    let unit = id("kustomization/flux-system/a");
    let known = with("  path: leaf\n  decryption: {provider: sops}\n");
    assert_eq!(errors(&known), Vec::<String>::new());
    assert!(matches!(known.units[&unit].state, RenderState::NotRendered { .. }));
    assert!(errors(&with("  path: leaf\n"))[0].contains("leaf/x.yaml:1 MS4502"));
}

#[test]
fn a_unit_with_an_encrypted_file_still_declares_what_is_in_the_clear() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: y}\nsops: {mac: ENC}\n";
    let parent = kustomization("a", "  path: a\n  decryption: {provider: sops}\n");
    let child = kustomization("b", "  path: b\n").replace("=== b.yaml", "=== a/b.yaml");
    let with = |encrypted: &str| {
        reading(&format!("{ENTRY}{parent}=== a/x.yaml\n{encrypted}{child}=== b/x.yaml\n{CONFIG}"))
    };
    let known = with(secret);
    assert!(matches!(known.units[&id("kustomization/flux-system/b")].state, RenderState::Rendered(_)));
    assert!(known.unread.is_empty(), "{:?}", known.unread);
    let hidden = secret.replace("v1\nkind: Secret", "kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization");
    assert_eq!(with(&hidden).unread.len(), 1, "an encrypted declaration is one that was not read");
}

#[test]
fn references_are_read_as_who_the_unit_is_applied_as() {
    let source = "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: r, namespace: n}\n\
                  spec: {interval: 1m, url: 'https://example.com/r'}\n";
    let leaf = kustomization(
        "leaf",
        "  path: leaf\n  serviceAccountName: own\n  postBuild: {substituteFrom: [{kind: Secret, name: s}]}\n",
    );
    let use_it = kustomization("use", "  path: ./\n")
        .replace("name: flux-system}", "name: r, namespace: n}")
        .replace("=== use.yaml", "=== a/use.yaml");
    let a = kustomization("a", "  path: ./a\n  serviceAccountName: tenant\n");
    let leaf = leaf.replace("=== leaf.yaml", "=== a/leaf.yaml");
    let reading = reading(&format!("{ENTRY}{a}{leaf}{use_it}{source}=== leaf/x.yaml\n{CONFIG}"));
    let asked: Vec<String> = reading
        .needs
        .iter()
        .map(|need| {
            let one =
                |a: &mainstay_unit::Authority| format!("{} -> {} {}", a.account.name, a.resource, a.name);
            match need {
                Need::Git { authorities, .. } => authorities.iter().map(one).collect(),
                Need::Chart { .. }
                | Need::Artifact { .. }
                | Need::Capabilities { .. }
                | Need::Lookup { .. }
                | Need::Helm { .. }
                | Need::File { .. } => format!("{need:?}"),
                Need::Reference { claim, .. } => {
                    let own = claim.account.as_ref().map(|account| account.name.clone()).unwrap_or_default();
                    format!("as {own}: {}", claim.authorities.iter().map(one).collect::<String>())
                }
            }
        })
        .collect();
    assert_eq!(asked, ["tenant -> gitrepositories r", "as own: tenant -> kustomizations leaf"]);
}

#[test]
fn a_shared_namespace_belongs_to_the_first_in_graph_order() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n";
    let with = |label: &str| {
        reading(&format!(
            "=== kustomization.yaml\nresources: [a.yaml, b.yaml]\n{}{}=== one/n.yaml\n{namespace}=== two/n.yaml\n{namespace}{label}",
            kustomization("a", "  path: one\n  dependsOn: [{name: b}]\n"),
            kustomization("b", "  path: two\n"),
        ))
    };
    let alike = with("");
    assert_eq!(told(&alike).len(), 1, "{:?}", told(&alike));
    assert!(told(&alike)[0].contains("one/n.yaml:1 MS5003"));
    let count = |name: &str| match &alike.units[&id(name)].state {
        RenderState::Rendered(rendered) => rendered.objects.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((count("kustomization/flux-system/a"), count("kustomization/flux-system/b")), (0, 1));
    assert!(errors(&with("spec: {}\n"))[0].contains("MS5002"));
}

#[test]
fn what_kustomizations_render_alike_belongs_to_the_first_that_is_not_suspended() {
    let map = |value: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m, namespace: n}}\ndata: {{a: {value}}}\n"
        )
    };
    // The folder of one lies in that of the other, as in many repositories.
    let with = |b: &str, inner: &str| {
        reading(&format!(
            "=== kustomization.yaml\nresources: [a.yaml, b.yaml]\n{}{}=== outer/inner/m.yaml\n{}=== other/m.yaml\n{}",
            kustomization("a", "  path: outer\n  dependsOn: [{name: b}]\n"),
            kustomization("b", &format!("  path: {inner}\n{b}")),
            map("x"),
            map("y"),
        ))
    };
    let count = |reading: &mainstay_unit::Reading, name: &str| match &reading.units[&id(name)].state {
        RenderState::Rendered(rendered) => rendered.objects.len(),
        other => panic!("{other:?}"),
    };
    let counts = |reading: &mainstay_unit::Reading| {
        (count(reading, "kustomization/flux-system/a"), count(reading, "kustomization/flux-system/b"))
    };
    let alike = with("", "outer/inner");
    assert_eq!(errors(&alike), Vec::<String>::new());
    let shared = |line: &&String| line.contains("MS5012");
    assert_eq!(told(&alike).iter().filter(shared).count(), 1, "{:?}", told(&alike));
    assert_eq!(counts(&alike), (0, 1));
    assert_eq!(counts(&with("  suspend: true\n", "outer/inner")), (1, 0));
    // What differs by so much as a label would be overwritten without end.
    for other in [with("  commonMetadata: {labels: {a: b}}\n", "outer/inner"), with("", "other")] {
        assert!(errors(&other).len() == 1 && errors(&other)[0].contains("MS5002"), "{:?}", told(&other));
    }
}

#[test]
fn what_is_wrong_in_a_folder_without_a_kustomization_is_told_of_at_the_folder() {
    let twice = format!("{CONFIG}---\n{CONFIG}");
    let told =
        errors(&reading(&format!("{ENTRY}{}=== leaf/x.yaml\n{twice}", kustomization("a", "  path: leaf\n"))));
    assert!(told.len() == 1 && told[0].starts_with("leaf MS4008 "), "{told:?}");
}

fn git_repository(name: &str, fields: &str) -> String {
    format!(
        "=== {name}-source.yaml\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec:\n  interval: 10m\n  url: https://example.com/acme/fleet\n{fields}"
    )
}

#[test]
fn a_source_that_must_be_signed_says_so_in_its_need_and_fails_its_units_where_it_is_not() {
    let source = git_repository("app", "  verify: {mode: Tag, secretRef: {name: keys}}\n  ref: {tag: v1}\n");
    let unit = kustomization("a", "  path: ./leaf\n").replace("name: flux-system}", "name: app}");
    let entry = "=== kustomization.yaml\nresources: [a.yaml, app-source.yaml]\n";
    let mut inputs = inputs(tree(&format!("{entry}{source}{unit}")));
    let need = read(&inputs).needs.into_iter().next();
    let Some(Need::Git { id: app, verify: Some(wanted), .. }) = need else { panic!("{need:?}") };
    let keys =
        Reference { kind: ReferenceKind::Secret, namespace: "flux-system".into(), name: "keys".into() };
    assert_eq!(wanted, GitVerification { what: Signable::Tag, keys });
    inputs.trees.insert(app, crate::Supply::Refused("tag v1 is not verified: it is not signed".into()));
    let reading = read(&inputs);
    let state = &reading.units[&id("kustomization/flux-system/a")].state;
    assert!(matches!(state, RenderState::Failed { .. }), "{state:?}");
    let told = told(&reading);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("MS6002 GitRepository flux-system/app: tag v1 is not verified: it is not signed"),
        "{told:?}"
    );
}

#[test]
fn the_repository_that_is_followed_does_not_vouch_for_itself() {
    let source =
        git_repository("flux-system", "  verify: {secretRef: {name: keys}}\n  ref: {branch: main}\n");
    let leaf = kustomization("a", "  path: ./leaf\n");
    let entry = "=== kustomization.yaml\nresources: [a.yaml, flux-system-source.yaml]\n";
    let mut inputs = inputs(tree(&format!("{entry}{source}{leaf}=== leaf/x.yaml\n{CONFIG}")));
    let mut told_if = |unproved: bool, named: bool| {
        inputs.followed = Some(crate::Followed {
            urls: vec!["https://example.com/acme/fleet".into()],
            reference: mainstay_unit::GitReference { branch: Some("main".into()), ..Default::default() },
            folder: false,
            source: named.then(|| SourceId::Named {
                kind: "GitRepository".into(),
                namespace: "flux-system".into(),
                name: "flux-system".into(),
            }),
            unproved,
        });
        told(&read(&inputs))
    };
    for named in [false, true] {
        assert_eq!(told_if(false, named), Vec::<String>::new());
        let told = told_if(true, named);
        assert!(
            told.iter().any(|one| one.contains("MS6002") && one.contains("--git-keyring-file")),
            "{told:?}"
        );
    }
}

#[test]
fn what_the_source_leaves_out_is_not_there() {
    let source = git_repository("flux-system", "  ignore: |\n    /leaf/old.yaml\n    !logo.png\n");
    let source = source.replace("=== flux-system-source.yaml", "=== source.yaml");
    let leaf = kustomization("a", "  path: ./leaf\n");
    let old = CONFIG.replace("name: x", "name: old");
    let files = format!("=== leaf/x.yaml\n{CONFIG}=== leaf/old.yaml\n{old}=== leaf/logo.png\nx\n");
    let rendered = |source: &str| {
        let entry = "=== kustomization.yaml\nresources: [a.yaml, source.yaml]\n";
        let mut inputs = inputs(tree(&format!("{entry}{source}{leaf}{files}")));
        inputs.followed = Some(crate::Followed {
            urls: vec!["https://example.com/acme/fleet".into()],
            reference: mainstay_unit::GitReference::default(),
            folder: true,
            source: None,
            unproved: false,
        });
        read(&inputs)
    };
    let reading = rendered(&source);
    assert_eq!(told(&reading), Vec::<String>::new());
    let objects =
        |reading: &mainstay_unit::Reading| match &reading.units[&id("kustomization/flux-system/a")].state {
            RenderState::Rendered(rendered) => rendered.objects.len(),
            other => panic!("{other:?}"),
        };
    assert_eq!(objects(&reading), 1);
    assert_eq!(objects(&rendered(&source.replace("/leaf/old.yaml", "/leaf/other.yaml"))), 2);
    let sparse = source.replace("  ignore: |\n", "  sparseCheckout: [lea]\n  ignore: |\n");
    let told = told(&rendered(&sparse));
    assert!(told.iter().any(|line| line.contains("the folder lea does not exist")), "{told:?}");
    let sparse = source.replace("  ignore: |\n", "  sparseCheckout: [leaf/x.yaml]\n  ignore: |\n");
    assert_eq!(objects(&rendered(&sparse)), 1);
}

#[test]
fn an_ignore_file_of_the_platform_is_heeded_from_the_beginning() {
    let broken = "=== old/kustomization.yaml\nresources: [nothing.yaml]\n";
    let text = CONFIG.replace("${v}", "v");
    let files = format!("=== x.yaml\n{text}{broken}");
    assert_eq!(
        errors(&reading(&files)),
        ["old/kustomization.yaml:1 MS4004 there is no file or folder nothing.yaml in old"]
    );
    let mut cache = crate::Cache::default();
    let ignoring = |ignored: &str, cache: &mut crate::Cache| {
        let text = format!("{files}=== .sourceignore\n{ignored}\n");
        let reading = crate::read_with(&inputs(tree(&text)), cache);
        (errors(&reading).len(), draw(&reading).matches("ConfigMap").count())
    };
    assert_eq!(ignoring("/old/", &mut cache), (0, 1));
    assert_eq!(ignoring("old/*\nx.yaml", &mut cache), (0, 0));
    assert_eq!(ignoring("/older/", &mut cache).0, 1);
    assert_eq!(ignoring("/old/", &mut cache), (0, 1));
}
