//! Whatever an object and the rules look like, there is an answer, and never Healthy without a reason.

use crate::{Rules, judge};
use mainstay_object::Value;
use mainstay_unit::HealthStatus;
use proptest::prelude::*;
use serde_json::json;

fn words() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "Ready",
        "True",
        "False",
        "Unknown",
        "Available",
        "Healthy",
        "Running",
        "Failed",
        "phase",
        "state",
        "conditions",
        "type",
        "status",
        "reason",
        "replicas",
        "observedGeneration",
        "parents",
        "name",
        "",
        "1/1",
    ])
    .prop_map(str::to_owned)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-3i64..9).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(words(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Kinds that some table knows, so that its rules meet what they do not expect.
fn kinds() -> impl Strategy<Value = (String, String)> {
    let mut known: Vec<(String, String)> = Rules::shipped().names();
    for (group, kind) in [
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("batch", "CronJob"),
        ("", "Pod"),
        ("", "Service"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("example.com", "Thing"),
    ] {
        known.push((group.to_owned(), kind.to_owned()));
    }
    prop::sample::select(known)
}

/// A status as controllers write one: conditions, phases and counts that may be anything.
fn status() -> impl Strategy<Value = Value> {
    let condition = (words(), words(), words(), -1i64..4)
        .prop_map(|(kind, status, reason, seen)| json!({"type": kind, "status": status, "reason": reason, "observedGeneration": seen}));
    let filled = (prop::collection::vec(condition, 0..4), words(), -1i64..5, any_json()).prop_map(
        |(conditions, phase, count, other)| {
            json!({
                "conditions": conditions, "phase": phase, "state": phase, "health": {"status": phase},
                "replicas": count, "readyReplicas": count, "updatedReplicas": count, "availableReplicas": count,
                "parents": other, "statuses": other, "ready": true,
            })
        },
    );
    prop_oneof![filled, any_json()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_has_an_answer(object in any_json(), declares in any::<Option<bool>>()) {
        let verdict = judge(Rules::none(), &object, declares);
        prop_assert!(!verdict.health.message.contains('\n'));
    }

    #[test]
    fn any_content_of_a_known_kind_has_an_answer((group, kind) in kinds(), spec in any_json(), status in any_json()) {
        let object = json!({"apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": "a"}, "spec": spec, "status": status});
        let verdict = judge(Rules::none(), &object, None);
        prop_assert!(verdict.health.message.chars().count() <= 501);
    }

    #[test]
    fn what_is_being_deleted_or_not_yet_observed_is_never_healthy(
        (group, kind) in kinds(),
        spec in any_json(),
        status in status(),
        deleting in any::<bool>(),
        as_text in any::<bool>(),
    ) {
        let mut object = json!({
            "apiVersion": format!("{group}/v1"),
            "kind": kind,
            "metadata": {"name": "a", "generation": 7},
            "spec": spec,
            "status": status,
        });
        if deleting {
            object["metadata"]["deletionTimestamp"] = json!("2020-01-01T00:00:00Z");
        } else if object["status"].is_object() {
            object["status"]["observedGeneration"] = if as_text { json!("6") } else { json!(6) };
        } else {
            return Ok(());
        }
        let own = Rules::parse("own", "kinds: [{group: example.com, kind: Thing, passive: true}]").unwrap();
        let verdict = judge(&own, &object, Some(false));
        prop_assert_ne!(verdict.health.status, HealthStatus::Healthy, "{}", object);
    }

    #[test]
    fn any_text_is_rules_or_has_a_diagnostic(text in "[a-zA-Z:\\-\\[\\]{} \n\"/.()*&]{0,200}") {
        if let Err(problems) = Rules::parse("own", &text) {
            prop_assert!(!problems.is_empty());
        }
    }
}
