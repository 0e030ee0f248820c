//! Writes through the core, no wire: `cargo bench -p mainstay-apiserver`.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mainstay_apiserver::User;
use mainstay_apiserver::core::{Cluster, Entropy, Method, Now, Reply, Request, Settings};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Numbers(u64);

impl Entropy for Numbers {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    ConfigMap,
    Deployment,
}

impl Kind {
    fn collection(self) -> &'static str {
        match self {
            Self::ConfigMap => "/api/v1/namespaces/default/configmaps",
            Self::Deployment => "/apis/apps/v1/namespaces/default/deployments",
        }
    }

    fn body(self, name: &str, generation: u64) -> Vec<u8> {
        let labels = format!(r#"{{"app.kubernetes.io/name":"{name}","app.kubernetes.io/part-of":"bench"}}"#);
        let metadata = format!(
            r#"{{"name":"{name}","namespace":"default","labels":{labels},"annotations":{{"example.com/generation":"{generation}"}}}}"#
        );
        let text = "lorem ipsum dolor sit amet ".repeat(10);
        match self {
            Self::ConfigMap => format!(
                r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{metadata},"data":{{"config.yaml":"{text}","level":"{generation}"}}}}"#
            ),
            Self::Deployment => format!(
                r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{metadata},"spec":{{"replicas":3,"selector":{{"matchLabels":{labels}}},"template":{{"metadata":{{"labels":{labels}}},"spec":{{"serviceAccountName":"default","containers":[{{"name":"main","image":"registry.example.com/{name}:1.{generation}","args":["--listen=:8080","--verbose"],"env":[{{"name":"LEVEL","value":"info"}},{{"name":"POD","valueFrom":{{"fieldRef":{{"fieldPath":"metadata.name"}}}}}}],"ports":[{{"name":"http","containerPort":8080}}],"readinessProbe":{{"httpGet":{{"path":"/healthz","port":"http"}}}},"resources":{{"requests":{{"cpu":"100m","memory":"64Mi"}},"limits":{{"memory":"128Mi"}}}},"volumeMounts":[{{"name":"config","mountPath":"/etc/main"}}]}}],"volumes":[{{"name":"config","configMap":{{"name":"{name}"}}}}]}}}}}}}}"#
            ),
        }
        .into_bytes()
    }

    fn create(self, number: u64) -> Request {
        let name = format!("created-{number}");
        Request {
            method: Method::Post,
            path: self.collection().into(),
            content_type: Some("application/json".into()),
            body: self.body(&name, 0),
            user: User::admin(),
            ..Request::default()
        }
    }

    fn apply(self, number: u64, generation: u64) -> Request {
        let name = format!("applied-{number}");
        Request {
            method: Method::Patch,
            path: format!("{}/{name}", self.collection()),
            query: vec![("fieldManager".into(), "bench".into())],
            content_type: Some("application/apply-patch+yaml".into()),
            body: self.body(&name, generation),
            user: User::admin(),
            ..Request::default()
        }
    }
}

struct Server {
    cluster: Cluster,
    entropy: Numbers,
    count: u64,
}

impl Server {
    fn new() -> Self {
        let mut entropy = Numbers(1);
        let cluster = Cluster::new(Settings::default(), now(), &mut entropy);
        Self { cluster, entropy, count: 0 }
    }

    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn send(&mut self, request: &Request) -> usize {
        let reply = self.cluster.handle(black_box(request), now(), &mut self.entropy);
        drop(self.cluster.take_changes());
        match reply {
            Reply::Done(response) if response.status < 300 => response.body.len(),
            Reply::Done(response) => panic!("{}", String::from_utf8_lossy(&response.body)),
            Reply::Watch(_) => panic!("a write became a watch"),
        }
    }
}

fn now() -> Now {
    Now::from_seconds(1_750_000_000)
}

fn benches(criterion: &mut Criterion) {
    for (kind, name) in [(Kind::ConfigMap, "config map"), (Kind::Deployment, "deployment")] {
        let server = std::cell::RefCell::new(Server::new());
        criterion.bench_function(&format!("{name}: create"), |b| {
            b.iter_batched(
                || kind.create(server.borrow_mut().next()),
                |r| server.borrow_mut().send(&r),
                BatchSize::SmallInput,
            );
        });
        criterion.bench_function(&format!("{name}: apply, new"), |b| {
            b.iter_batched(
                || kind.apply(server.borrow_mut().next(), 0),
                |r| server.borrow_mut().send(&r),
                BatchSize::SmallInput,
            );
        });
        criterion.bench_function(&format!("{name}: apply, changing"), |b| {
            b.iter_batched(
                || kind.apply(0, server.borrow_mut().next()),
                |r| server.borrow_mut().send(&r),
                BatchSize::SmallInput,
            );
        });
        let request = kind.apply(0, 0);
        criterion.bench_function(&format!("{name}: apply, no-op"), |b| {
            b.iter(|| server.borrow_mut().send(&request))
        });
    }
}

criterion_group! {
    name = core;
    config = Criterion::default().sample_size(30).measurement_time(std::time::Duration::from_secs(2))
        .warm_up_time(std::time::Duration::from_millis(300));
    targets = benches
}
criterion_main!(core);
