//! Whether a unit may declare another one: what an API server would have asked if the declaration had been applied to it.

use super::failure;
use mainstay_cluster::Cluster;
use mainstay_object::Value;
use mainstay_reconcile::{Failure, FailureKind};
use mainstay_unit::Authority;
use serde_json::json;

/// Asks with a SubjectAccessReview. An answer that can't be had is no permission.
pub(crate) async fn authorize(cluster: Option<&Cluster>, authority: &Authority) -> Result<(), Failure> {
    let Some(cluster) = cluster else {
        let message =
            format!("the cluster {:?} that has to permit this unit is not reached", authority.target.name());
        return Err(Failure { kind: FailureKind::Unavailable, message });
    };
    let account = &authority.account;
    let user = format!("system:serviceaccount:{}:{}", account.namespace, account.name);
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": user,
            "groups": [
                "system:serviceaccounts",
                format!("system:serviceaccounts:{}", account.namespace),
                "system:authenticated",
            ],
            "resourceAttributes": {
                "verb": "create",
                "group": authority.group,
                "resource": authority.resource,
                "namespace": authority.namespace,
                "name": authority.name,
            },
        },
    });
    let answer = cluster.review(&review).await.map_err(|e| failure(&e))?;
    if answer.pointer("/status/allowed").and_then(Value::as_bool) == Some(true) {
        return Ok(());
    }
    let message = format!(
        "{user}, as whom the unit that declares this one is applied, may not create {}.{} in namespace {}",
        authority.resource, authority.group, authority.namespace
    );
    Err(Failure { kind: FailureKind::Forbidden, message })
}
