//! Stands for scheduler and kubelets: Pods that are Pending become Running and ready, those of Jobs succeed.
//!
//! No image is pulled and nothing runs. One kubectl watches all Pods; what has piled up while a patch was
//! under way is patched together.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use crate::process::StartError;

/// Ends when it is dropped, or when the server does.
#[derive(Debug)]
pub(super) struct PodSimulation {
    watch: Child,
    threads: Vec<JoinHandle<()>>,
}

const COLUMNS: &str = concat!(
    "jsonpath={.metadata.namespace} {.metadata.name} {.status.phase} ",
    "owner={.metadata.ownerReferences[0].kind}{\"\\n\"}"
);

const RUNNING: &str = r#"{"status":{"phase":"Running","conditions":[
    {"type":"PodScheduled","status":"True"},{"type":"Initialized","status":"True"},
    {"type":"ContainersReady","status":"True"},{"type":"Ready","status":"True"}]}}"#;
const SUCCEEDED: &str = r#"{"status":{"phase":"Succeeded"}}"#;

/// A Pod that waits for a node.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pending {
    namespace: String,
    name: String,
    of_job: bool,
}

impl PodSimulation {
    /// `kubectl` makes commands that act on the server.
    pub fn start(kubectl: impl Fn() -> Command + Send + 'static) -> Result<Self, StartError> {
        let mut watch = kubectl()
            .args(["get", "pods", "--all-namespaces", "--watch", "-o", COLUMNS])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| super::error(format!("cannot watch Pods: {error}")))?;
        let (send, receive) = channel();
        let events = watch.stdout.take();
        let reader = thread::spawn(move || {
            if let Some(events) = events {
                read(BufReader::new(events), &send);
            }
        });
        let writer = thread::spawn(move || write(&receive, &kubectl));
        Ok(Self { watch, threads: vec![reader, writer] })
    }

    /// Whether its watch is still open.
    pub fn runs(&mut self) -> bool {
        matches!(self.watch.try_wait(), Ok(None))
    }
}

impl Drop for PodSimulation {
    fn drop(&mut self) {
        // Without its watch the reader ends, and then the writer. One that has ended already is as good.
        let _ = self.watch.kill();
        let _ = self.watch.wait();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn read(events: impl BufRead, send: &Sender<Pending>) {
    for line in events.lines() {
        let Ok(line) = line else { return };
        if let Some(pod) = pending(&line)
            && send.send(pod).is_err()
        {
            return;
        }
    }
}

fn pending(line: &str) -> Option<Pending> {
    let mut columns = line.split_whitespace();
    let (namespace, name) = (columns.next()?, columns.next()?);
    let waits = columns.next()? == "Pending";
    let of_job = columns.next()? == "owner=Job";
    waits.then(|| Pending { namespace: namespace.to_owned(), name: name.to_owned(), of_job })
}

fn write(receive: &Receiver<Pending>, kubectl: &impl Fn() -> Command) {
    while let Ok(first) = receive.recv() {
        let waiting: Vec<Pending> = std::iter::once(first).chain(receive.try_iter()).collect();
        for ((namespace, of_job), names) in batches(&waiting) {
            let patch = if of_job { SUCCEEDED } else { RUNNING };
            // A Pod may be gone by now, and that fails the command; the others are patched all the same.
            let _ = kubectl()
                .args(["patch", "pods", "-n", namespace, "--subresource=status", "--type=merge", "-p", patch])
                .args(names)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// Names by namespace and outcome.
fn batches(waiting: &[Pending]) -> BTreeMap<(&str, bool), Vec<&str>> {
    let mut batches: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
    for pod in waiting {
        let names = batches.entry((&pod.namespace, pod.of_job)).or_default();
        if !names.contains(&pod.name.as_str()) {
            names.push(&pod.name);
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pending_pods_wait_for_a_node() {
        let pod = pending("a web-1 Pending owner=ReplicaSet").expect("a pod");
        assert_eq!((pod.namespace.as_str(), pod.name.as_str(), pod.of_job), ("a", "web-1", false));
        assert!(pending("a task-1 Pending owner=Job").expect("a pod").of_job);
        assert_eq!(pending("a web-1 Running owner=ReplicaSet"), None);
        assert_eq!(pending(""), None);
    }

    #[test]
    fn a_pod_that_was_seen_twice_is_patched_once() {
        let pod = |name: &str| Pending { namespace: "a".to_owned(), name: name.to_owned(), of_job: false };
        let waiting = [pod("x"), pod("y"), pod("x")];
        assert_eq!(batches(&waiting), BTreeMap::from([(("a", false), vec!["x", "y"])]));
    }
}
