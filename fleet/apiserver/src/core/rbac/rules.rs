use crate::core::body;
use crate::core::request::User;
use crate::core::store::Store;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    pub subresource: &'a str,
    /// Empty: the cluster scope, or all namespaces.
    pub namespace: &'a str,
    pub name: &'a str,
}

/// `rbac.authorization.k8s.io/v1` PolicyRule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    pub verbs: Vec<String>,
    pub groups: Vec<String>,
    pub resources: Vec<String>,
    pub names: Vec<String>,
    pub paths: Vec<String>,
}

/// All bindings, ready to be asked. Rebuilt when an RBAC object changes.
#[derive(Debug, Default)]
pub struct Rules {
    stale: Stale,
    bindings: Vec<Binding>,
    /// (namespace, name) to rules; cluster roles have no namespace.
    roles: BTreeMap<(String, String), Vec<Rule>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Stale {
    #[default]
    Yes,
    No,
}

#[derive(Debug)]
struct Binding {
    /// Empty: everywhere.
    namespace: String,
    subjects: Vec<Subject>,
    role: (String, String),
}

#[derive(Debug)]
enum Subject {
    User(String),
    Group(String),
}

impl Rules {
    pub fn invalidate(&mut self) {
        self.stale = Stale::Yes;
    }

    pub fn refresh(&mut self, store: &Store) {
        if self.stale == Stale::No {
            return;
        }
        self.stale = Stale::No;
        self.bindings.clear();
        self.roles.clear();
        let range = |plural: &str| {
            let prefix = format!("rbac.authorization.k8s.io/{plural}/");
            let found: Vec<Value> = store.range(&prefix, None).map(|(_, e)| body::parse(&e.body)).collect();
            found
        };
        for role in range("clusterroles").iter().chain(&range("roles")) {
            let key = (body::meta(role, "namespace").to_owned(), body::meta(role, "name").to_owned());
            self.roles.insert(key, Rule::of(role));
        }
        for binding in range("clusterrolebindings").iter().chain(&range("rolebindings")) {
            let namespace = body::meta(binding, "namespace").to_owned();
            let of = if body::text(binding, "/roleRef/kind") == "Role" {
                namespace.clone()
            } else {
                String::new()
            };
            let role = (of, body::text(binding, "/roleRef/name").to_owned());
            let subjects = binding.get("subjects").and_then(Value::as_array).into_iter().flatten();
            let subjects = subjects.filter_map(|s| Subject::of(s, &namespace)).collect();
            self.bindings.push(Binding { namespace, subjects, role });
        }
    }

    pub fn allows(&self, user: &User, attributes: &Attributes<'_>) -> bool {
        user.in_group("system:masters")
            || self.rules_for(user, attributes.namespace).any(|rule| rule.covers(attributes))
    }

    pub fn allows_path(&self, user: &User, verb: &str, path: &str) -> bool {
        user.in_group("system:masters") || self.rules_for(user, "").any(|rule| rule.covers_path(verb, path))
    }

    /// The rules that a user has in a namespace (empty: in the cluster scope).
    pub fn rules_for<'a>(&'a self, user: &'a User, namespace: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.bindings
            .iter()
            .filter(move |b| b.namespace.is_empty() || b.namespace == namespace)
            .filter(move |b| b.subjects.iter().any(|s| s.is(user)))
            .filter_map(|b| self.roles.get(&b.role))
            .flatten()
    }

    pub fn role(&self, namespace: &str, name: &str) -> Option<&[Rule]> {
        self.roles.get(&(namespace.to_owned(), name.to_owned())).map(Vec::as_slice)
    }
}

impl Subject {
    fn of(subject: &Value, binding_namespace: &str) -> Option<Self> {
        let name = body::text(subject, "/name");
        match body::text(subject, "/kind") {
            "User" => Some(Self::User(name.to_owned())),
            "Group" => Some(Self::Group(name.to_owned())),
            "ServiceAccount" => {
                let namespace = match body::text(subject, "/namespace") {
                    "" => binding_namespace,
                    namespace => namespace,
                };
                Some(Self::User(format!("system:serviceaccount:{namespace}:{name}")))
            }
            _ => None,
        }
    }

    fn is(&self, user: &User) -> bool {
        match self {
            Self::User(name) => *name == user.name,
            Self::Group(name) => user.in_group(name),
        }
    }
}

impl Rule {
    /// The rules of a Role or ClusterRole.
    pub fn of(role: &Value) -> Vec<Self> {
        let rules = role.get("rules").and_then(Value::as_array).into_iter().flatten();
        let list = |rule: &Value, key: &str| body::strings(rule.get(key));
        rules
            .map(|rule| Self {
                verbs: list(rule, "verbs"),
                groups: list(rule, "apiGroups"),
                resources: list(rule, "resources"),
                names: list(rule, "resourceNames"),
                paths: list(rule, "nonResourceURLs"),
            })
            .collect()
    }

    pub fn covers(&self, a: &Attributes<'_>) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        has(&self.verbs, a.verb)
            && has(&self.groups, a.group)
            && self.has_resource(a.resource, a.subresource)
            && (self.names.is_empty() || self.names.iter().any(|name| name == a.name))
    }

    fn has_resource(&self, resource: &str, subresource: &str) -> bool {
        self.resources.iter().any(|listed| {
            listed == "*"
                || match listed.split_once('/') {
                    None => subresource.is_empty() && listed == resource,
                    Some(("*", sub)) => sub == subresource,
                    Some((name, sub)) => name == resource && sub == subresource && !sub.is_empty(),
                }
        })
    }

    fn covers_path(&self, verb: &str, path: &str) -> bool {
        self.verbs.iter().any(|v| v == "*" || v == verb)
            && self.paths.iter().any(|listed| {
                listed == path || listed.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix))
            })
    }
}
