use super::support::{Counter, host, request};
use crate::core::{Entropy, Reply};

const PATHS: [&str; 12] = [
    "/api/v1/namespaces",
    "/api/v1/namespaces/default",
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/configmaps/a",
    "/api/v1/namespaces/default/services/a",
    "/api/v1/namespaces/default/pods/a/status",
    "/apis/apps/v1/namespaces/default/deployments/a",
    "/apis/apps/v1/namespaces/default/deployments/a/scale",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a.b.c",
    "/apis/batch/v1/namespaces/default/jobs/a",
    "/api/v1/namespaces/default/serviceaccounts/default/token",
];
const QUERIES: [&str; 8] = [
    "",
    "?fieldManager=x",
    "?fieldManager=x&force=true",
    "?limit=1",
    "?labelSelector=a,b!=c,d in (e,f)",
    "?watch=1&resourceVersion=3",
    "?dryRun=All&fieldValidation=Strict",
    "?continue=abc",
];
const METHODS: [&str; 9] = ["GET", "POST", "PUT", "APPLY", "MERGE", "STRATEGIC", "JSON", "DELETE", "HEAD"];
const KINDS: [(&str, &str); 6] = [
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("batch/v1", "Job"),
    ("v1", "Namespace"),
];
const KEYS: [&str; 16] = [
    "metadata",
    "spec",
    "status",
    "name",
    "labels",
    "selector",
    "template",
    "containers",
    "versions",
    "ports",
    "data",
    "finalizers",
    "ownerReferences",
    "names",
    "group",
    "matchLabels",
];

struct Dice(Counter);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0_u8; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn value(&mut self, depth: usize) -> String {
        match self.below(if depth == 0 { 5 } else { 8 }) {
            0 => "null".into(),
            1 => "true".into(),
            2 => self.pick(&["0", "-1", "80", "1.5", "99999999999"]).into(),
            3 => format!("{:?}", self.pick(&["a", "", "A_b", "x.io/y", "Foreground", "é"])),
            4 => "{}".into(),
            5 => {
                let items: Vec<String> = (0..self.below(3)).map(|_| self.value(depth - 1)).collect();
                format!("[{}]", items.join(","))
            }
            _ => self.object(depth - 1, ""),
        }
    }

    fn object(&mut self, depth: usize, first: &str) -> String {
        let mut fields = vec![first.to_owned()];
        for _ in 0..self.below(5) {
            fields.push(format!("{:?}:{}", self.pick(&KEYS), self.value(depth)));
        }
        fields.retain(|f| !f.is_empty());
        format!("{{{}}}", fields.join(","))
    }

    fn body(&mut self) -> String {
        match self.below(4) {
            0 => self.value(4),
            1 => {
                let patch = |d: &mut Self| {
                    let key = d.pick(&KEYS);
                    format!(
                        r#"{{"op":"{}","path":"/{key}","value":{}}}"#,
                        d.pick(&["add", "remove", "test"]),
                        d.value(3)
                    )
                };
                format!("[{}]", patch(self))
            }
            _ => {
                let (version, kind) = self.pick(&KINDS);
                let first = format!(r#""apiVersion":"{version}","kind":"{kind}","metadata":{{"name":"a"}}"#);
                self.object(4, &first)
            }
        }
    }
}

fn run(seed: u64, count: usize) -> Vec<u8> {
    let mut dice = Dice(Counter(seed));
    let mut host = host();
    let mut all = Vec::new();
    for _ in 0..count {
        let line = format!("{} {}{}", dice.pick(&METHODS), dice.pick(&PATHS), dice.pick(&QUERIES));
        let body = dice.body();
        match host.reply(request(&line, &body)) {
            Reply::Done(response) => {
                assert!((200..600).contains(&response.status), "{line} {body}");
                all.extend(response.body);
            }
            Reply::Watch(mut watch) => all.extend(host.drain(&mut watch).join(",").into_bytes()),
        }
    }
    for change in host.cluster.take_changes() {
        all.extend(change.key.as_bytes());
        all.extend(change.value.iter().flat_map(|v| v.bytes().into_owned()));
    }
    all
}

#[test]
fn random_requests_never_panic() {
    for seed in 0..40 {
        run(seed, 100);
    }
}

#[test]
fn the_same_requests_give_the_same_bytes() {
    assert!(run(7, 400) == run(7, 400));
}
