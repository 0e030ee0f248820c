use crate::{client_of, config_map, config_maps};
use kube::api::{ListParams, PostParams};
use mainstay_apiserver::{ControlPlane, Options, Storage, User, serve};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const FOLDER: &str = "MAINSTAY_TEST_CONTROL_PLANE";

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

fn start(folder: &Path) -> Killed {
    let kubeconfig = folder.join("kubeconfig");
    if kubeconfig.exists() {
        std::fs::remove_file(&kubeconfig).expect("removed");
    }
    let child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "kill::serves_when_started_by_another_test"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    let child = Killed(child);
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
        let child = start(folder.path());
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
    let there: std::collections::BTreeSet<_> = config_maps(&client)
        .list(&ListParams::default())
        .await
        .expect("a list")
        .into_iter()
        .filter_map(|o| o.metadata.name)
        .collect();
    let lost: Vec<_> = acknowledged.iter().filter(|name| !there.contains(*name)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
