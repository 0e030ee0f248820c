use crate::{client_of, config_map, config_maps};
use kube::api::{ListParams, PostParams};
use mainstay_apiserver::{ControlPlane, Options, Storage, User, serve};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const FOLDER: &str = "MAINSTAY_TEST_CONTROL_PLANE";
/// Set: the process makes, fills and drops logical clusters by itself, and notes what was acknowledged.
const CLUSTERS: &str = "MAINSTAY_TEST_CLUSTERS";

/// Not a test by itself: what the process that is killed runs.
#[tokio::test]
async fn serves_when_started_by_another_test() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let options = Options {
        listen: ([127, 0, 0, 1], 0).into(),
        data_dir: Some(folder.join("data")),
        kubeconfig: Some(folder.join("kubeconfig")),
        hosts: Vec::new(),
    };
    let serving = serve(&options).await.expect("a control plane");
    if std::env::var_os(CLUSTERS).is_some() {
        for worker in 0..4 {
            tokio::spawn(come_and_go(serving.plane.clone(), folder.join("log"), worker));
        }
    }
    // A parent that dies without killing us must not leave us behind.
    serving.until(tokio::time::sleep(Duration::from_secs(60))).await;
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // SIGKILL; a process that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Every second cluster is dropped again.
async fn come_and_go(plane: ControlPlane, log: PathBuf, worker: usize) {
    let note = |text: String| {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&log).expect("a log");
        file.write_all(format!("{text}\n").as_bytes()).expect("noted");
    };
    let process = std::process::id();
    for i in 0.. {
        let name = format!("c-{process}-{worker}-{i}");
        plane.create_cluster(&name).await.expect("a cluster");
        note(format!("made {name}"));
        let client = kube::Client::new(plane.service(&name, User::admin()).expect("a service"), "default");
        for map in ["a", "b", "c"] {
            let api = config_maps(&client);
            api.create(&PostParams::default(), &config_map(map, "1")).await.expect("created");
            note(format!("wrote {name} {map}"));
        }
        if i % 2 == 0 {
            note(format!("dropping {name}"));
            plane.drop_cluster(&name).await.expect("dropped");
            note(format!("dropped {name}"));
        }
    }
}

fn start(folder: &Path, clusters: bool) -> Killed {
    let kubeconfig = folder.join("kubeconfig");
    if kubeconfig.exists() {
        std::fs::remove_file(&kubeconfig).expect("removed");
    }
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", "kill::serves_when_started_by_another_test"]).env(FOLDER, folder);
    if clusters {
        command.env(CLUSTERS, "yes");
    }
    let child = Killed(command.stdout(Stdio::null()).spawn().expect("a process"));
    let begun = Instant::now();
    while !kubeconfig.exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the control plane does not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[tokio::test]
async fn an_acknowledged_write_survives_kill_9() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = Vec::new();
    for (round, after) in [10, 35, 80].into_iter().enumerate() {
        let child = start(folder.path(), false);
        let kubeconfig = std::fs::read_to_string(folder.path().join("kubeconfig")).expect("a kubeconfig");
        let client = client_of(&kubeconfig).await;
        let count = Arc::new(AtomicUsize::new(0));
        let writers = (0..8).map(|writer| {
            let (api, count) = (config_maps(&client), count.clone());
            tokio::spawn(async move {
                let mut done = Vec::new();
                for i in 0.. {
                    let name = format!("map-{round}-{writer}-{i}");
                    if let Err(error) = api.create(&PostParams::default(), &config_map(&name, "1")).await {
                        return (done, error.to_string());
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                    done.push(name);
                }
                (done, String::new())
            })
        });
        let writers: Vec<_> = writers.collect();
        let begun = Instant::now();
        while count.load(Ordering::Relaxed) < after && begun.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(child);
        for writer in writers {
            let (done, error) = writer.await.expect("a writer");
            assert!(!done.is_empty() || count.load(Ordering::Relaxed) >= after, "{error}");
            acknowledged.extend(done);
        }
    }
    assert!(acknowledged.len() >= 10 + 35 + 80, "only {} writes", acknowledged.len());

    let storage = Storage::Folder(folder.path().join("data"));
    let plane = ControlPlane::builder().storage(storage).build().await.expect("a control plane");
    let client = kube::Client::new(plane.service("root", User::admin()).expect("a service"), "default");
    let there = names(&client).await;
    let lost: Vec<_> = acknowledged.iter().filter(|name| !there.contains(*name)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

async fn names(client: &kube::Client) -> BTreeSet<String> {
    let list = config_maps(client).list(&ListParams::default()).await.expect("a list");
    list.into_iter().filter_map(|o| o.metadata.name).collect()
}

#[tokio::test]
async fn clusters_survive_kill_9_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    for lines in [20, 90, 200] {
        let child = start(folder.path(), true);
        let begun = Instant::now();
        let count = || std::fs::read_to_string(&log).map_or(0, |text| text.lines().count());
        while count() < lines && begun.elapsed() < Duration::from_secs(30) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        drop(child);
    }
    let text = std::fs::read_to_string(&log).expect("a log");
    assert!(text.lines().count() >= 200, "only {} notes", text.lines().count());
    let mut written: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let (mut dropping, mut dropped) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["made", name] => drop(written.entry(name).or_default()),
            ["wrote", name, map] => drop(written.entry(name).or_default().insert(map)),
            ["dropping", name] => drop(dropping.insert(name)),
            ["dropped", name] => drop(dropped.insert(name)),
            _ => panic!("{line}"),
        }
    }

    let storage = Storage::Folder(folder.path().join("data"));
    let plane = ControlPlane::builder().storage(storage).build().await.expect("a control plane");
    let found = plane.clusters();
    for name in &found {
        let service = plane.service(name, User::admin()).expect("a service");
        let client = kube::Client::new(service, "default");
        // Also the ones whose making nobody was told of.
        let role = http::Request::get("/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin");
        client.request_text(role.body(Vec::new()).expect("a request")).await.expect("what every cluster has");
        let there = names(&client).await;
        for map in written.get(&**name).into_iter().flatten() {
            assert!(there.contains(*map), "{map} of {name} is lost");
        }
        assert!(!dropped.contains(&**name), "{name} was dropped");
    }
    let lost: Vec<_> =
        written.keys().filter(|n| !dropping.contains(*n) && !found.iter().any(|f| f == *n)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
