use crate::{FAIL, READY_AFTER, Step, is_simulated, simulate};
use mainstay_apiserver::core::Now;
use serde_json::{Value, json};

const NOON: Now = Now::from_seconds(1_800_000_000);

fn object(api_version: &str, kind: &str, spec: Value) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": { "name": "web", "namespace": "shop", "generation": 1, "annotations": {} },
        "spec": spec,
    })
}

fn deployment(replicas: i64) -> Value {
    object("apps/v1", "Deployment", json!({ "replicas": replicas, "template": { "image": "one" } }))
}

fn annotate(mut object: Value, key: &str, value: &str) -> Value {
    object["metadata"]["annotations"][key] = value.into();
    object
}

/// Lets the simulator act until nothing is left to do at `now`, as the API server would store it.
fn settle(object: &mut Value, now: Now) -> Option<Now> {
    for _ in 0..3 {
        match simulate(object, now, 7) {
            Some(Step { patch: Some(patch), .. }) => merge(object, &patch),
            Some(Step { patch: None, again }) => return again,
            None => return None,
        }
    }
    panic!("the simulator does not come to rest: {object}");
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (key, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merge(&mut target[key.as_str()], value);
        }
    }
}

fn condition(object: &Value, kind: &str) -> String {
    let found = object["status"]["conditions"].as_array().unwrap().iter().find(|c| c["type"] == kind);
    found
        .map(|c| format!("{}/{}", c["status"].as_str().unwrap(), c["reason"].as_str().unwrap()))
        .unwrap_or_default()
}

fn counts(object: &Value) -> (i64, i64, i64) {
    let field = |name: &str| object["status"][name].as_i64().unwrap_or(0);
    (field("replicas"), field("updatedReplicas"), field("availableReplicas"))
}

#[test]
fn a_deployment_is_ready_at_once_and_says_that_it_is_simulated() {
    let mut web = deployment(3);
    assert_eq!(settle(&mut web, NOON), None);
    assert_eq!(counts(&web), (3, 3, 3));
    assert_eq!(web["status"]["observedGeneration"], 1);
    assert_eq!(condition(&web, "Available"), "True/MinimumReplicasAvailable");
    assert_eq!(condition(&web, "Progressing"), "True/NewReplicaSetAvailable");
    assert!(is_simulated(&web));
    assert!(web["metadata"]["annotations"].as_object().unwrap().is_empty());
}

#[test]
fn ready_after_delays_and_names_the_time() {
    let mut web = annotate(deployment(2), READY_AFTER, "2s");
    assert_eq!(settle(&mut web, NOON), Some(NOON.plus_seconds(2)));
    assert_eq!(counts(&web), (2, 2, 0));
    assert_eq!(condition(&web, "Available"), "False/MinimumReplicasUnavailable");
    assert_eq!(settle(&mut web, NOON.plus_seconds(1)), Some(NOON.plus_seconds(2)));
    assert_eq!(settle(&mut web, NOON.plus_seconds(2)), None);
    assert_eq!(counts(&web), (2, 2, 2));
}

#[test]
fn a_new_template_rolls_out_anew_while_old_pods_stay() {
    let mut web = annotate(deployment(2), READY_AFTER, "2s");
    settle(&mut web, NOON);
    settle(&mut web, NOON.plus_seconds(2));
    web["spec"]["template"]["image"] = "two".into();
    web["metadata"]["generation"] = 2.into();
    let later = NOON.plus_seconds(100);
    assert_eq!(settle(&mut web, later), Some(later.plus_seconds(2)));
    assert_eq!(counts(&web), (2, 0, 2));
    assert_eq!(web["status"]["observedGeneration"], 2);
    assert_eq!(condition(&web, "Progressing"), "True/ReplicaSetUpdated");
    settle(&mut web, later.plus_seconds(2));
    assert_eq!(counts(&web), (2, 2, 2));
}

#[test]
fn scaling_up_keeps_what_is_ready() {
    let mut web = annotate(deployment(2), READY_AFTER, "2s");
    settle(&mut web, NOON);
    settle(&mut web, NOON.plus_seconds(2));
    web["spec"]["replicas"] = 5.into();
    web["metadata"]["generation"] = 2.into();
    settle(&mut web, NOON.plus_seconds(10));
    assert_eq!(counts(&web), (5, 2, 2));
}

#[test]
fn what_fails_never_becomes_ready_and_misses_its_deadline() {
    let mut web = annotate(deployment(2), FAIL, "ImagePullBackOff");
    web["spec"]["progressDeadlineSeconds"] = 30.into();
    assert_eq!(settle(&mut web, NOON), Some(NOON.plus_seconds(30)));
    assert_eq!(counts(&web), (2, 2, 0));
    assert_eq!(settle(&mut web, NOON.plus_seconds(30)), None);
    assert_eq!(condition(&web, "Progressing"), "False/ProgressDeadlineExceeded");
    let conditions = web["status"]["conditions"].to_string();
    assert!(conditions.contains("fails as asked: ImagePullBackOff"), "{conditions}");
}

#[test]
fn a_fault_that_is_switched_on_breaks_what_ran_and_off_mends_it() {
    let mut web = deployment(2);
    settle(&mut web, NOON);
    let mut web = annotate(web, FAIL, "OOMKilled");
    settle(&mut web, NOON.plus_seconds(60));
    assert_eq!(counts(&web), (2, 2, 0));
    web["metadata"]["annotations"] = json!({});
    settle(&mut web, NOON.plus_seconds(90));
    assert_eq!(counts(&web), (2, 2, 2));
}

#[test]
fn a_failing_version_leaves_the_old_one_up() {
    let mut web = deployment(2);
    settle(&mut web, NOON);
    let mut web = annotate(web, FAIL, "ImagePullBackOff");
    web["spec"]["template"]["image"] = "two".into();
    web["metadata"]["generation"] = 2.into();
    settle(&mut web, NOON.plus_seconds(60));
    assert_eq!(counts(&web), (2, 0, 2));
}

#[test]
fn a_mistaken_annotation_is_a_failure_that_says_so() {
    let mut web = annotate(deployment(1), READY_AFTER, "soon");
    settle(&mut web, NOON);
    assert_eq!(counts(&web), (1, 1, 0));
    assert!(web["status"]["conditions"].to_string().contains("is no duration"));
}

#[test]
fn conditions_of_others_stay_and_times_move_only_with_the_state() {
    let mut web = deployment(1);
    let foreign = json!({ "type": "Foreign", "status": "True", "reason": "R", "message": "" });
    web["status"] = json!({ "conditions": [foreign] });
    settle(&mut web, NOON);
    assert_eq!(condition(&web, "Foreign"), "True/R");
    let before = web.clone();
    assert_eq!(settle(&mut web, NOON.plus_seconds(500)), None);
    assert_eq!(web, before);
}

#[test]
fn scaling_to_zero_is_ready_with_no_pods() {
    let mut web = deployment(2);
    settle(&mut web, NOON);
    web["spec"]["replicas"] = 0.into();
    web["metadata"]["generation"] = 2.into();
    settle(&mut web, NOON);
    assert_eq!(counts(&web), (0, 0, 0));
    assert!(web["status"].get("readyReplicas").is_none(), "zeros are left out");
    assert_eq!(condition(&web, "Available"), "True/MinimumReplicasAvailable");
}

#[test]
fn a_stateful_set_changes_its_revision_when_it_is_done() {
    let spec = json!({ "replicas": 2, "template": { "image": "one" } });
    let mut db = annotate(object("apps/v1", "StatefulSet", spec), READY_AFTER, "2s");
    settle(&mut db, NOON);
    settle(&mut db, NOON.plus_seconds(2));
    let first = db["status"]["currentRevision"].clone();
    assert_eq!(db["status"]["updateRevision"], first);
    db["spec"]["template"]["image"] = "two".into();
    db["metadata"]["generation"] = 2.into();
    settle(&mut db, NOON.plus_seconds(10));
    assert_eq!(db["status"]["currentRevision"], first);
    assert_ne!(db["status"]["updateRevision"], first);
    assert_eq!(counts(&db), (2, 0, 2));
    settle(&mut db, NOON.plus_seconds(12));
    assert_eq!(db["status"]["currentRevision"], db["status"]["updateRevision"]);
    assert_eq!(counts(&db), (2, 2, 2));
}

#[test]
fn a_daemon_set_runs_on_the_one_node() {
    let mut agent = object("apps/v1", "DaemonSet", json!({ "template": {} }));
    settle(&mut agent, NOON);
    let status = &agent["status"];
    assert_eq!((&status["desiredNumberScheduled"], &status["numberReady"]), (&json!(1), &json!(1)));
    assert_eq!((&status["updatedNumberScheduled"], &status["numberAvailable"]), (&json!(1), &json!(1)));
}

#[test]
fn a_job_completes_and_stays_so() {
    let mut job =
        annotate(object("batch/v1", "Job", json!({ "completions": 3, "parallelism": 2 })), READY_AFTER, "5s");
    settle(&mut job, NOON);
    assert_eq!(job["status"]["active"], 2);
    settle(&mut job, NOON.plus_seconds(5));
    assert_eq!(
        (condition(&job, "Complete"), &job["status"]["succeeded"]),
        ("True/CompletionsReached".into(), &json!(3))
    );
    assert!(job["status"].get("active").is_none());
    assert_eq!(simulate(&job, NOON.plus_seconds(9), 7), None);
}

#[test]
fn a_job_that_fails_reaches_its_backoff_limit() {
    let mut job = annotate(object("batch/v1", "Job", json!({ "backoffLimit": 2 })), FAIL, "Error");
    settle(&mut job, NOON);
    assert_eq!(
        (condition(&job, "Failed"), &job["status"]["failed"]),
        ("True/BackoffLimitExceeded".into(), &json!(3))
    );
}

#[test]
fn a_suspended_job_waits_and_then_runs() {
    let mut job = object("batch/v1", "Job", json!({ "suspend": true }));
    settle(&mut job, NOON);
    assert_eq!(condition(&job, "Suspended"), "True/JobSuspended");
    job["spec"]["suspend"] = false.into();
    settle(&mut job, NOON);
    assert_eq!(condition(&job, "Suspended"), "False/JobResumed");
    assert_eq!(condition(&job, "Complete"), "True/CompletionsReached");
}

#[test]
fn a_pod_runs_or_says_why_it_waits() {
    let spec = json!({ "containers": [{ "name": "c", "image": "i:1" }] });
    let mut pod = object("v1", "Pod", spec.clone());
    settle(&mut pod, NOON);
    assert_eq!((&pod["status"]["phase"], condition(&pod, "Ready").as_str()), (&json!("Running"), "True/"));
    let mut pod = annotate(object("v1", "Pod", spec.clone()), FAIL, "ImagePullBackOff");
    settle(&mut pod, NOON);
    assert_eq!(pod["status"]["phase"], "Pending");
    assert_eq!(pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "ImagePullBackOff");
    let mut pod = object("v1", "Pod", spec);
    pod["spec"]["restartPolicy"] = "Never".into();
    settle(&mut pod, NOON);
    assert_eq!(pod["status"]["phase"], "Succeeded");
}

#[test]
fn a_claim_is_bound_to_what_it_asked_for() {
    let spec = json!({ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Gi" } } });
    let mut claim = object("v1", "PersistentVolumeClaim", spec);
    settle(&mut claim, NOON);
    assert_eq!(claim["status"]["phase"], "Bound");
    assert_eq!(claim["status"]["capacity"]["storage"], "1Gi");
}

#[test]
fn a_load_balancer_gets_the_same_address_for_the_same_seed() {
    let service = object("v1", "Service", json!({ "type": "LoadBalancer" }));
    let address = |seed| {
        let step = simulate(&service, NOON, seed).unwrap();
        step.patch.unwrap()["status"]["loadBalancer"]["ingress"][0]["ip"].clone()
    };
    assert_eq!(address(1), address(1));
    assert_ne!(address(1), address(2));
    assert!(address(1).as_str().unwrap().starts_with("198.1"));
    assert_eq!(simulate(&object("v1", "Service", json!({ "type": "ClusterIP" })), NOON, 1), None);
}

#[test]
fn other_kinds_and_what_is_being_deleted_are_left_alone() {
    assert_eq!(simulate(&object("v1", "ConfigMap", json!({})), NOON, 1), None);
    let mut web = deployment(1);
    web["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    assert_eq!(simulate(&web, NOON, 1), None);
}

#[test]
fn hostile_specs_are_survived() {
    for spec in [json!(null), json!([]), json!({ "replicas": -5, "template": 7, "containers": {} })] {
        for (api_version, kind) in [
            ("apps/v1", "Deployment"),
            ("apps/v1", "StatefulSet"),
            ("apps/v1", "DaemonSet"),
            ("apps/v1", "ReplicaSet"),
            ("batch/v1", "Job"),
            ("v1", "Pod"),
            ("v1", "PersistentVolumeClaim"),
            ("v1", "Service"),
        ] {
            settle(&mut object(api_version, kind, spec.clone()), NOON);
        }
    }
}
