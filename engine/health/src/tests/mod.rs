mod builtin;
mod corpus;
mod properties;
mod rules;

use crate::{Rules, assess};
use mainstay_object::Value;
use mainstay_unit::HealthStatus::{self, Degraded, Healthy, Progressing, Suspended, Unknown};

fn check(json: &str, expected: HealthStatus, message: &str) {
    let object: Value = serde_json::from_str(json).unwrap();
    let health = assess(&object, None);
    assert_eq!((health.status, health.message.as_str()), (expected, message), "{json}");
}

fn deployment(spec: &str, status: &str, expected: HealthStatus, message: &str) {
    let json = format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"a","generation":2}},"spec":{spec},"status":{status}}}"#
    );
    check(&json, expected, message);
}

#[test]
fn a_deployment_is_healthy_only_when_this_generation_is_rolled_out() {
    deployment("{}", "{}", Progressing, "its controller has not looked at it yet");
    deployment(
        "{}",
        r#"{"observedGeneration":1,"replicas":1,"availableReplicas":1}"#,
        Progressing,
        "generation 1 of 2 has been observed",
    );
    let status = |updated, all, available| {
        format!(
            r#"{{"observedGeneration":2,"updatedReplicas":{updated},"replicas":{all},"readyReplicas":{available},"availableReplicas":{available}}}"#
        )
    };
    deployment(r#"{"replicas":3}"#, &status(1, 3, 3), Progressing, "1 of 3 replicas are updated");
    deployment(r#"{"replicas":3}"#, &status(3, 4, 3), Progressing, "1 old replicas are still there");
    deployment(r#"{"replicas":3}"#, &status(3, 3, 2), Progressing, "2 of 3 replicas are available");
    deployment(r#"{"replicas":3}"#, &status(5, 5, 5), Progressing, "2 replicas are to go");
    deployment(r#"{"replicas":3}"#, &status(3, 3, 3), Healthy, "3 of 3 replicas are available");
    deployment(r#"{"replicas":0}"#, &status(0, 0, 0), Healthy, "0 of 0 replicas are available");
    deployment(r#"{"paused":true}"#, &status(1, 1, 1), Suspended, "the rollout is paused");
    deployment(
        "{}",
        r#"{"observedGeneration":2,"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":"timed out"}]}"#,
        Degraded,
        "ProgressDeadlineExceeded: timed out",
    );
}

#[test]
fn what_is_being_deleted_is_never_healthy() {
    check(
        r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","deletionTimestamp":"2020-01-01T00:00:00Z","finalizers":["x/y"]}}"#,
        Progressing,
        "is being deleted; waits for x/y",
    );
}

#[test]
fn a_pod_that_cannot_pull_says_so() {
    check(
        r#"{"apiVersion":"v1","kind":"Pod","status":{"phase":"Pending","containerStatuses":[{"name":"web","state":{"waiting":{"reason":"ImagePullBackOff","message":"no such image"}}}]}}"#,
        Degraded,
        "container web: ImagePullBackOff: no such image",
    );
}

#[test]
fn an_unknown_kind_is_never_guessed_healthy() {
    let custom = |status: &str| {
        format!(r#"{{"apiVersion":"example.com/v1","kind":"Thing","metadata":{{"name":"a"}}{status}}}"#)
    };
    check(&custom(""), Progressing, "its status is empty: nobody has looked at it yet");
    check(
        &custom(r#","status":{"phase":"Fine"}"#),
        Unknown,
        "no rule knows this kind, and no condition says that it is ready",
    );
    check(
        &custom(r#","status":{"conditions":[{"type":"Ready","status":"True"}]}"#),
        Healthy,
        "Ready is true",
    );
    check(
        &custom(
            r#","status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Stalled","status":"True","reason":"R"}]}"#,
        ),
        Degraded,
        "R",
    );
    check(
        &custom(r#","status":{"conditions":[{"type":"Ready","status":"False","reason":"Wait"}]}"#),
        Progressing,
        "Ready is false: Wait",
    );
    let object: Value = serde_json::from_str(&custom("")).unwrap();
    assert_eq!(assess(&object, Some(false)).message, "passive, accepted");
    assert_eq!(assess(&object, Some(true)).status, Progressing);
}

#[test]
fn no_object_of_any_shape_panics() {
    for json in [
        "null",
        "[]",
        "1",
        r#"{"metadata":3,"status":"x","apiVersion":4}"#,
        r#"{"apiVersion":"apps/v1","kind":"Deployment","status":[1]}"#,
    ] {
        let object: Value = serde_json::from_str(json).unwrap();
        assert_ne!(assess(&object, None).status, Healthy, "{json}");
    }
}

#[test]
fn every_shipped_rule_file_is_read_and_names_its_documentation() {
    let folder = mainstay_harness::here!().join("rules");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(problems) = Rules::parse(&name, &text) {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{name}:\n{}", all.join("\n"));
        }
        assert!(text.contains("docs:") && text.contains("https://"), "{name} cites nothing");
        assert!(Rules::is_shipped(&name), "{name} is not compiled in");
        files += 1;
    }
    println!("{files} rule files, {} kinds", Rules::shipped().len());
}
