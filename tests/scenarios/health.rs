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
