//! Users of the real server and the kubeconfigs that make one act as them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A user with a static token, known to the server from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub name: &'static str,
    pub groups: &'static [&'static str],
}

pub(crate) const ADMIN: User = User { name: "admin", groups: &["system:masters"] };
/// The controllers may do anything, but under a name of their own, so that the audit log tells them apart.
pub(crate) const CONTROLLERS: User =
    User { name: "system:kube-controller-manager", groups: &["system:masters"] };
/// Likewise what stands for kubelets.
pub(crate) const NODES: User = User { name: "system:simulated-nodes", groups: &["system:masters"] };

pub(crate) const USERS: &[User] = &[
    ADMIN,
    CONTROLLERS,
    NODES,
    User { name: "nobody", groups: &[] },
    User { name: "alice", groups: &[] },
    User { name: "bob", groups: &[] },
    User { name: "alice", groups: &["tenant-a"] },
    User { name: "bob", groups: &["tenant-b"] },
];

impl User {
    /// The token is a name, no secret: the server listens on loopback and dies with the test.
    pub fn token(&self) -> String {
        let groups = self.groups.join("-");
        format!("mainstay-test-token-{}-{groups}", self.name).replace(':', "-")
    }

    pub fn find(name: &str, groups: &[&str]) -> Option<&'static User> {
        USERS.iter().find(|user| user.name == name && user.groups == groups)
    }
}

/// The file of `--token-auth-file`.
pub(crate) fn token_file() -> String {
    let line = |user: &User| {
        let identity = format!("{},{},{}", user.token(), user.name, user.token());
        match user.groups {
            [] => format!("{identity}\n"),
            groups => format!("{identity},\"{}\"\n", groups.join(",")),
        }
    };
    USERS.iter().map(line).collect()
}

/// How requests of a kubeconfig identify themselves.
pub(crate) enum Identity<'a> {
    Token(String),
    /// The admin's token, acting as somebody else.
    Impersonated {
        user: &'a str,
        groups: &'a [&'a str],
    },
}

/// A kubeconfig with inline data only. It is JSON, which is YAML too.
pub(crate) fn kubeconfig(url: &str, ca_pem: &str, identity: &Identity<'_>) -> Value {
    let user = match identity {
        Identity::Token(token) => json!({ "token": token }),
        Identity::Impersonated { user, groups } => {
            json!({ "token": ADMIN.token(), "as": user, "as-groups": groups })
        }
    };
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "real",
            "cluster": { "server": url, "certificate-authority-data": STANDARD.encode(ca_pem) },
        }],
        "users": [{ "name": "real", "user": user }],
        "contexts": [{ "name": "real", "context": { "cluster": "real", "user": "real" } }],
        "current-context": "real",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_unique() {
        let tokens: std::collections::BTreeSet<String> = USERS.iter().map(User::token).collect();
        assert_eq!(tokens.len(), USERS.len());
    }

    #[test]
    fn groups_are_one_quoted_column() {
        assert!(
            token_file().contains(",admin,mainstay-test-token-admin-system-masters,\"system:masters\"\n")
        );
        assert!(token_file().lines().any(|line| line.ends_with("-nobody-")));
    }
}
