//! The real server, tried with the real kubectl.

use std::time::{Duration, Instant};

use mainstay_harness::{AuditEntry, RealServer, real_or_skip, tools_or_skip};

fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let started = Instant::now();
    while !check() {
        assert!(started.elapsed() < Duration::from_secs(60), "timed out: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn kubectl_and_the_server_tell_their_versions() {
    let Some(server) = real_or_skip("kubectl_and_the_server_tell_their_versions") else { return };
    let text = server.kubectl(&["version"]).expect_success();
    assert!(text.contains("Server Version: v1.") && text.contains("Client Version: v1."), "{text}");
}

#[test]
fn a_created_config_map_is_in_the_audit_log() {
    let Some(server) = real_or_skip("a_created_config_map_is_in_the_audit_log") else { return };
    let namespace = server.fresh_namespace("audited");
    let mark = server.audit_mark();
    server.kubectl(&["create", "configmap", "seen", "-n", &namespace]).expect_success();
    let entries = server.audit_since(mark);
    // Controllers that another test started write to every namespace.
    let ours = |entry: &&AuditEntry| entry.namespace == namespace && entry.user == "admin";
    let created: Vec<_> = entries.iter().filter(ours).collect();
    let [entry] = created.as_slice() else { panic!("{created:#?}") };
    assert_eq!(
        (entry.verb.as_str(), entry.resource.as_str(), entry.name.as_str()),
        ("create", "configmaps", "seen")
    );
    assert_eq!((entry.user.as_str(), entry.code, entry.is_write()), ("admin", 201, true));
    assert!(entry.user_agent.starts_with("kubectl/"), "{}", entry.user_agent);
    let later = server.audit_mark();
    assert_eq!(server.audit_since(later).iter().find(ours), None);
}

#[test]
fn users_are_who_their_kubeconfig_says_and_rbac_holds_them() {
    let Some(server) = real_or_skip("users_are_who_their_kubeconfig_says_and_rbac_holds_them") else {
        return;
    };
    let namespace = server.fresh_namespace("rbac");
    server.kubectl(&["create", "serviceaccount", "robot", "-n", &namespace]).expect_success();
    let token = server.kubeconfig_for("alice", &["tenant-a"]);
    let impersonated = server.kubeconfig_for("carol", &["tenant-c", "tenant-d"]);
    let account = server.kubeconfig_for_service_account(&namespace, "robot");
    let robot = format!("system:serviceaccount:{namespace}:robot");
    for (kubeconfig, expected) in [(token, "alice"), (impersonated, "carol"), (account, robot.as_str())] {
        let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
        let who =
            server.kubectl(&[&kubeconfig, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
        assert_eq!(who.expect_success(), expected);
        let denied = server.kubectl(&[&kubeconfig, "get", "secrets", "-n", &namespace]);
        assert!(!denied.success() && denied.stderr.contains("Forbidden"), "{}", denied.stderr);
    }
}

#[test]
fn controllers_turn_a_deployment_into_pods_and_empty_a_deleted_namespace() {
    let test = "controllers_turn_a_deployment_into_pods_and_empty_a_deleted_namespace";
    let Some(server) = real_or_skip(test) else { return };
    server.start_controllers().unwrap_or_else(|error| panic!("{error}"));
    let namespace = server.fresh_namespace("controllers");
    let create = ["create", "deployment", "web", "--image=example.org/web", "--replicas=2", "-n", &namespace];
    server.kubectl(&create).expect_success();
    eventually("two pods", || {
        let pods =
            server.kubectl(&["get", "pods,replicasets", "-o", "name", "-n", &namespace]).expect_success();
        pods.lines().filter(|line| line.starts_with("pod/")).count() == 2
            && pods.contains("replicaset.apps/web-")
    });
    server.kubectl(&["delete", "namespace", &namespace, "--wait=false"]).expect_success();
    eventually("no namespace", || !server.kubectl(&["get", "namespace", &namespace]).success());
}

#[test]
fn simulated_pods_make_workloads_healthy() {
    let Some(server) = real_or_skip("simulated_pods_make_workloads_healthy") else { return };
    server.start_controllers().unwrap_or_else(|error| panic!("{error}"));
    server.simulate_pods().unwrap_or_else(|error| panic!("{error}"));
    let namespace = server.fresh_namespace("simulated");
    let namespace = namespace.as_str();
    let image = "--image=example.org/web";
    server.kubectl(&["create", "deployment", "web", image, "--replicas=3", "-n", namespace]).expect_success();
    server.kubectl(&["create", "job", "task", image, "-n", namespace]).expect_success();
    let available = ["rollout", "status", "deployment/web", "--timeout=60s", "-n", namespace];
    server.kubectl(&available).expect_success();
    let complete = ["wait", "job/task", "--for=condition=Complete", "--timeout=60s", "-n", namespace];
    server.kubectl(&complete).expect_success();
}

#[test]
fn a_dropped_server_leaves_nothing_behind() {
    if tools_or_skip("a_dropped_server_leaves_nothing_behind").is_none() {
        return;
    }
    let server = RealServer::start().unwrap_or_else(|error| panic!("{error}"));
    let (folder, url) = (server.folder().to_path_buf(), server.url().to_owned());
    drop(server);
    assert!(!folder.exists());
    let address = url.trim_start_matches("https://").to_owned();
    assert!(std::net::TcpStream::connect(address).is_err());
}
