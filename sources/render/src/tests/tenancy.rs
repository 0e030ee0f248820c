use super::{errors, id, reading};
use mainstay_unit::{RenderState, Tests};

const TENANT: &str = "=== tenants.yaml
apiVersion: mainstay.dev/v1alpha1
kind: Tenant
metadata: {name: team-a}
spec:
  paths: [teams/a]
  namespaces: [a]
  serviceAccount: {namespace: a, name: deployer}
  allowedKinds: [{kind: ConfigMap}, {kind: Secret}]
  quotas: {objects: 2}
";

fn module(fields: &str, manifest: &str) -> String {
    format!(
        "{TENANT}=== teams/a/module.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: m}}\nspec:\n  source: {{path: teams/a/m}}\n{fields}=== teams/a/m/x.yaml\n{manifest}"
    )
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a}\n";

#[test]
fn a_document_belongs_to_the_tenant_of_its_path() {
    let reading = reading(&module("", CONFIG));
    assert_eq!(errors(&reading), Vec::<String>::new());
    let unit = &reading.units[&id("module/team-a/m")].unit;
    assert_eq!(unit.service_account.as_ref().unwrap().name, "deployer");
}

#[test]
fn a_tenant_stays_in_its_namespaces_and_kinds() {
    let cases = [
        (CONFIG.replace("namespace: a", "namespace: b"), "teams/a/m/x.yaml:1 MS2009"),
        (CONFIG.replace(", namespace: a", "").replace("ConfigMap", "Namespace"), "MS2009"),
        (CONFIG.replace("ConfigMap", "Pod"), "teams/a/m/x.yaml:1 MS2010"),
        (
            format!(
                "{CONFIG}---\n{}---\n{}",
                CONFIG.replace("name: x", "name: y"),
                CONFIG.replace("name: x", "name: z")
            ),
            "MS2011",
        ),
    ];
    for (manifest, code) in cases {
        let told = errors(&reading(&module("", &manifest)));
        assert!(told.iter().any(|line| line.contains(code)), "{code} {told:?}");
    }
}

#[test]
fn a_tenant_cannot_be_somebody_else() {
    let cases = ["  tenant: platform\n", "  serviceAccount: {namespace: kube-system, name: admin}\n"];
    for fields in cases {
        let told = errors(&reading(&module(fields, CONFIG)));
        assert!(told.len() == 1 && told[0].contains("MS2015"), "{fields} {told:?}");
    }
    let platform = format!(
        "{}=== teams/a/platform.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {{name: p}}\n",
        module("", CONFIG)
    );
    assert!(errors(&reading(&platform))[0].contains("MS2015"));
}

#[test]
fn a_tenants_broken_file_leaves_other_tenants_units_known() {
    let reading = reading(&module("  sorce: {}\n", CONFIG));
    let unread: Vec<_> = reading.unread.iter().collect();
    assert_eq!(unread.len(), 1, "{unread:?}");
    assert!(unread[0].could_declare(&id("module/team-a/other"), &[]), "{unread:?}");
    assert!(unread[0].could_declare(&id("module/platform/selects@a-cluster"), &[]), "{unread:?}");
    assert!(!unread[0].could_declare(&id("module/team-b/x"), &[]), "{unread:?}");
    assert!(!unread[0].could_declare(&id("kustomization/team-a/x"), &[]), "{unread:?}");
}

#[test]
fn tests_that_a_tenant_may_not_run_leave_its_release_sound() {
    let chart = |test: &str| {
        let hook = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: check, annotations: {{helm.sh/hook: {test}}}}}\nspec: {{containers: [{{name: x, image: x}}]}}\n"
        );
        reading(&format!(
            "{TENANT}=== teams/a/module.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: m}}\nspec: {{source: {{chart: {{path: teams/a/chart}}}}, namespace: a}}\n\
             === teams/a/chart/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n=== teams/a/chart/templates/c.yaml\n{CONFIG}=== teams/a/chart/templates/t.yaml\n{hook}"
        ))
    };
    let tested = chart("test");
    assert_eq!(errors(&tested), Vec::<String>::new());
    let RenderState::Rendered(rendered) = &tested.units[&id("module/team-a/m")].state else {
        panic!("it is rendered")
    };
    let Tests { hooks, refused } = &rendered.tests;
    assert!(hooks.is_empty() && refused.as_ref().is_some_and(|why| why.contains("Pod")), "{refused:?}");
    let told = errors(&chart("post-install"));
    assert!(
        told.iter().any(|line| line.contains("MS2010")),
        "what runs by itself is no such thing: {told:?}"
    );
}

#[test]
fn an_ignore_file_of_a_tenant_concerns_nobody_else() {
    let own = module("", CONFIG).replace(TENANT, "");
    let other = own.replace("teams/a", "teams/b").replace("namespace: a", "namespace: b");
    let tenants = format!("{TENANT}{}", TENANT.replace("team-a", "team-b").replace("teams/a", "teams/b"))
        .replace("=== tenants.yaml\napiVersion", "---\napiVersion")
        .replacen("---\n", "=== tenants.yaml\n", 1)
        .replace("  allowedKinds: [{kind: ConfigMap}, {kind: Secret}]\n", "");
    let tenants = match tenants.rsplit_once("namespaces: [a]\n  serviceAccount: {namespace: a") {
        Some((first, last)) => format!("{first}namespaces: [b]\n  serviceAccount: {{namespace: b{last}"),
        None => panic!("two tenants"),
    };
    let read = |ignore: &str| reading(&format!("{tenants}{own}{other}=== teams/b/.sourceignore\n{ignore}\n"));
    let rendered = |reading: &mainstay_unit::Reading, unit: &str| match &reading.units.get(&id(unit))?.state {
        RenderState::Rendered(rendered) => Some(rendered.objects.len()),
        RenderState::Failed { .. } | RenderState::NotRendered { .. } => None,
    };
    let sound = read("/n/");
    assert_eq!(errors(&sound), Vec::<String>::new());
    let both = |reading: &mainstay_unit::Reading| {
        (rendered(reading, "module/team-a/m"), rendered(reading, "module/team-b/m"))
    };
    assert_eq!(both(&sound), (Some(1), Some(1)));
    // Not even the whole repository, named from there.
    assert_eq!(both(&read("/teams/a/\n/../a\n**")), (Some(1), None));
    let broken = read(&"x\n".repeat(1001));
    assert_eq!(both(&broken), (Some(1), None));
    let told = errors(&broken);
    assert!(told.iter().all(|line| line.contains("teams/b")), "{told:?}");
    assert!(told.iter().any(|line| line.contains("more than 1000 patterns leave files out")), "{told:?}");
}
