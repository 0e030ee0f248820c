use super::{errors, inputs, reading, told, tree};
use crate::{Cache, health_rules, read, read_with};
use mainstay_unit::tree::{MemoryTree, TreePath};
use mainstay_unit::{HealthRules, Reading, RenderState, RuleFiles};
use std::sync::Arc;

const WIDGET: &str = "kinds:\n- group: example.com\n  kind: Widget\n  passive: true\n";

/// A Platform that names paths, a tenant in `team`, and further files.
fn repository(paths: &str, files: &str) -> String {
    format!(
        "=== platform.yaml
apiVersion: mainstay.dev/v1alpha1
kind: Platform
metadata: {{name: p}}
spec:
  healthRules: {paths}
=== tenant.yaml
apiVersion: mainstay.dev/v1alpha1
kind: Tenant
metadata: {{name: team}}
spec: {{paths: [team]}}
=== m.yaml
apiVersion: mainstay.dev/v1alpha1
kind: Module
metadata: {{name: m}}
spec: {{source: {{path: m}}}}
=== m/x.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: x, namespace: x}}
{files}"
    )
}

fn known(reading: &Reading) -> &Arc<RuleFiles> {
    match &reading.health_rules {
        HealthRules::Known(rules) => rules,
        HealthRules::Unknown { why } => panic!("{why}\n{:?}", told(reading)),
    }
}

fn unknown(reading: &Reading) -> &str {
    match &reading.health_rules {
        HealthRules::Known(rules) => panic!("{rules:?}\n{:?}", told(reading)),
        HealthRules::Unknown { why } => why,
    }
}

#[test]
fn files_and_folders_of_rules_are_read_whole() {
    let files = format!(
        "=== health/a.yaml\n{WIDGET}=== health/deep/b.yml\n{}=== health/README.md\nwords\n=== own.yaml\n{}",
        WIDGET.replace("Widget", "Gadget"),
        WIDGET.replace("Widget", "Gizmo")
    );
    let reading = reading(&repository("[health, own.yaml, /health/a.yaml, ./health/deep]", &files));
    assert_eq!(errors(&reading), Vec::<String>::new());
    let paths: Vec<&str> = known(&reading).iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["health/a.yaml", "health/deep/b.yml", "own.yaml"]);
    assert_eq!(known(&reading).iter().next().map(|(_, text)| text), Some(WIDGET.trim_end()));
}

#[test]
fn who_names_none_has_none() {
    let none = RuleFiles::default();
    assert_eq!(**known(&reading(&repository("[]", ""))), none);
    assert_eq!(**known(&reading("=== x.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")), none);
}

#[test]
fn what_is_wrong_with_rules_is_told_with_its_place_and_nothing_is_known_then() {
    let cases = [
        ("[heath]", "", "platform.yaml:5 MS2017 heath does not exist"),
        ("[../secrets]", "", "platform.yaml:5 MS2017 the path \"../secrets\" leads out of the repository"),
        (
            "[words]",
            "=== words/README.md\nhello\n",
            "platform.yaml:5 MS2017 the folder words holds no YAML file",
        ),
        (
            "[words/README.md]",
            "=== words/README.md\nhello\n",
            "platform.yaml:5 MS2017 words/README.md is no YAML file: its name ends neither in .yaml nor in .yml",
        ),
        ("[a.yaml]", "=== a.yaml\nkinds: [\n", "a.yaml:2 MS1001"),
        (
            "[a.yaml]",
            "=== a.yaml\nkinds:\n- {group: a.b, otherwise: Healthy}\n",
            "a.yaml:2 MS7001 what nothing proves",
        ),
        (
            "[a.yaml]",
            "=== a.yaml\nkinds:\n- group: a.b\n  rules:\n  - {when: status.x +, status: Degraded}\n",
            "a.yaml:4 MS7002",
        ),
        (
            "[a.yaml, b.yaml]",
            "=== a.yaml\nkinds: [{group: a.b}]\n=== b.yaml\nkinds: [{group: a.b}]\n",
            "b.yaml:1 MS7001 every kind of `a.b` has a rule already, at a.yaml:1:9",
        ),
        (
            "[team/rules.yaml]",
            "=== team/rules.yaml\nkinds: [{group: a.b}]\n",
            "platform.yaml:5 MS2017 team/rules.yaml lies in the paths of tenant team",
        ),
        (
            "[team]",
            "=== team/rules.yaml\nkinds: [{group: a.b}]\n",
            "platform.yaml:5 MS2017 team/rules.yaml lies",
        ),
    ];
    for (paths, files, expected) in cases {
        let reading = reading(&repository(paths, files));
        let told = errors(&reading);
        let found = told.iter().any(|line| line.contains(expected));
        assert!(told.len() == 1 && found, "{paths}: {expected}\n{told:?}");
        assert!(!unknown(&reading).is_empty());
        assert_eq!(reading.units.len(), 1, "{paths}: units are read as ever");
    }
}

#[test]
fn a_platform_that_cannot_be_read_leaves_unknown_what_rules_there_are() {
    let good = repository("[health]", &format!("=== health/a.yaml\n{WIDGET}"));
    known(&reading(&good));
    let misspelt = reading(&good.replace("healthRules:", "heathRules:"));
    assert_eq!(
        unknown(&misspelt),
        "the Platform can't be read: platform.yaml:5:3: unknown field spec.heathRules"
    );
    let cut = reading(&good.replace("[health]", "[health"));
    assert!(unknown(&cut).starts_with("the Platform can't be read: platform.yaml:6:"), "{}", unknown(&cut));
    let twice = reading(&format!(
        "{good}=== another.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {{name: q}}\n"
    ));
    assert!(unknown(&twice).starts_with("there is a second Platform"), "{}", unknown(&twice));
    // What is wrong with others says nothing of the rules.
    known(&reading(&good.replace("source: {path: m}", "sorce: {path: m}")));
    let platform = "apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: [\n";
    known(&reading(&format!("{good}=== team/x.yaml\n{platform}")));
    known(&reading(&format!(
        "{good}=== x.yaml\n# of the Platform team\n{}",
        platform.replace("Platform", "Module")
    )));
    unknown(&reading(&format!("{good}=== x.yaml\n{platform}")));
    known(&reading(&good.replace("\n=== tenant", "\n---\nkind: [\n=== tenant")));
}

#[test]
fn no_tenant_speaks_for_the_platform() {
    let theirs = "=== team/a.yaml\napiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {name: a}\nspec: {healthRules: [team/rules.yaml], variables: {v: theirs}}\n=== team/rules.yaml\nkinds: [{group: example.com, passive: true}]\n";
    let files = format!("=== health/a.yaml\n{WIDGET}{theirs}");
    let reading = reading(&repository("[health]", &files));
    assert_eq!(errors(&reading), ["team/a.yaml:2 MS2015 a Platform in the paths of tenant team"]);
    assert_eq!(known(&reading).files.len(), 1);
    let unit = reading.units.values().next().unwrap();
    assert!(!unit.unit.variables.iter().any(|(name, _)| name == "v"));
}

#[test]
fn a_commit_that_changes_no_rule_leaves_the_very_same_and_one_that_does_renders_nothing() {
    let text = repository("[health]", &format!("=== health/a.yaml\n{WIDGET}"));
    let mut files: MemoryTree = tree(&text);
    let mut cache = Cache::default();
    let first = read_with(&inputs(files.clone()), &mut cache);
    let mut change = |path: &str, text: &str| {
        files.insert(TreePath::parse(path).unwrap(), text.as_bytes().into());
        let reading = read_with(&inputs(files.clone()), &mut cache);
        assert_eq!(reading, read(&inputs(files.clone())), "{path}");
        (reading, cache.rendered())
    };
    let (words, _) = change("README.md", "hello");
    assert!(Arc::ptr_eq(known(&words), known(&first)));
    let (ruled, rendered) = change("health/a.yaml", &WIDGET.replace("passive: true", "passive: false"));
    assert_ne!(known(&ruled).digest, known(&first).digest);
    assert_eq!(rendered, 0);
    let (broken, rendered) = change("health/a.yaml", "kinds: 1\n");
    assert_eq!((unknown(&broken), rendered), ("health/a.yaml:1:8: `kinds` is a list, not a number", 0));
    let (mended, _) = change("health/a.yaml", WIDGET);
    assert_eq!(known(&mended).digest, known(&first).digest);
    let (rules, problems) = health_rules(&inputs(files));
    assert_eq!((rules, problems.len()), (mended.health_rules, 0));
}

#[test]
fn limits_of_rule_files_are_told_where_they_are_named() {
    let mut text = repository("[health]", "");
    for index in 0..501 {
        text.push_str(&format!("=== health/{index}.yaml\nkinds: [{{group: g{index}.example.com}}]\n"));
    }
    let told = errors(&reading(&text));
    assert_eq!(told, ["platform.yaml:5 MS2017 there are more than 500 files of health rules"]);
    let long = format!("# {}\nkinds: []\n", "x".repeat(1 << 20));
    let told = errors(&reading(&repository("[a.yaml]", &format!("=== a.yaml\n{long}"))));
    assert!(told.len() == 1 && told[0].contains("MS2017 a.yaml has 1048589 bytes"), "{told:?}");
    let many = vec!["a.yaml"; 101].join(", ");
    let told = errors(&reading(&repository(&format!("[{many}]"), "=== a.yaml\nkinds: []\n")));
    assert_eq!(told, ["platform.yaml:5 MS2004 spec.healthRules: more than 100 items"]);
}

#[test]
fn without_the_platforms_defaults_and_variables_no_native_unit_is_rendered_anew() {
    let good =
        repository("[]", "").replace("healthRules: []", "variables: {v: ours}\n  defaults: {prune: false}");
    let good = good.replace("namespace: x}", "namespace: x}\ndata: {v: '${v:=else}'}");
    let state = |text: &str| reading(text).units.into_values().next().unwrap().state;
    assert!(matches!(state(&good), RenderState::Rendered(_)));
    let RenderState::Failed { first } = state(&good.replace("variables", "variabels")) else {
        panic!("rendered")
    };
    assert!(first.to_string().starts_with("platform.yaml:5:3: error[MS2003]"), "{first}");
    assert!(matches!(state(&good.replace("{v: ours}", "{v: [ours}")), RenderState::Failed { .. }));
}
