use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::World;

on_both_wires! {
    a_rendered_unit_acts_only_where_those_above_it_may_declare_it,
}

/// A tenant that may do as it likes in its namespace, and nowhere else.
const ACCOUNT: &str = "apiVersion: v1
kind: ServiceAccount
metadata: {name: deployer, namespace: authority}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: deployer, namespace: authority}
rules:
  - {apiGroups: ['*'], resources: ['*'], verbs: ['*']}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: deployer, namespace: authority}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
subjects: [{kind: ServiceAccount, name: deployer, namespace: authority}]
---
apiVersion: v1
kind: Secret
metadata: {name: password, namespace: kube-system}
stringData: {password: correct-horse}
";

fn kustomization(namespace: &str, name: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         spec:\n  interval: 10m\n  retryInterval: 2s\n  prune: true\n  path: ./authority/{name}\n  \
         sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}\n{more}---\n"
    )
}

fn a_rendered_unit_acts_only_where_those_above_it_may_declare_it(world: &mut World) {
    world.tenant("authority");
    world.kubectl_with(&["apply", "-f", "-"], ACCOUNT).expect_success();
    let tenant = "apiVersion: mainstay.dev/v1alpha1\nkind: Tenant\nmetadata:\n  name: authority\nspec:\n  \
                  paths: [authority]\n  serviceAccount: {namespace: authority, name: deployer}\n";
    world.repository.write("authority/tenant.yaml", tenant);
    let children = [
        kustomization("authority", "own", "  serviceAccountName: deployer\n"),
        kustomization("kube-system", "stolen", "  serviceAccountName: default\n"),
        kustomization(
            "kube-system",
            "reads",
            "  postBuild: {substituteFrom: [{kind: Secret, name: password}]}\n",
        ),
    ];
    world.repository.module("authority", "flux", &[], &children.concat());
    world.repository.write("authority/own/x.yaml", &config_map("authority", "own", "mine"));
    world.repository.write("authority/stolen/x.yaml", &config_map("kube-system", "stolen", "mine"));
    world.repository.write("authority/reads/x.yaml", &config_map("authority", "reads", "${password}"));
    world.repository.commit("A tenant declares what it may and what it may not");

    world.config_map_is("authority", "own", "mine");
    let refused = "system:serviceaccount:authority:deployer";
    let stolen = world.is("kustomization/kube-system/stolen", "Failed");
    let message = stolen["message"].as_str().unwrap_or_default();
    assert!(message.contains(refused) && message.contains("may not create"), "{stolen:#}");
    let reads = world.until("the foreign Secret is not read", |world| {
        let unit = world.unit("kustomization/kube-system/reads")?;
        if unit["phase"] == "NotRendered" { Ok(unit) } else { Err(unit.to_string()) }
    });
    assert!(reads["message"].as_str().unwrap_or_default().contains(refused), "{reads:#}");
    assert!(world.object("configmap", "kube-system", "stolen").is_none());
    assert!(world.object("configmap", "authority", "reads").is_none());
    assert!(!world.log().contains("correct-horse"));

    world.repository.remove("authority/flux");
    world.repository.remove("authority/flux.yaml");
    world.repository.commit("The tenant takes everything back");
}
