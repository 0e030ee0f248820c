//! Structured merge of a Deployment of 1.3 KB: `cargo bench -p mainstay-object`.

use criterion::{Criterion, criterion_group, criterion_main};
use mainstay_object::merge::{SameInAllVersions, WriteContext, apply, update};
use mainstay_object::{GroupVersionKind, TypeId, Types, Value, apply_defaults, patch, validate};
use serde_json::json;
use std::hint::black_box;

fn deployment(replicas: u64, containers: usize) -> Value {
    let container = |n: usize| {
        json!({
            "name": format!("c{n}"), "image": "registry.example.com/app:v1.2.3", "args": ["--flag=1", "--other=2"],
            "env": (0..4).map(|i| json!({"name": format!("E{i}"), "value": "some value"})).collect::<Value>(),
            "ports": [{"containerPort": 8080, "name": "http"}],
            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "readinessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5},
            "volumeMounts": [{"name": "v", "mountPath": "/data"}],
        })
    };
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "n", "labels": {"app": "web", "tier": "front"}},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": (0..containers).map(container).collect::<Value>(), "volumes": [{"name": "v", "emptyDir": {}}]},
            },
        },
    })
}

fn benches(criterion: &mut Criterion) {
    let types = Types::builtin();
    let id = types.for_kind(&GroupVersionKind::new("apps", "v1", "Deployment")).unwrap_or(TypeId::ANY);
    let versions = SameInAllVersions(id);
    let default = |object: &mut Value| apply_defaults(object, types, id);
    let context = |manager: &'static str| WriteContext {
        manager,
        subresource: "",
        now: "2024-01-01T00:00:00Z",
        types,
        type_id: id,
        resets: None,
        versions: &versions,
        default: Some(&default),
    };
    let (same, other, fewer) = (deployment(1, 2), deployment(2, 2), deployment(2, 1));
    let Ok(created) = apply(None, &same, false, &context("a")) else { return };
    let live = created.object.into_owned();
    criterion
        .bench_function("apply/create", |b| b.iter(|| apply(None, black_box(&same), false, &context("a"))));
    criterion.bench_function("apply/no-op", |b| {
        b.iter(|| apply(Some(&live), black_box(&same), false, &context("a")))
    });
    criterion.bench_function("apply/change", |b| {
        b.iter(|| apply(Some(&live), black_box(&other), false, &context("a")))
    });
    criterion.bench_function("apply/remove", |b| {
        b.iter(|| apply(Some(&live), black_box(&fewer), false, &context("a")))
    });
    let mut scaled = live.clone();
    scaled["spec"]["replicas"] = json!(3);
    criterion.bench_function("update", |b| b.iter(|| update(Some(&live), black_box(&scaled), &context("b"))));
    criterion.bench_function("validate", |b| b.iter(|| validate(black_box(&live), types, id)));
    criterion.bench_function("strategic merge", |b| {
        b.iter(|| patch::strategic_merge(&live, black_box(&other), types, id))
    });
}

criterion_group! {
    name = object;
    config = Criterion::default().sample_size(40).measurement_time(std::time::Duration::from_secs(2))
        .warm_up_time(std::time::Duration::from_millis(300));
    targets = benches
}
criterion_main!(object);
