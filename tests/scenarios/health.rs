use crate::process::mainstay;
use serde_json::Value;

const OBJECTS: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
---
apiVersion: v1
kind: List
items:
- apiVersion: cert-manager.io/v1
  kind: Certificate
  metadata: {name: web, namespace: shop}
  status:
    conditions:
    - {type: Ready, status: 'False', reason: DoesNotExist, message: no secret}
- apiVersion: example.com/v1
  kind: Widget
  metadata: {name: w}
  status: {stage: done}
";

const RULES: &str = "\
project: widgets
kinds:
- group: example.com
  kind: Widget
  rules:
  - field: /status/stage
    Healthy: done
";

#[test]
fn health_says_of_each_object_what_the_engine_would_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| mainstay(arguments, folder.path(), &[]);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let objects = file("objects.yaml", OBJECTS);

    let table = run(&["health", &objects]);
    assert_eq!(table.status.code(), Some(0), "{}{}", table.stdout, table.stderr);
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", table.stdout);
    assert!(lines[1].contains("shop/settings") && lines[1].contains("Healthy"), "{}", lines[1]);
    assert!(lines[2].contains("Degraded") && lines[2].contains("DoesNotExist: no secret"), "{}", lines[2]);
    assert!(lines[3].contains("Unknown"), "{}", lines[3]);

    let rules = file("rules.yaml", RULES);
    let json = run(&["health", &objects, "--rules", &rules, "-o", "json"]);
    let told: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let said: Vec<(&str, &str)> = told
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| (line["status"].as_str().unwrap_or_default(), line["rule"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(said, [("Healthy", "kubernetes"), ("Degraded", "cert-manager"), ("Healthy", "widgets")]);
    assert_eq!(told[0]["file"], objects.as_str());

    let broken = file("broken.yaml", "kinds:\n- group: example.com\n  otherwise: Healthy\n");
    let refused = run(&["health", &objects, "--rules", &broken]);
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stdout);
    assert!(
        refused.stderr.contains("broken.yaml:3:14") && refused.stderr.contains("MS7001"),
        "{}",
        refused.stderr
    );

    let half = file("half.yaml", "kind: [\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: kept}\n");
    let told = run(&["health", &half]);
    assert_eq!(told.status.code(), Some(1), "{}", told.stdout);
    assert!(
        told.stdout.contains("kept") && told.stderr.contains("half.yaml:2"),
        "{}{}",
        told.stdout,
        told.stderr
    );
    assert_eq!(run(&["health", "/nowhere.yaml"]).status.code(), Some(1));
}

#[test]
fn health_tries_the_rules_of_a_checkout() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| mainstay(arguments, folder.path(), &[]);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let objects = file("objects.yaml", OBJECTS);
    let checkout = folder.path().join("platform").display().to_string();
    let platform = |spec: &str| {
        let head = "apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {name: p}\n";
        file("platform/platform.yaml", &format!("{head}spec: {{{spec}}}\n"))
    };
    platform("healthRules: [health]");
    file("platform/health/widgets.yaml", RULES);
    let last =
        |output: &mainstay_harness::Output| output.stdout.lines().last().unwrap_or_default().to_owned();
    let told = run(&["health", &objects, "--repository", &checkout, "-o", "wide"]);
    assert_eq!(told.status.code(), Some(0), "{}", told.stderr);
    assert!(last(&told).contains("Healthy") && last(&told).contains("widgets"), "{}", told.stdout);
    let valid = run(&["validate", &checkout, "--offline"]);
    assert_eq!(valid.status.code(), Some(0), "{}", valid.stdout);

    // A file of its own wins.
    let other = file("other.yaml", &RULES.replace("Healthy: done", "Degraded: done"));
    let told = run(&["health", &objects, "--repository", &checkout, "--rules", &other]);
    assert!(last(&told).contains("Degraded"), "{}", told.stdout);

    file("platform/health/widgets.yaml", &RULES.replace("Healthy: done", "Helthy: done"));
    for command in
        [vec!["health", &objects, "--repository", &checkout], vec!["validate", &checkout, "--offline"]]
    {
        let refused = run(&command);
        assert_eq!(refused.status.code(), Some(1), "{}", refused.stdout);
        let said = format!("{}{}", refused.stdout, refused.stderr);
        assert!(
            said.contains("health/widgets.yaml:7:5") && said.contains("did you mean `Healthy`?"),
            "{said}"
        );
    }
    platform("healthRules: [heatlh]");
    let refused = run(&["health", &objects, "--repository", &checkout]);
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stdout);
    assert!(
        refused.stderr.contains("platform.yaml:4:22") && refused.stderr.contains("did you mean health?"),
        "{}",
        refused.stderr
    );
    platform("");
    let told = run(&["health", &objects, "--repository", &checkout]);
    assert!(told.status.success() && told.stderr.contains("names no health rules"), "{}", told.stderr);
    assert_eq!(run(&["health", &objects, "--repository", "/nowhere"]).status.code(), Some(1));
}
