//! What kustomizations of units take from outside of their tree: charts and bases of other repositories, as far as the
//! Platform allows.
use super::{errors, id, inputs, told, tree};
use crate::{Cache, Checkout, Supply, read, read_with};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{
    Capabilities, ChartArchive, Claim, GitReference, Lookup, Manifest, Need, Reading, RenderState, Rendered,
    ServiceAccount, Target,
};
use serde_json::{Value, json};
use std::sync::Arc;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const ALL: &str = "{helmCharts: true, remoteBases: ['https://git.example.com/acme/']}";
const CHART: &str = "=== m/charts/web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.2.3\n=== m/charts/web/values.yaml\na: 1\n";
const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n";
const HELM: &str = "helmCharts:\n- name: web\n  releaseName: shop\n";

fn platform(kustomize: &str) -> String {
    format!(
        "=== platform.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {{name: p}}\nspec:\n  kustomize: {kustomize}\n"
    )
}

/// A Module of the folder `m`.
fn module(name: &str, fields: &str) -> String {
    format!(
        "=== {name}.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: {name}}}\nspec: {{source: {{path: m}}, namespace: apps{fields}}}\n"
    )
}

fn repository(kustomize: &str, kustomization: &str, template: &str) -> String {
    format!(
        "{}{}=== m/kustomization.yaml\n{kustomization}{CHART}=== m/charts/web/templates/all.yaml\n{template}",
        platform(kustomize),
        module("m", ""),
    )
}

pub(super) fn state(reading: &Reading) -> &RenderState {
    &reading.units[&id("module/platform/m")].state
}

pub(super) fn reason(reading: &Reading) -> &str {
    match state(reading) {
        RenderState::NotRendered { reason } => reason,
        other => panic!("{other:?}\n{:#?}", told(reading)),
    }
}

fn rendered(reading: &Reading) -> &Arc<Rendered> {
    match state(reading) {
        RenderState::Rendered(rendered) => rendered,
        other => panic!("{other:?}\n{:#?}", told(reading)),
    }
}

fn one(reading: &Reading) -> &Manifest {
    match rendered(reading).objects.as_slice() {
        [one] => one,
        several => panic!("{} objects", several.len()),
    }
}

fn value(reading: &Reading) -> Value {
    one(reading).object().into_value()
}

fn hint(reading: &Reading) -> &str {
    reading.errors().next().and_then(|problem| problem.hint.as_deref()).unwrap_or_default()
}

#[test]
fn charts_of_a_kustomization_are_refused_until_the_platform_allows_them() {
    let refused = read(&inputs(tree(&repository("{}", HELM, MAP))));
    assert_eq!(
        errors(&refused),
        [
            "m/kustomization.yaml:2 MS4003 helmCharts: charts of kustomizations are not rendered here, and not by Flux"
        ]
    );
    assert!(hint(&refused).contains("spec.kustomize.helmCharts: true"));
    let allowed = read(&inputs(tree(&repository(ALL, HELM, MAP))));
    assert_eq!(told(&allowed), Vec::<String>::new());
    assert_eq!(
        value(&allowed),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop", "namespace": "apps"}})
    );
    assert!(rendered(&allowed).reads.contains("m/charts/web/templates/all.yaml"));
}

#[test]
fn a_flux_kustomization_renders_charts_only_where_the_platform_allows_it() {
    let flux = "=== kustomization.yaml\nresources: [ks.yaml]\n=== ks.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec: {interval: 10m, path: ./m, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n";
    let files =
        format!("{flux}=== m/kustomization.yaml\n{HELM}{CHART}=== m/charts/web/templates/all.yaml\n{MAP}");
    let state = |text: &str| {
        let reading = read(&inputs(tree(text)));
        (errors(&reading), reading.units[&id("kustomization/flux-system/apps")].state.clone())
    };
    let (errors, refused) = state(&files);
    assert!(errors.len() == 1 && errors[0].contains("MS4003"), "{errors:?}");
    assert!(matches!(refused, RenderState::Failed { .. }));
    let (errors, allowed) = state(&format!("{files}{}", platform(ALL)));
    assert_eq!(errors, Vec::<String>::new());
    assert!(matches!(allowed, RenderState::Rendered(rendered) if rendered.objects.len() == 1));
}

#[test]
fn a_commit_that_touches_nothing_of_a_chart_renders_nothing() {
    let mut files = tree(&repository(ALL, HELM, MAP));
    let mut cache = Cache::default();
    read_with(&inputs(files.clone()), &mut cache);
    let mut change = |path: &str, text: &str| {
        files.insert(TreePath::parse(path).unwrap(), text.as_bytes().into());
        let reading = read_with(&inputs(files.clone()), &mut cache);
        assert_eq!(reading, read(&inputs(files.clone())), "{path}");
        cache.rendered()
    };
    assert_eq!(change("README.md", "hello"), 0);
    assert_eq!(change("m/charts/web/values.yaml", "a: 2\n"), 1);
    assert_eq!(change("m/charts/web/templates/more.yaml", ""), 1);
    assert_eq!(change("charts/web/values.yaml", "a: 2\n"), 0);
    // What is no longer allowed is an error, whatever was rendered before.
    let platform = platform("{}");
    let (_, text) = platform.split_once('\n').unwrap();
    assert_eq!(change("platform.yaml", text), 1);
}

#[test]
fn a_chart_that_is_not_in_the_tree_is_a_need_and_its_digest_decides() {
    let kustomization = format!("{HELM}  repo: https://charts.example.com\n  version: 2.x\n");
    let mut inputs = inputs(tree(&repository(ALL, &kustomization, MAP)));
    let mut cache = Cache::default();
    let needs: Vec<Need> = read_with(&inputs, &mut cache).needs.into_iter().collect();
    let [Need::Chart { request, authorities }] = needs.as_slice() else { panic!("{needs:?}") };
    assert_eq!(request.to_string(), "web 2.x of https://charts.example.com");
    assert!(request.secret.is_none() && authorities.is_empty());
    let key = ((**request).clone(), authorities.clone());
    let files = |text: &str| {
        let files = [
            ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 2.1.0\n"),
            ("values.yaml", "a: 1\n"),
            ("templates/all.yaml", text),
        ];
        files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into()
    };
    let archive = |digest: &str, text: &str, stale: Option<&str>| {
        let (digest, version) = (digest.to_owned(), "2.1.0".to_owned());
        let stale = stale.map(str::to_owned);
        Supply::Here(Arc::new(ChartArchive { digest, version, files: files(text), stale }))
    };
    inputs.charts.insert(key.clone(), archive("sha256:1", MAP, None));
    let reading = read_with(&inputs, &mut cache);
    assert_eq!((value(&reading)["metadata"]["name"].as_str(), cache.rendered()), (Some("shop"), 1));
    // An outage is told, and renders nothing anew.
    inputs.charts.insert(key.clone(), archive("sha256:1", MAP, Some("since noon")));
    let reading = read_with(&inputs, &mut cache);
    assert_eq!(cache.rendered(), 0);
    assert!(told(&reading).iter().any(|line| line.contains("since noon")), "{:?}", told(&reading));
    inputs.charts.insert(key.clone(), archive("sha256:2", &MAP.replace("ConfigMap", "Secret"), None));
    assert_eq!(value(&read_with(&inputs, &mut cache))["kind"], "Secret");
    inputs.charts.insert(key, Supply::Absent("there is no such version".into()));
    let reading = read_with(&inputs, &mut cache);
    assert!(reason(&reading).contains("there is no such version") && errors(&reading).is_empty());
}

#[test]
fn a_repo_with_credentials_or_of_another_kind_is_refused_and_not_told() {
    for repo in
        ["https://user:hunter2@charts.example.com", "git@github.com:acme/charts", "file:///srv/charts"]
    {
        let reading =
            read(&inputs(tree(&repository(ALL, &format!("{HELM}  repo: {repo}\n  version: '1'\n"), MAP))));
        let errors = errors(&reading);
        assert!(errors.len() == 1 && errors[0].contains("MS4013"), "{errors:?}");
        assert!(!errors[0].contains("hunter2") && reading.needs.is_empty(), "{errors:?}");
    }
}

#[test]
fn what_a_chart_asks_of_its_cluster_is_asked_and_decides() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: {{ .Capabilities.KubeVersion.Version }}}\n";
    let mut inputs = inputs(tree(&repository(ALL, HELM, template)));
    let mut cache = Cache::default();
    let needs = read_with(&inputs, &mut cache).needs;
    assert_eq!(
        needs.into_iter().collect::<Vec<_>>(),
        [Need::Capabilities { target: Target::Management, authorities: Vec::new() }]
    );
    let mut of = |version: &str| {
        let served = Capabilities { version: version.into(), ..Capabilities::default() };
        inputs.capabilities.insert((Target::Management, Vec::new()), Supply::Here(Arc::new(served)));
        value(&read_with(&inputs, &mut cache))["data"]["v"].clone()
    };
    assert_eq!(of("v1.33.1"), "v1.33.1");
    assert_eq!(of("v1.34.0"), "v1.34.0");
    inputs.capabilities.insert((Target::Management, Vec::new()), Supply::NotEvaluated("no cluster".into()));
    assert!(reason(&read_with(&inputs, &mut cache)).contains("no cluster"));
    // Where the kustomization says it, nobody is asked.
    let named =
        read(&super::inputs(tree(&repository(ALL, &format!("{HELM}  kubeVersion: '1.30'\n"), template))));
    assert_eq!((value(&named)["data"]["v"].clone(), named.needs.len()), (json!("v1.30"), 0));
}

fn secret(text: &str) -> Supply<Arc<Value>> {
    Supply::Here(Arc::new(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "apps"},
        "data": {"k": text},
    })))
}

fn lookup() -> Lookup {
    Lookup {
        target: Target::Management,
        api_version: "v1".into(),
        kind: "Secret".into(),
        namespace: "apps".into(),
        name: "s".into(),
    }
}

const LOOKS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {v: {{ (lookup \"v1\" \"Secret\" \"apps\" \"s\").data.k | default \"none\" | sha256sum }}}\n";

#[test]
fn what_secrets_decided_is_sensitive_whatever_became_of_it() {
    let fixed = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: fixed}\n";
    let mut inputs = inputs(tree(&repository(ALL, HELM, &format!("{LOOKS}{fixed}"))));
    inputs.lookups.insert((lookup(), Claim::default()), secret("aHVudGVyMg=="));
    let reading = read(&inputs);
    let sensitive: Vec<&str> = rendered(&reading).sensitive.iter().map(|key| key.name()).collect();
    assert_eq!((sensitive, rendered(&reading).objects.len()), (vec!["c"], 2));
    // Nor is it in an error.
    let fails = "{{ fail (lookup \"v1\" \"Secret\" \"apps\" \"s\").data.k }}\n";
    let broken = "apiVersion: v1\nkind: [{{ (lookup \"v1\" \"Secret\" \"apps\" \"s\").data.k }}\n";
    for template in [fails, broken] {
        let mut failing = super::inputs(tree(&repository(ALL, HELM, template)));
        failing.lookups.clone_from(&inputs.lookups);
        let reading = read(&failing);
        let said = format!("{:?}", reading.diagnostics);
        assert_eq!(errors(&reading).len(), 1, "{said}");
        assert!(!said.contains("aHVudGVyMg") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn units_of_one_folder_look_up_each_as_its_own_account() {
    let account = |name: &str| ServiceAccount { namespace: "apps".into(), name: name.into() };
    let as_ = |name: &str| format!(", serviceAccount: {{namespace: apps, name: {name}}}");
    let text = format!(
        "{}{}{}=== m/kustomization.yaml\n{HELM}{CHART}=== m/charts/web/templates/all.yaml\n{LOOKS}",
        platform(ALL),
        module("m", &as_("one")),
        module("other", &as_("two")).replacen("namespace: apps,", "namespace: other,", 1),
    );
    let mut inputs = inputs(tree(&text));
    let mut cache = Cache::default();
    let needs = read_with(&inputs, &mut cache).needs;
    let claims: Vec<Claim> = needs
        .into_iter()
        .map(|need| match need {
            Need::Lookup { claim, .. } => claim,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        claims.iter().map(|c| c.account.clone()).collect::<Vec<_>>(),
        ["one", "two"].map(|n| Some(account(n)))
    );
    for (claim, text) in claims.into_iter().zip(["b25l", "dHdv"]) {
        inputs.lookups.insert((lookup(), claim), secret(text));
    }
    let reading = read_with(&inputs, &mut cache);
    let of = |unit: &str| match &reading.units[&id(unit)].state {
        RenderState::Rendered(rendered) => rendered.objects[0].object().into_value()["data"]["v"].clone(),
        other => panic!("{other:?}"),
    };
    assert_ne!(of("module/platform/m"), of("module/platform/other"));
}

#[test]
fn hooks_and_chance_are_told() {
    let template = format!(
        "{MAP}data: {{p: {{{{ randAlphaNum 8 }}}}}}\n---\n{}",
        MAP.replace("name: {{", "annotations: {helm.sh/hook: pre-install}\n  name: hook-{{")
    );
    let reading = read(&inputs(tree(&repository(ALL, HELM, &template))));
    let told = told(&reading);
    assert!(told.iter().any(|line| line.contains("1 of its objects are hooks")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("follow from this installation's key")), "{told:?}");
    let sensitive: Vec<&str> = rendered(&reading).sensitive.iter().map(|key| key.name()).collect();
    assert_eq!(sensitive, ["shop"]);
}

fn base(host: &str) -> String {
    format!("resources:\n- https://{host}//deploy?ref={COMMIT}\n")
}

fn elsewhere(text: &str) -> Supply<Checkout> {
    Supply::Here(Checkout { revision: COMMIT.into(), tree: Arc::new(tree(text)) })
}

#[test]
fn a_base_is_fetched_only_where_the_platform_allows_it() {
    for (kustomize, host) in [
        ("{}", "git.example.com/acme/base"),
        (ALL, "git.example.com/acme-evil/base"),
        (ALL, "git.example.com.evil.example/acme/base"),
        (ALL, "git.example.com:8443/acme/base"),
        (ALL, "git.example.com@evil.example/acme/base"),
        (ALL, "github.com/acme/base"),
    ] {
        let reading = read(&inputs(tree(&repository(kustomize, &base(host), ""))));
        let errors = errors(&reading);
        assert!(errors.len() == 1 && errors[0].starts_with("m/kustomization.yaml:2 MS4013 "), "{errors:?}");
        assert!(reading.needs.is_empty(), "{host}: {:?}", reading.needs);
        assert!(
            host.contains('@') || hint(&reading).contains("spec.kustomize.remoteBases"),
            "{}",
            hint(&reading)
        );
    }
    let unpinned = read(&inputs(tree(&repository(
        ALL,
        "resources: ['https://git.example.com/acme/base?ref=main']\n",
        "",
    ))));
    assert!(
        hint(&unpinned).contains("?ref= and its 40")
            && hint(&unpinned).contains("spec.kustomize.remoteBases")
    );
}

#[test]
fn a_base_is_a_need_at_its_commit_and_without_credentials() {
    let kustomization =
        format!("{}- https://git.example.com/acme/other?ref={COMMIT}\n", base("git.example.com/acme/base"));
    let mut inputs = inputs(tree(&repository(ALL, &kustomization, "")));
    let mut cache = Cache::default();
    let needs = read_with(&inputs, &mut cache).needs;
    assert_eq!(needs.len(), 2, "everything is asked for at once: {needs:?}");
    for need in needs {
        let Need::Git { id, url, reference, secret, authorities, .. } = need else { panic!("{need:?}") };
        let commit = Some(COMMIT.to_owned());
        assert_eq!((reference, secret), (GitReference { commit, ..GitReference::default() }, None));
        assert!(authorities.is_empty() && url.starts_with("https://git.example.com/acme/"));
        let name = url.rsplit('/').next().unwrap();
        let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
        let kustomization = "kustomization.yaml\nresources: [map.yaml]\n";
        inputs.trees.insert(
            id,
            elsewhere(&format!(
                "=== {kustomization}=== map.yaml\n{map}=== deploy/{kustomization}=== deploy/map.yaml\n{map}"
            )),
        );
    }
    let reading = read_with(&inputs, &mut cache);
    assert_eq!((told(&reading), cache.rendered()), (Vec::new(), 1));
    let origins: Vec<String> =
        rendered(&reading).objects.iter().map(|object| object.origin.to_string()).collect();
    assert_eq!(
        origins,
        [
            "https://git.example.com/acme/base@0123456789ab:deploy/map.yaml:1:1",
            "https://git.example.com/acme/other@0123456789ab:map.yaml:1:1"
        ]
    );
    assert!(
        !rendered(&reading).reads.iter().any(|path| path.contains("map.yaml")),
        "of this repository alone"
    );
    let again = read_with(&inputs, &mut cache);
    assert!(cache.rendered() == 0 && Arc::ptr_eq(rendered(&reading), rendered(&again)));
    for supply in inputs.trees.values_mut() {
        *supply = Supply::Absent("the server is away".into());
    }
    let away = read_with(&inputs, &mut cache);
    assert!(reason(&away).contains("the server is away") && errors(&away).is_empty(), "{:?}", told(&away));
}

#[test]
fn a_build_asks_for_so_many_bases_and_charts_and_no_more() {
    let bases = |count: usize| {
        let one = |n: usize| format!("- https://git.example.com/acme/base-{n}?ref={COMMIT}\n");
        format!("resources:\n{}", (0..count).map(one).collect::<String>())
    };
    let charts = |count: usize| {
        let one = |n: usize| format!("- {{name: c{n}, repo: 'https://charts.example.com', version: '1'}}\n");
        format!("helmCharts:\n{}", (0..count).map(one).collect::<String>())
    };
    for of in [&bases as &dyn Fn(usize) -> String, &charts] {
        let most = read(&inputs(tree(&repository(ALL, &of(100), MAP))));
        assert_eq!((most.needs.len(), errors(&most)), (100, Vec::new()));
        let more = read(&inputs(tree(&repository(ALL, &of(101), MAP))));
        let told = errors(&more);
        assert!(more.needs.is_empty() && told.len() == 1 && told[0].contains("more than 100"), "{told:?}");
    }
}

#[test]
fn what_a_base_declares_has_its_place_there() {
    let flux = "=== kustomization.yaml\nresources:\n- https://git.example.com/acme/base?ref=COMMIT\n"
        .replace("COMMIT", COMMIT);
    let mut inputs = inputs(tree(&format!("{flux}{}", platform(ALL))));
    let Some(Need::Git { id: base, .. }) = read(&inputs).needs.into_iter().next() else { panic!("a need") };
    let declared = "=== kustomization.yaml\nresources: [deep/ks.yaml]\n=== deep/ks.yaml\n# first\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec: {interval: soon, path: ./none, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n";
    inputs.trees.insert(base, elsewhere(declared));
    let reading = read(&inputs);
    let errors = errors(&reading);
    assert!(
        errors[0].starts_with("https://git.example.com/acme/base@0123456789ab:deep/ks.yaml:5 "),
        "{errors:?}"
    );
    assert!(reading.units.contains_key(&id("kustomization/flux-system/apps")));
}

#[test]
fn while_the_platform_is_not_known_nothing_is_refused_nor_rendered() {
    // Flux's unit: a native one is not rendered then at all.
    let ks = "=== ks.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec: {interval: 10m, path: ./m, prune: true, sourceRef: {kind: GitRepository, name: flux-system}}\n";
    for (kustomization, what) in
        [(HELM.to_owned(), "helmCharts"), (base("git.example.com/acme/base"), "acme/base")]
    {
        let files = format!(
            "=== kustomization.yaml\nresources: [ks.yaml]\n{ks}=== m/kustomization.yaml\n{kustomization}"
        );
        let second = platform(ALL).replace("platform.yaml", "second.yaml");
        for broken in [platform("[broken"), format!("{}{second}", platform(ALL))] {
            let reading = read(&inputs(tree(&format!("{files}{broken}"))));
            match &reading.units[&id("kustomization/flux-system/apps")].state {
                RenderState::NotRendered { reason } => {
                    assert!(reason.contains(what) && reason.contains("Platform"), "{reason}");
                }
                other => panic!("{other:?}"),
            }
            assert!(reading.needs.is_empty());
        }
    }
}
