//! What Helm's own tool says of releases that Mainstay made, and what becomes of those that Helm made. Jobs are
//! suspended, so that the test ends them and nobody else.

use crate::on_both_wires;
use crate::repository::config_map;
use crate::world::World;
use mainstay_harness::Output;
use mainstay_unit::UnitId;
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

on_both_wires! {
    helm_knows_shows_and_takes_back_what_was_released,
    hooks_run_in_their_order_and_one_that_fails_stops_the_release,
    an_upgrade_that_fails_is_rolled_back_and_stays_so_until_it_is_another_one,
    what_helm_installed_is_taken_over_as_it_is_and_upgraded_without_a_recreate,
    tests_run_when_somebody_asks_and_leave_the_unit_as_it_is,
}

/// A chart with a ConfigMap that says a value, and a Job for each hook.
fn chart(world: &World, place: &str, value: &str, hooks: &[(&str, &str)]) {
    let write = |file: &str, text: &str| world.repository.write(&format!("{place}/{file}"), text);
    write("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: \"7\"\n");
    write("values.yaml", &format!("value: {value}\n"));
    write("templates/NOTES.txt", "Thank you for {{ .Release.Name }}.");
    write(
        "templates/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {value: \"{{ .Values.value }}\"}\n",
    );
    for (name, moments) in hooks {
        write(&format!("templates/{name}.yaml"), &job(name, moments));
    }
}

fn job(name: &str, moments: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations:\n    helm.sh/hook: {moments}\n    \
         helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded\nspec:\n  suspend: true\n  template:\n    spec:\n      \
         restartPolicy: Never\n      containers: [{{name: x, image: registry.example.com/x}}]\n"
    )
}

/// A tenant's release of the chart at `NAME/chart`.
fn release(world: &World, name: &str, values: &str) {
    release_with(world, name, values, "");
}

fn release_with(world: &World, name: &str, values: &str, fields: &str) {
    let text = format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: web, namespace: {name}}}\n\
         spec:\n  interval: 10m\n  driftDetection: {{mode: enabled}}\n{fields}  values: {values}\n  chart:\n    spec:\n      \
         chart: ./{name}/chart\n      \
         sourceRef: {{kind: GitRepository, name: flux-system, namespace: flux-system}}\n"
    );
    world.repository.module(name, "flux", &[], &text);
}

fn said(output: &Output) -> Value {
    assert!(output.success(), "{}{}", output.stdout, output.stderr);
    serde_json::from_str(&output.stdout).expect("JSON")
}

pub fn history(world: &World, release: &str, namespace: &str) -> Vec<(u64, String)> {
    let told = said(&world.helm(&["history", release, "-n", namespace, "-o", "json"]));
    let one = |item: &Value| {
        (
            item["revision"].as_u64().unwrap_or_default(),
            item["status"].as_str().unwrap_or_default().to_owned(),
        )
    };
    told.as_array().expect("a list").iter().map(one).collect()
}

/// Waits for a history.
#[track_caller]
pub fn history_is(world: &mut World, release: &str, namespace: &str, wanted: &[(u64, &str)]) {
    let wanted: Vec<(u64, String)> = wanted.iter().map(|(n, s)| (*n, (*s).to_owned())).collect();
    world.until("Helm knows", |world| {
        let records = world.kubectl(&[
            "get",
            "secret",
            "-n",
            namespace,
            "-l",
            &format!("owner=helm,name={release}"),
            "-o",
            "name",
        ]);
        if records.stdout.is_empty() {
            return Err("no record yet".to_owned());
        }
        let found = history(world, release, namespace);
        if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
    });
}

/// Ends a Job as its controller would.
#[track_caller]
fn end(world: &mut World, namespace: &str, name: &str, how: &str) {
    let patch = ending(how);
    let namespace = namespace.to_owned();
    world.until("the Job can be ended", |world| {
        let arguments =
            ["patch", "job", name, "-n", &namespace, "--subresource=status", "--type=merge", "-p", &patch];
        let ended = world.kubectl(&arguments);
        if ended.success() { Ok(()) } else { Err(ended.stderr) }
    });
}

fn ending(how: &str) -> String {
    let time = "2026-01-01T00:00:00Z";
    let condition = |kind: &str| json!({"type": kind, "status": "True", "reason": "Test", "message": "as told", "lastTransitionTime": time, "lastProbeTime": time});
    let status = match how {
        "Complete" => json!({"startTime": time, "completionTime": time, "succeeded": 1, "ready": 0,
            "uncountedTerminatedPods": {}, "conditions": [condition("SuccessCriteriaMet"), condition("Complete")]}),
        _ => json!({"startTime": time, "failed": 1, "ready": 0,
            "uncountedTerminatedPods": {}, "conditions": [condition("FailureTarget"), condition("Failed")]}),
    };
    json!({"status": status}).to_string()
}

/// Asks for the tests of a release, and ends their Jobs meanwhile.
#[track_caller]
fn tested(world: &World, unit: &str, namespace: &str, jobs: &[(&str, &str)]) -> Output {
    let patience = Duration::from_secs(80);
    thread::scope(|scope| {
        let asked = scope.spawn(|| world.mainstay(&["test", unit, "--timeout", "80"]));
        let begun = Instant::now();
        for (name, how) in jobs {
            let goes_on = || {
                let job = world.object("job", namespace, name)?;
                job["status"]["conditions"]
                    .as_array()
                    .is_none_or(|told| {
                        told.iter().all(|told| told["type"] != "Complete" && told["type"] != "Failed")
                    })
                    .then_some(())
            };
            while goes_on().is_none() {
                assert!(
                    begun.elapsed() < patience && !asked.is_finished(),
                    "{name} is not made: {}",
                    world.log_tail()
                );
                thread::sleep(Duration::from_millis(50));
            }
            let patch = ending(how);
            let arguments =
                ["patch", "job", name, "-n", namespace, "--subresource=status", "--type=merge", "-p", &patch];
            world.kubectl(&arguments).expect_success();
        }
        asked.join().expect("the command has ended")
    })
}

fn helm_knows_shows_and_takes_back_what_was_released(world: &mut World) {
    world.tenant("helmed");
    chart(world, "helmed/chart", "first", &[]);
    release(world, "helmed", "{more: 1, secret: canary-of-a-release}");
    // A repository that declares nothing any more would remove nothing unasked.
    world.repository.module("helmed", "stays", &[], &config_map("helmed", "stays", "as it is"));
    let commit = world.repository.commit("A release");
    world.has_applied("helmrelease/helmed/web", &commit);
    history_is(world, "web", "helmed", &[(1, "deployed")]);
    let listed = said(&world.helm(&["list", "-n", "helmed", "-o", "json"]));
    assert_eq!(listed[0]["name"], "web");
    assert_eq!(listed[0]["chart"], "web-1.0.0");
    assert_eq!(listed[0]["app_version"], "7");
    let values = said(&world.helm(&["get", "values", "web", "-n", "helmed", "-o", "json"]));
    assert_eq!(values, json!({"more": 1, "secret": "canary-of-a-release"}));
    assert!(world.helm(&["get", "manifest", "web", "-n", "helmed"]).stdout.contains("value: first"));
    assert!(world.helm(&["get", "notes", "web", "-n", "helmed"]).stdout.contains("Thank you for web."));

    chart(world, "helmed/chart", "second", &[]);
    world.repository.commit("An upgrade");
    world.config_map_is("helmed", "web", "second");
    history_is(world, "web", "helmed", &[(1, "superseded"), (2, "deployed")]);
    world.kubectl(&["delete", "configmap", "web", "-n", "helmed"]).expect_success();
    world.config_map_is("helmed", "web", "second");
    world.run();
    world.is("helmrelease/helmed/web", "Ready");
    history_is(world, "web", "helmed", &[(1, "superseded"), (2, "deployed")]);

    // While it is suspended, it is Helm's.
    world.mainstay(&["suspend", "helmrelease/helmed/web"]).expect_success();
    world.is("helmrelease/helmed/web", "Suspended");
    world.helm(&["rollback", "web", "1", "-n", "helmed"]).expect_success();
    world.config_map_is("helmed", "web", "first");
    world.mainstay(&["resume", "helmrelease/helmed/web"]).expect_success();
    world.config_map_is("helmed", "web", "second");
    chart(world, "helmed/chart", "third", &[]);
    world.repository.commit("Another one");
    history_is(
        world,
        "web",
        "helmed",
        &[(1, "superseded"), (2, "superseded"), (3, "superseded"), (4, "deployed")],
    );

    world.repository.remove("helmed/flux.yaml");
    world.repository.remove("helmed/flux");
    world.repository.commit("No release any more");
    world.config_map_is_gone("helmed", "web");
    world.until("Helm knows nothing", |world| {
        let records = world.kubectl(&["get", "secret", "-n", "helmed", "-l", "owner=helm", "-o", "name"]);
        if records.success() && records.stdout.is_empty() { Ok(()) } else { Err(records.stdout) }
    });
    assert!(!world.log().contains("canary-of-a-release"));
}

fn hooks_run_in_their_order_and_one_that_fails_stops_the_release(world: &mut World) {
    world.tenant("hooked");
    chart(
        world,
        "hooked/chart",
        "first",
        &[("before", "pre-install,pre-upgrade"), ("after", "post-install")],
    );
    release(world, "hooked", "{}");
    let path = world.repository.path.display().to_string();
    let commit = world.repository.commit("A release with hooks");
    end(world, "hooked", "before", "Complete");
    world.config_map_is("hooked", "web", "first");
    let waits = world.unit("helmrelease/hooked/web").expect("a unit");
    assert_ne!(waits["phase"], "Ready", "{waits}");
    end(world, "hooked", "after", "Complete");
    world.has_applied("helmrelease/hooked/web", &commit);
    assert_eq!(world.object("job", "hooked", "before"), None, "its policy says so");
    history_is(world, "web", "hooked", &[(1, "deployed")]);

    chart(world, "hooked/chart", "second", &[]);
    world.repository.propose("hooked-next", "An upgrade");
    let planned = world.mainstay(&["plan", &path, "--head", "hooked-next"]).stdout;
    assert!(planned.contains("> Job.batch hooked/before  (pre-upgrade hook, weight 0)"), "{planned}");
    world.repository.merge("hooked-next");
    end(world, "hooked", "before", "Failed");
    let failed = world.is("helmrelease/hooked/web", "Failed");
    let message = failed["message"].as_str().unwrap_or_default();
    assert!(message.contains("pre-upgrade hook Job.batch hooked/before"), "{message}");
    assert_eq!(world.config_map("hooked", "web").0, "first", "nothing is applied behind it");
    world.mainstay(&["reconcile", "helmrelease/hooked/web"]).expect_success();
    world.until("the Job is made anew", |world| match world.object("job", "hooked", "before") {
        Some(job) if job["status"]["failed"].is_null() => Ok(()),
        other => Err(format!("{other:?}")),
    });
    end(world, "hooked", "before", "Complete");
    world.config_map_is("hooked", "web", "second");
    history_is(world, "web", "hooked", &[(1, "superseded"), (2, "deployed")]);
}

fn an_upgrade_that_fails_is_rolled_back_and_stays_so_until_it_is_another_one(world: &mut World) {
    const UNIT: &str = "helmrelease/undone/web";
    world.tenant("undone");
    chart(world, "undone/chart", "first", &[]);
    let fields = "  timeout: 5s\n  upgrade: {remediation: {retries: 1}}\n";
    release_with(world, "undone", "{}", fields);
    let commit = world.repository.commit("A release that is rolled back when it fails");
    world.has_applied(UNIT, &commit);

    // Nobody lets the Job begin.
    chart(world, "undone/chart", "second", &[]);
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: door}\nspec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: x, image: registry.example.com/x}]}}}\n";
    world.repository.write("undone/chart/templates/door.yaml", job);
    let failed = world.repository.commit("An upgrade that never becomes healthy");
    let told = |world: &mut World, revision: &str| {
        let unit = world.is(UNIT, "Failed");
        let message = unit["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains(&format!("revision {revision} has failed and is rolled back")), "{message}");
        let conditions = unit["conditions"].as_array().cloned().unwrap_or_default();
        let ready = conditions.iter().find(|condition| condition["type"] == "Ready");
        assert_eq!(
            ready.map(|ready| (&ready["status"], &ready["reason"])),
            Some((&json!("False"), &json!("RolledBack")))
        );
        message
    };
    assert!(told(world, &failed).contains("not healthy after 5 s"));
    world.config_map_is("undone", "web", "first");
    world.until("what it added is gone", |world| match world.object("job", "undone", "door") {
        None => Ok(()),
        Some(live) => Err(live.to_string()),
    });
    history_is(world, "web", "undone", &[(1, "deployed")]);
    let path = world.repository.path.display().to_string();
    let planned = world.mainstay(&["plan", &path]).stdout;
    assert!(planned.contains("has failed and is rolled back"), "{planned}");

    // Neither time, a commit about something else nor a restart makes it try again.
    world.repository.write("undone/NOTES", "nothing of the release");
    let note = world.repository.commit("Something else");
    world.has_read(&note);
    world.kill();
    world.run();
    world.until("it can be deleted", |world| {
        let deleted = world.kubectl(&["delete", "configmap", "web", "-n", "undone"]);
        if deleted.success() { Ok(()) } else { Err(deleted.stderr) }
    });
    world.config_map_is("undone", "web", "first");
    told(world, &failed);
    assert_eq!(world.object("job", "undone", "door"), None);

    world.repository.remove("undone/chart/templates/door.yaml");
    chart(world, "undone/chart", "third", &[]);
    release_with(world, "undone", "{}", "  upgrade: {remediation: {retries: 1}}\n");
    let commit = world.repository.commit("It is mended");
    world.config_map_is("undone", "web", "third");
    world.has_applied(UNIT, &commit);
    history_is(world, "web", "undone", &[(1, "superseded"), (2, "deployed")]);

    chart(world, "undone/chart", "fourth", &[("check", "post-upgrade")]);
    let failed = world.repository.commit("An upgrade whose hook fails");
    world.config_map_is("undone", "web", "fourth");
    end(world, "undone", "check", "Failed");
    world.config_map_is("undone", "web", "third");
    assert!(told(world, &failed).contains("post-upgrade hook Job.batch undone/check"));
    world.mainstay(&["reconcile", UNIT]).expect_success();
    world.config_map_is("undone", "web", "fourth");
    world.until("the Job is made anew", |world| match world.object("job", "undone", "check") {
        Some(job) if job["status"]["failed"].is_null() => Ok(()),
        other => Err(format!("{other:?}")),
    });
    end(world, "undone", "check", "Complete");
    world.has_applied(UNIT, &failed);
    history_is(world, "web", "undone", &[(1, "superseded"), (2, "superseded"), (3, "deployed")]);
}

fn what_helm_installed_is_taken_over_as_it_is_and_upgraded_without_a_recreate(world: &mut World) {
    world.tenant("adopted");
    chart(world, "adopted/chart", "same", &[("install", "pre-install")]);
    let place = world.repository.path.join("adopted/chart").display().to_string();
    world.helm(&["install", "web", &place, "-n", "adopted", "--no-hooks"]).expect_success();
    let uid =
        world.object("configmap", "adopted", "web").expect("Helm has made it")["metadata"]["uid"].clone();
    release(world, "adopted", "{}");
    world.repository.module("adopted", "stays", &[], &config_map("adopted", "stays", "as it is"));
    let commit = world.repository.commit("What Helm has installed");
    world.has_applied("helmrelease/adopted/web", &commit);
    assert_eq!(world.object("configmap", "adopted", "web").expect("it is there")["metadata"]["uid"], uid);
    assert_eq!(world.object("job", "adopted", "install"), None, "it was installed before");
    world.until("Helm's record is the unit's", |world| {
        let record = world.object("secret", "adopted", "sh.helm.release.v1.web.v1").unwrap_or_default();
        match &record["metadata"]["annotations"]["mainstay.dev/unit"] {
            Value::String(unit) if unit == "helmrelease/adopted/web" => Ok(()),
            other => Err(other.to_string()),
        }
    });
    history_is(world, "web", "adopted", &[(1, "deployed")]);
    release(world, "adopted", "{value: other}");
    world.repository.commit("Another one");
    world.config_map_is("adopted", "web", "other");
    history_is(world, "web", "adopted", &[(1, "superseded"), (2, "deployed")]);
    assert_eq!(world.object("configmap", "adopted", "web").expect("it is there")["metadata"]["uid"], uid);
    // And back: what is ours, Helm can remove.
    world.mainstay(&["suspend", "helmrelease/adopted/web"]).expect_success();
    world.is("helmrelease/adopted/web", "Suspended");
    world.helm(&["uninstall", "web", "-n", "adopted"]).expect_success();
    world.config_map_is_gone("adopted", "web");
    world.repository.remove("adopted/flux.yaml");
    world.repository.remove("adopted/flux");
    let commit = world.repository.commit("No release any more");
    world.has_read(&commit);
    world.mainstay(&["resume", "helmrelease/adopted/web"]).expect_success();
    world.until("the unit is gone", |world| match world.unit("helmrelease/adopted/web") {
        Ok(unit) => Err(unit.to_string()),
        Err(_) => Ok(()),
    });
}

fn tests_run_when_somebody_asks_and_leave_the_unit_as_it_is(world: &mut World) {
    const UNIT: &str = "helmrelease/tested/web";
    world.tenant("tested");
    chart(world, "tested/chart", "first", &[("works", "test"), ("also", "test-success")]);
    release(world, "tested", "{}");
    let commit = world.repository.commit("A release with tests");
    world.has_applied(UNIT, &commit);
    assert_eq!(world.object("job", "tested", "works"), None, "nobody has asked");

    let told = tested(world, UNIT, "tested", &[("also", "Complete"), ("works", "Complete")]).expect_success();
    assert_eq!(told, "Job.batch tested/also  Succeeded\nJob.batch tested/works  Succeeded\n");
    assert_eq!(world.object("job", "tested", "works"), None, "its policy says so");
    world.is(UNIT, "Ready");

    // The daemon dies between two tests.
    let name = UNIT.parse::<UnitId>().expect("a unit").object_name();
    let asked = ["annotate", "units.mainstay.dev", &name, "mainstay.dev/test=again", "--overwrite"];
    world.kubectl(&asked).expect_success();
    end(world, "tested", "also", "Complete");
    world.until("the next one is made", |world| {
        world.object("job", "tested", "works").map(drop).ok_or_else(|| "it is not there".to_owned())
    });
    world.kill();
    world.run();
    end(world, "tested", "works", "Failed");
    let run = world.until("its tests have ended", |world| {
        let run = world.unit(UNIT)?["test"].clone();
        if run["asked"] == "again" && run["outcome"] == "Failed" { Ok(run) } else { Err(run.to_string()) }
    });
    let ended: Vec<_> = run["ended"].as_array().into_iter().flatten().map(|one| &one["succeeded"]).collect();
    assert_eq!(ended, [true, false], "{run}");
    assert_eq!(world.object("job", "tested", "also"), None, "it did not run again");
    let unit = world.is(UNIT, "Ready");
    assert_eq!(unit["health"], "Healthy", "{unit}");

    // What failed makes way for the next run.
    let told = tested(world, UNIT, "tested", &[("also", "Complete"), ("works", "Failed")]);
    assert!(!told.success());
    assert!(told.stdout.contains("Job.batch tested/works  Failed: "), "{}", told.stdout);
    world.is(UNIT, "Ready");
    world.config_map_is("tested", "web", "first");
    history_is(world, "web", "tested", &[(1, "deployed")]);

    world.mainstay(&["suspend", UNIT]).expect_success();
    world.is(UNIT, "Suspended");
    let told = world.mainstay(&["test", UNIT, "--timeout", "60"]);
    assert!(!told.success() && told.stderr.contains("it is not Ready but Suspended"), "{}", told.stderr);
    world.mainstay(&["resume", UNIT]).expect_success();
    world.is(UNIT, "Ready");
}
