//! Kubernetes' own kinds, each in the states that its API documentation names.

use crate::assess;
use mainstay_object::Value;
use mainstay_unit::HealthStatus::{self, Degraded, Healthy, Progressing, Suspended};
use serde_json::json;

fn check(kind: &str, content: Value, expected: HealthStatus, message: &str) {
    let (version, kind) = kind.rsplit_once('/').unwrap();
    let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a", "generation": 2}});
    for (key, value) in content.as_object().unwrap() {
        object[key] = value.clone();
    }
    let health = assess(&object, None);
    assert_eq!((health.status, health.message.as_str()), (expected, message), "{object}");
}

#[test]
fn a_stateful_set_is_rolled_out_as_its_strategy_says() {
    let set = |spec: Value, status: Value, expected, message: &str| {
        check("apps/v1/StatefulSet", json!({"spec": spec, "status": status}), expected, message);
    };
    let status = |ready: i64, updated: i64, current: &str| json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated, "currentRevision": current, "updateRevision": "b"});
    set(json!({"replicas": 3}), json!({}), Progressing, "its controller has not looked at it yet");
    set(json!({"replicas": 3}), status(2, 3, "b"), Progressing, "2 of 3 replicas are ready");
    set(json!({"replicas": 3}), status(3, 1, "a"), Progressing, "1 of 3 replicas are updated");
    set(json!({"replicas": 3}), status(3, 3, "b"), Healthy, "3 of 3 replicas are ready");
    set(json!({"replicas": 2}), status(3, 3, "b"), Progressing, "1 replicas are to go");
    let partition = json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}});
    set(
        partition.clone(),
        status(3, 0, "a"),
        Progressing,
        "0 of 1 replicas are updated (partitioned rollout)",
    );
    set(partition, status(3, 1, "a"), Healthy, "the partitioned rollout of 1 replicas is complete");
    let on_delete = json!({"replicas": 3, "updateStrategy": {"type": "OnDelete"}});
    set(on_delete, status(3, 0, "a"), Healthy, "3 of 3 replicas are ready");
}

#[test]
fn a_daemon_set_and_a_replica_set_count_what_they_have() {
    let daemons = |status: Value, expected, message: &str| {
        check("apps/v1/DaemonSet", json!({"status": status}), expected, message)
    };
    daemons(
        json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberAvailable": 2}),
        Progressing,
        "1 of 2 replicas are updated",
    );
    daemons(
        json!({"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}),
        Progressing,
        "1 of 2 replicas are available",
    );
    daemons(
        json!({"observedGeneration": 2, "desiredNumberScheduled": 0}),
        Healthy,
        "0 of 0 replicas are available",
    );
    let quota = json!({"observedGeneration": 2, "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: q"}]});
    check("apps/v1/ReplicaSet", json!({"status": quota}), Degraded, "FailedCreate: exceeded quota: q");
    check("apps/v1/Deployment", json!({"status": quota}), Degraded, "FailedCreate: exceeded quota: q");
}

#[test]
fn a_pod_says_what_its_containers_wait_for() {
    let pod = |status: Value, expected, message: &str| {
        check("v1/Pod", json!({"status": status}), expected, message)
    };
    let waiting = |reason: &str, message: &str| json!([{"name": "web", "state": {"waiting": {"reason": reason, "message": message}}}]);
    pod(
        json!({"phase": "Pending", "containerStatuses": waiting("ContainerCreating", "")}),
        Progressing,
        "container web: ContainerCreating",
    );
    pod(
        json!({"phase": "Pending", "initContainerStatuses": waiting("ErrImagePull", "no such image")}),
        Degraded,
        "container web: ErrImagePull: no such image",
    );
    pod(
        json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]}),
        Progressing,
        "Unschedulable: 0/3 nodes are available",
    );
    let crashing = json!([{"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}, "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]);
    pod(
        json!({"phase": "Running", "containerStatuses": crashing}),
        Degraded,
        "container web: CrashLoopBackOff: back-off 40s; it ended last with exit code 137, OOMKilled",
    );
    pod(
        json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}),
        Degraded,
        "Evicted: low on memory",
    );
    pod(
        json!({"phase": "Failed", "containerStatuses": [{"name": "job", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}]}),
        Degraded,
        "container job ended with exit code 2",
    );
    pod(
        json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}),
        Healthy,
        "it runs and is ready",
    );
    pod(
        json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]}),
        Progressing,
        "Ready is false: ContainersNotReady",
    );
    pod(json!({"phase": "Succeeded"}), Healthy, "it has succeeded");
}

#[test]
fn a_job_ends_one_way_or_the_other() {
    let job = |content: Value, expected, message: &str| check("batch/v1/Job", content, expected, message);
    let condition = |kind: &str| json!({"status": {"conditions": [{"type": kind, "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}]}});
    job(condition("Failed"), Degraded, "BackoffLimitExceeded: m");
    job(condition("Complete"), Healthy, "it is complete");
    job(condition("Suspended"), Suspended, "the job is suspended");
    job(json!({"spec": {"suspend": true}}), Suspended, "the job is suspended");
    job(json!({"status": {"active": 1, "failed": 2}}), Progressing, "1 pods are active, 2 have failed");
}

#[test]
fn a_schedule_is_as_well_as_its_last_job() {
    let cron =
        |content: Value, expected, message: &str| check("batch/v1/CronJob", content, expected, message);
    let ran = |succeeded: &str| json!({"status": {"lastScheduleTime": "2025-01-01T10:00:00Z", "lastSuccessfulTime": succeeded}});
    cron(json!({}), Healthy, "it is scheduled and has not been due yet");
    cron(ran("2025-01-01T10:00:07Z"), Healthy, "its last job has succeeded");
    cron(ran("2025-01-01T09:00:07Z"), Degraded, "its last job has not succeeded");
    cron(ran(""), Degraded, "no job of it has succeeded");
    cron(json!({"spec": {"suspend": true}}), Suspended, "the schedule is suspended");
}

#[test]
fn storage_is_bound_attached_or_refused() {
    let claim = |status: Value, expected, message: &str| {
        check("v1/PersistentVolumeClaim", json!({"status": status}), expected, message)
    };
    claim(json!({"phase": "Bound"}), Healthy, "it is bound");
    claim(json!({"phase": "Pending"}), Progressing, "its phase is Pending");
    claim(json!({"phase": "Lost"}), Degraded, "its volume is lost");
    claim(
        json!({"phase": "Bound", "allocatedResourceStatuses": {"storage": "ControllerResizeInfeasible"}}),
        Degraded,
        "its volume can't grow (Controller refuses)",
    );
    check(
        "v1/PersistentVolume",
        json!({"status": {"phase": "Failed", "message": "no recycler"}}),
        Degraded,
        "no recycler",
    );
    check(
        "storage.k8s.io/v1/VolumeAttachment",
        json!({"status": {"attached": false, "attachError": {"message": "no slot"}}}),
        Degraded,
        "no slot",
    );
    check("storage.k8s.io/v1/StorageClass", json!({}), Healthy, "passive, accepted");
}

#[test]
fn a_load_balancer_has_an_address_or_an_error() {
    let service = |content: Value, expected, message: &str| check("v1/Service", content, expected, message);
    service(json!({"spec": {"type": "ClusterIP"}}), Healthy, "passive, accepted");
    service(json!({"spec": {"type": "LoadBalancer"}}), Progressing, "it has no load balancer yet");
    let point = json!({"loadBalancer": {"ingress": [{"ip": "10.0.0.1", "ports": [{"port": 80, "error": "PortInUse"}]}]}});
    service(
        json!({"spec": {"type": "LoadBalancer"}, "status": point}),
        Degraded,
        "port 80 of its load balancer: PortInUse",
    );
    check(
        "networking.k8s.io/v1/Ingress",
        json!({"status": point}),
        Degraded,
        "port 80 of its load balancer: PortInUse",
    );
    check("networking.k8s.io/v1/Ingress", json!({}), Healthy, "passive, accepted");
}

#[test]
fn a_definition_is_established_or_says_why_not() {
    let crd = |kind: &str, status: &str, reason: &str, expected, message: &str| {
        let conditions = json!([{"type": kind, "status": status, "reason": reason, "message": "m"}]);
        check(
            "apiextensions.k8s.io/v1/CustomResourceDefinition",
            json!({"status": {"conditions": conditions}}),
            expected,
            message,
        );
    };
    crd("Established", "True", "InitialNamesAccepted", Healthy, "it is established");
    crd("Established", "False", "Installing", Progressing, "it is not established yet");
    crd("Established", "False", "NotAccepted", Degraded, "it is not established: NotAccepted: m");
    crd("NamesAccepted", "False", "ListKindConflict", Degraded, "its names are not accepted: m");
    crd("Terminating", "True", "x", Progressing, "Terminating is true: x: m");
    check(
        "apiregistration.k8s.io/v1/APIService",
        json!({"status": {"conditions": [{"type": "Available", "status": "False", "reason": "MissingEndpoints"}]}}),
        Progressing,
        "Available is false: MissingEndpoints",
    );
}

#[test]
fn a_webhook_that_waits_for_its_bundle_is_not_ready() {
    let hooks = |bundle: &str| json!({"metadata": {"annotations": {"cert-manager.io/inject-ca-from": "a/b"}}, "webhooks": [{"name": "w.example.com", "clientConfig": {"caBundle": bundle}}]});
    let kind = "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration";
    check(kind, hooks(""), Progressing, "w.example.com waits for its CA bundle");
    check(kind, hooks("QQ=="), Healthy, "passive, accepted");
    check(
        kind,
        json!({"webhooks": [{"name": "w", "clientConfig": {"url": "https://example.com"}}]}),
        Healthy,
        "passive, accepted",
    );
}

#[test]
fn budgets_and_autoscalers_say_what_they_wait_for() {
    let budget = |status: Value, expected, message: &str| {
        check("policy/v1/PodDisruptionBudget", json!({"status": status}), expected, message)
    };
    budget(json!({}), Progressing, "its controller has not looked at it yet");
    let counts = |healthy: i64, expected: i64| json!({"observedGeneration": 2, "currentHealthy": healthy, "desiredHealthy": 2, "expectedPods": expected, "disruptionsAllowed": 0});
    budget(counts(1, 3), Progressing, "1 of 2 pods that it asks for are healthy");
    budget(counts(2, 3), Healthy, "0 disruptions are allowed");
    budget(counts(0, 0), Healthy, "0 disruptions are allowed");
    let scaler = |conditions: Value, expected, message: &str| {
        check(
            "autoscaling/v2/HorizontalPodAutoscaler",
            json!({"status": {"conditions": conditions}}),
            expected,
            message,
        )
    };
    scaler(json!([]), Progressing, "nobody has looked at it yet");
    scaler(
        json!([{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "m"}]),
        Degraded,
        "FailedGetResourceMetric: m",
    );
    scaler(
        json!([{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"}]),
        Healthy,
        "it is able to scale",
    );
    let annotation = json!({"metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/conditions": "[{\"type\":\"AbleToScale\",\"status\":\"True\"}]"}}});
    check("autoscaling/v1/HorizontalPodAutoscaler", annotation, Healthy, "it is able to scale");
}

#[test]
fn a_namespace_that_can_not_go_says_what_it_holds() {
    let conditions = json!([{"type": "NamespaceDeletionDiscoveryFailure", "status": "False"}, {"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 2 resource instances"}]);
    check(
        "v1/Namespace",
        json!({"status": {"phase": "Terminating", "conditions": conditions}}),
        Progressing,
        "its phase is Terminating: pods. has 2 resource instances",
    );
    check("v1/Namespace", json!({"status": {"phase": "Active"}}), Healthy, "it is active");
    check(
        "v1/Node",
        json!({"spec": {"unschedulable": true}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
        Suspended,
        "it is cordoned",
    );
    check(
        "v1/Node",
        json!({"status": {"conditions": [{"type": "DiskPressure", "status": "True", "reason": "KubeletHasDiskPressure"}]}}),
        Degraded,
        "DiskPressure is true: KubeletHasDiskPressure",
    );
}
