//! The loop: events in, actions out.

use crate::commands::{self, Request};
use crate::counterparts;
use crate::events::{self, Told};
use crate::execute::{ApplyJob, DeleteJob, StoreJob, apply, contains_others, delete, failure, store};
use crate::install::{Installation, install, known_key};
use crate::judge::{self, Ruling};
use crate::lease::Lease;
use crate::observe::{claim, observation_with_body};
use crate::parent::Parent;
use crate::ports::{Options, Sources};
use crate::reading::{self, Earlier, Read, Reader};
use crate::save::{Saver, Write, found};
use crate::targets::{Connected, Connection, Targets, With, connect, watch, watch_object};
use crate::view::{About, view};
use mainstay_clock::{Instant, sleep, spawn};
use mainstay_cluster::{Cluster, ClusterError, Fence, Identity};
use mainstay_object::DigestKey;
use mainstay_reconcile::{Action, Event, Failure, FailureKind, Observation, Record, State, Time};
use mainstay_status::View;
use mainstay_unit::{Reading, Target, UnitId};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch as channel};

#[derive(Debug, Error)]
pub enum Stopped {
    #[error("the management cluster can't be prepared: {0}")]
    Install(String),
    #[error("the recorded units can't be read: {0}")]
    Records(String),
    /// Another replica acts now: this process must not.
    #[error("{0}")]
    Lease(String),
    #[error("the repository reader has stopped")]
    Reader,
}

/// Follows the repository until `shutdown` resolves or the Lease is lost. `triggers` ask for news at once.
pub async fn run(
    management: Cluster,
    sources: impl Sources + Send + 'static,
    options: Options,
    triggers: (std::sync::mpsc::Sender<()>, std::sync::mpsc::Receiver<()>),
    shown: channel::Sender<Arc<View>>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Stopped> {
    let (trigger, triggers) = triggers;
    let (client, handle) = (management.clone(), tokio::runtime::Handle::current());
    let (entry, interval) = (options.entry.clone(), options.interval);
    let start = move |earlier: Earlier| {
        let reader = Reader::new(sources, entry, earlier);
        reading::start(reader, client, handle, interval, triggers)
    };
    if options.observe {
        let key = known_key(&management).await;
        return observe(management, options, start(Earlier { key, ..Earlier::default() })?, shown, shutdown)
            .await;
    }
    run_reading(management, options, start, trigger, shown, shutdown).await
}

/// The same, for whoever reads revisions another way: `start` is told what earlier runs left behind.
pub async fn run_reading(
    management: Cluster,
    options: Options,
    start: impl FnOnce(Earlier) -> Result<mpsc::Receiver<Read>, Stopped>,
    trigger: std::sync::mpsc::Sender<()>,
    shown: channel::Sender<Arc<View>>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Stopped> {
    let (installation, key) = install(&management).await.map_err(|e| Stopped::Install(e.to_string()))?;
    let (fence, sole) = (Fence::default(), options.sole);
    let lease = Lease::new(management.clone(), options.holder.clone(), options.lease, fence.clone());
    let management = management.fenced(fence);
    tokio::pin!(shutdown);
    tokio::select! {
        biased;
        acquired = lease.acquire(sole) => acquired.map_err(Stopped::Lease)?,
        () = &mut shutdown => return Ok(()),
    }
    let found = found(&management).await.map_err(Stopped::Records)?;
    let rules = judge::recorded(&management).await.map_err(|e| Stopped::Records(e.to_string()))?;
    let saver = Saver::start(management.clone(), &found, options.stored.clone());
    let records: Vec<Record> = found.into_iter().map(|found| found.record).collect();
    let reads = start(Earlier { records: records.clone(), key, rules: rules.clone() })?;
    let ruling = Ruling::start(management.clone(), rules.as_ref());
    let engine =
        Engine::new(management, (installation, key), options, (shown, trigger), (ruling, saver.clone()));
    // Apart, so that no long step of the engine keeps a renewal waiting.
    let (tell, lost) = oneshot::channel();
    let kept = lease.clone();
    let keeper = spawn(async move { drop(tell.send(kept.keep(sole).await)) });
    let outcome = tokio::select! {
        biased;
        lost = lost => Err(Stopped::Lease(lost.unwrap_or_else(|_| "nobody renews the Lease any more".into()))),
        ended = engine.run(records, reads) => ended,
        () = &mut shutdown => Ok(()),
    };
    keeper.abort();
    if outcome.is_ok() {
        saver.flush(PARTING).await;
        lease.release().await;
    }
    outcome
}

/// Plans every revision and writes nothing.
async fn observe(
    management: Cluster,
    options: Options,
    mut reads: mpsc::Receiver<Read>,
    shown: channel::Sender<Arc<View>>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Stopped> {
    tokio::pin!(shutdown);
    let mut last = String::new();
    loop {
        let read = tokio::select! {
            biased;
            read = reads.recv() => read.ok_or(Stopped::Reader)?,
            () = &mut shutdown => return Ok(()),
        };
        let mut state = State::new();
        let (reading, failure) = match &read {
            Read::Newest(reading) => (Some(reading.as_ref()), None),
            Read::Failed(why) => (None, Some(why.as_str())),
            Read::Past(_) | Read::Rules { .. } => continue,
        };
        if let Some(reading) = reading {
            match crate::planner::plan(&management, reading, None, &|_| {}).await {
                Ok(planned) => {
                    let text = mainstay_plan::text(&planned.plan);
                    if text != last {
                        tracing::info!(revision = %reading.revision, "observing, nothing is written:\n{text}");
                        last = text;
                    }
                    drop(state.step(Event::Recorded(planned.records), now()));
                }
                Err(error) => tracing::warn!(%error, "the revision can't be planned"),
            }
        } else if let Some(why) = failure {
            tracing::warn!(error = why, "the repository can't be read");
        }
        let about =
            About { repository: &options.repository, observing: true, reading, read_failure: failure };
        shown.send_replace(Arc::new(view(&state, &about)));
    }
}

/// For the last records, when the daemon is asked to stop.
const PARTING: Duration = Duration::from_secs(5);
/// Events that are taken together, at most.
const AT_ONCE: usize = 256;
/// What is shown is at most this old.
const REFRESH: Duration = Duration::from_millis(200);
/// A look that is not answered is asked again, ever more seldom, until it would take longer than this.
const PATIENCE: Duration = Duration::from_secs(120);

struct Engine {
    state: State,
    management: Cluster,
    installation: Arc<Installation>,
    key: DigestKey,
    options: Options,
    ruling: Ruling,
    saver: Saver,
    story: mpsc::Sender<Told>,
    targets: Targets,
    shown: channel::Sender<Arc<View>>,
    trigger: std::sync::mpsc::Sender<()>,
    events: mpsc::UnboundedSender<Event>,
    connected: mpsc::UnboundedSender<Connected>,
    reading: Option<Arc<Reading>>,
    read_failure: Option<String>,
    wake: Option<Time>,
    /// The other ends, until the loop takes them.
    inbox: Option<(mpsc::UnboundedReceiver<Event>, mpsc::UnboundedReceiver<Connected>)>,
}

impl Engine {
    fn new(
        management: Cluster,
        (installation, key): (Installation, DigestKey),
        options: Options,
        (shown, trigger): (channel::Sender<Arc<View>>, std::sync::mpsc::Sender<()>),
        (ruling, saver): (Ruling, Saver),
    ) -> Self {
        let (events, inbox) = mpsc::unbounded_channel();
        let (connected, connections) = mpsc::unbounded_channel();
        let mut targets = Targets::default();
        let with = With { concurrency: options.concurrency, key, judge: ruling.judge.clone() };
        let installation = Arc::new(installation);
        let connection = Connection::new(management.clone(), with, &installation);
        targets.set(Target::Management, connection);
        Self {
            state: State::new(),
            saver,
            story: events::start(management.clone()),
            management,
            installation,
            key,
            options,
            ruling,
            targets,
            shown,
            trigger,
            events,
            connected,
            reading: None,
            read_failure: None,
            wake: None,
            inbox: Some((inbox, connections)),
        }
    }

    async fn run(mut self, records: Vec<Record>, mut reads: mpsc::Receiver<Read>) -> Result<(), Stopped> {
        let Some((mut events, mut connections)) = self.inbox.take() else { return Err(Stopped::Reader) };
        let (requests, mut asked) = mpsc::unbounded_channel();
        spawn(commands::follow(self.management.clone(), self.events.clone(), requests));
        self.feed(Event::Recorded(records));
        let mut refresh = Box::pin(sleep(REFRESH));
        let mut stale = true;
        loop {
            let rest = self.wake.map_or(Duration::from_secs(3600), |at| at.since(now()));
            tokio::select! {
                biased;
                Some(event) = events.recv() => {
                    // What has come meanwhile is decided on together.
                    let mut all = vec![event];
                    while all.len() < AT_ONCE && let Ok(event) = events.try_recv() {
                        all.push(event);
                    }
                    self.feed_all(all);
                    stale = true;
                }
                Some(connected) = connections.recv() => {
                    self.connected(connected);
                    stale = true;
                }
                read = reads.recv() => {
                    self.read(read.ok_or(Stopped::Reader)?);
                    stale = true;
                }
                Some(request) = asked.recv() => match request {
                    Request::Fetch => drop(self.trigger.send(())),
                },
                () = &mut refresh, if stale => {
                    refresh.set(sleep(REFRESH));
                    self.show();
                    stale = false;
                }
                () = sleep(rest) => {
                    self.wake = None;
                    self.feed(Event::Tick);
                    stale = true;
                }
            }
        }
    }

    fn read(&mut self, read: Read) {
        match read {
            Read::Past(reading) => self.feed(Event::Past(reading)),
            Read::Rules { revision, files } => {
                let ruled = self.ruling.take(&revision, &files);
                self.feed_all(ruled.into_iter().collect());
            }
            Read::Newest(reading) => {
                let old = self.reading.as_ref().map(|r| r.revision.as_str()).unwrap_or_default();
                if old != reading.revision {
                    let errors = reading.errors().count();
                    tracing::info!(revision = %reading.revision, units = reading.units.len(), errors, "read");
                    for problem in reading.errors() {
                        tracing::warn!("{problem}");
                    }
                }
                self.read_failure = None;
                self.reading = Some(reading.clone());
                // Nothing that a revision wants is decided by verdicts that it no longer holds with.
                let ruled = self.ruling.read(&reading.revision, &reading.health_rules);
                self.feed_all(ruled.into_iter().chain([Event::Read(reading)]).collect());
            }
            Read::Failed(why) => {
                if self.read_failure.as_ref() != Some(&why) {
                    tracing::warn!(error = %why, "the repository can't be read; the last good revision stays");
                }
                self.read_failure = Some(why);
            }
        }
    }

    fn show(&self) {
        let about = About {
            repository: &self.options.repository,
            observing: false,
            reading: self.reading.as_deref(),
            read_failure: self.read_failure.as_deref(),
        };
        self.shown.send_replace(Arc::new(view(&self.state, &about)));
    }

    fn connected(&mut self, connected: Connected) {
        let Connected { target, outcome } = connected;
        match outcome {
            Ok(connection) => {
                let survey = spawn(survey(connection.parent.clone(), target.clone(), self.events.clone()));
                self.targets.set(target.clone(), connection);
                self.targets.keep_watch(&target, "the kinds of our objects".to_owned(), survey);
                self.feed(Event::TargetUp(target));
            }
            Err(why) => self.feed(Event::TargetDown { target, why }),
        }
    }

    fn feed(&mut self, event: Event) {
        self.feed_all(vec![event]);
    }

    fn feed_all(&mut self, events: Vec<Event>) {
        for event in &events {
            if let Event::TargetDown { target, .. } = event
                && self.targets.get(target).is_some()
            {
                // It was up: its watches are dead, and somebody has to find out when it is back.
                self.targets.drop_target(target);
                self.connect(target.clone());
            }
        }
        let causes: Vec<Cause> = events.iter().map(cause).collect();
        let received = Instant::now();
        for action in self.state.step_all(events, now()) {
            // What another unit's news set going came through a gate.
            let gated = |unit: &UnitId| {
                causes.iter().any(|cause| match cause {
                    Cause::Unit(other) => unit != other,
                    Cause::Observation => true,
                    Cause::Other => false,
                })
            };
            let gated = matches!(&action, Action::Apply { unit, .. } if gated(unit));
            self.carry_out(action, gated.then_some(received));
        }
    }

    fn connect(&self, target: Target) {
        spawn(connect(
            self.management.clone(),
            self.installation.clone(),
            target,
            With { concurrency: self.options.concurrency, key: self.key, judge: self.ruling.judge.clone() },
            self.connected.clone(),
        ));
    }

    fn carry_out(&mut self, action: Action, received: Option<Instant>) {
        match action {
            Action::Connect(target) => match self.targets.get(&target) {
                Some(connection) => drop(self.connected.send(Connected { target, outcome: Ok(connection) })),
                None => self.connect(target),
            },
            Action::Watch { target, kind, bodies } => {
                let Some(connection) = self.targets.get(&target) else { return };
                let what = kind.to_string();
                let task = watch(connection, target.clone(), kind, bodies, self.events.clone());
                self.targets.keep_watch(&target, what, spawn(task));
            }
            Action::WatchObject { target, key, version } => {
                let Some(connection) = self.targets.get(&target) else { return };
                let what = format!("{version} {key}");
                let task = watch_object(connection, target.clone(), key, version, self.events.clone());
                self.targets.keep_watch(&target, what, spawn(task));
            }
            Action::Look { target, key, version } => {
                let Some(connection) = self.targets.get(&target) else { return };
                spawn(look(connection, target, key, version, self.events.clone()));
            }
            Action::Apply { unit, token, target, service_account, authorities, ignore, items, record } => {
                let Some(connection) = self.targets.get(&target) else {
                    let results = Vec::new();
                    drop(self.events.send(Event::Applied { unit, token, results }));
                    return;
                };
                let job = ApplyJob {
                    unit: unit.clone(),
                    cluster: connection.cluster,
                    statuses: connection.statuses,
                    work: connection.limiter.work(&unit.tenant),
                    key: connection.key,
                    judge: connection.judge,
                    parent: connection.parent,
                    saver: self.saver.clone(),
                    account: service_account,
                    authorities: authorities
                        .into_iter()
                        .map(|a| (self.targets.get(&a.target).map(|c| c.cluster), a))
                        .collect(),
                    ignore,
                    items,
                    record,
                    concurrency: self.options.concurrency.max(1),
                    gate: received.zip(self.options.gates.clone()),
                };
                let events = self.events.clone();
                spawn(async move {
                    let results = apply(job).await;
                    drop(events.send(Event::Applied { unit, token, results }));
                });
            }
            Action::Delete { unit, token, target, service_account, items, record } => {
                let Some(connection) = self.targets.get(&target) else {
                    let results = Vec::new();
                    drop(self.events.send(Event::Deleted { unit, token, results }));
                    return;
                };
                // What is inside of a namespace or of a definition is looked at, and nothing else.
                let containers = items.iter().any(|item| contains_others(&item.entry.key));
                let ours = if containers { self.state.owned_by(&unit) } else { BTreeSet::new() };
                let job = DeleteJob {
                    work: connection.limiter.work(&unit.tenant),
                    cluster: connection.cluster,
                    installation: self.installation.clone(),
                    account: service_account,
                    items,
                    saver: self.saver.clone(),
                    record,
                    ours,
                };
                let events = self.events.clone();
                spawn(async move {
                    let results = delete(job).await;
                    drop(events.send(Event::Deleted { unit, token, results }));
                });
            }
            Action::Store { unit, target, service_account, what } => {
                let Some(connection) = self.targets.get(&target) else {
                    let outcome = Err(Failure {
                        kind: FailureKind::Unavailable,
                        message: "its cluster is not connected".into(),
                    });
                    drop(self.events.send(Event::Stored { unit, what, outcome }));
                    return;
                };
                let job = StoreJob {
                    unit: unit.clone(),
                    cluster: connection.cluster,
                    account: service_account,
                    what: what.clone(),
                };
                let events = self.events.clone();
                spawn(async move {
                    let outcome = store(job).await;
                    drop(events.send(Event::Stored { unit, what, outcome }));
                });
            }
            Action::Follow(other) => {
                drop(spawn(counterparts::follow(self.management.clone(), other, self.events.clone())));
            }
            Action::Save(record) => self.saver.send(Write::Save(record, None)),
            Action::Forget(unit) => self.saver.send(Write::Forget(unit)),
            Action::Tell { unit, warning, reason, message } => {
                if warning {
                    tracing::warn!(%unit, reason, "{message}");
                } else {
                    tracing::info!(%unit, reason, "{message}");
                }
                if self.story.try_send(Told { unit, warning, reason, message }).is_err() {
                    tracing::debug!("too many events at once; one is left out");
                }
            }
            Action::WakeAt(at) => self.wake = Some(self.wake.map_or(at, |w| w.min(at))),
        }
    }
}

/// What an event was about, as far as gates are concerned.
enum Cause {
    Unit(mainstay_unit::UnitId),
    Observation,
    Other,
}

fn cause(event: &Event) -> Cause {
    match event {
        Event::Applied { unit, .. } | Event::Deleted { unit, .. } => Cause::Unit(unit.clone()),
        Event::Observed { .. } | Event::Looked { .. } => Cause::Observation,
        Event::Recorded(_)
        | Event::Past(_)
        | Event::Read(_)
        | Event::Rules { .. }
        | Event::TargetUp(_)
        | Event::TargetDown { .. }
        | Event::Kinds { .. }
        | Event::Synced { .. }
        | Event::Unwatched { .. }
        | Event::Suspend { .. }
        | Event::Lost { .. }
        | Event::Reconcile { .. }
        | Event::Test { .. }
        | Event::Stored { .. }
        | Event::Approve { .. }
        | Event::Counterpart { .. }
        | Event::CounterpartsListed { .. }
        | Event::Tick => Cause::Other,
    }
}

/// Which kinds to look through for what no inventory holds. Nobody else asks, for as long as the connection is there.
async fn survey(parent: Parent, target: Target, events: mpsc::UnboundedSender<Event>) {
    let mut pause = Duration::from_millis(200);
    loop {
        match parent.kinds().await {
            Ok(kinds) => return drop(events.send(Event::Kinds { target, kinds })),
            Err(error) => {
                tracing::debug!(%error, cluster = target.name(), "the parent of our objects can't be read yet");
                sleep(pause).await;
                pause = (pause * 2).min(PATIENCE);
            }
        }
    }
}

async fn look(
    connection: Connection,
    target: Target,
    key: mainstay_object::ObjectKey,
    version: String,
    events: mpsc::UnboundedSender<Event>,
) {
    let mut pause = Duration::from_millis(200);
    let kind = mainstay_object::GroupVersionKind::new(key.group(), &*version, key.kind());
    let looked = loop {
        let asked = async {
            let object = connection.cluster.get(&key, &version, &Identity::Own).await?;
            Ok((object, connection.statuses.declares(&connection.cluster, &kind).await?))
        };
        match asked.await {
            // Nobody may ask again: what no watch tells of is known only so.
            Err(error) if failure(&error).kind == FailureKind::Unavailable && pause < PATIENCE => {
                tracing::debug!(%key, %error, "an object could not be looked at yet");
                sleep(pause).await;
                pause *= 2;
            }
            other => break other,
        }
    };
    let observation = match looked {
        Ok((object, declares)) => {
            let claim = claim(&object, &kind.version, connection.parent.installation());
            let seen = observation_with_body(object, declares, &connection.key, &connection.judge);
            Some(Observation { claim, ..seen })
        }
        Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => None,
        // A watch that said that it is gone will not say so again.
        Err(error) => {
            tracing::warn!(%key, cluster = target.name(), %error, "an object could not be looked at");
            let why = error.to_string();
            return drop(events.send(Event::Unwatched { target, kind, object: Some(key), why }));
        }
    };
    drop(events.send(Event::Looked { target, key, observation }));
}

fn now() -> Time {
    Time(i64::try_from(mainstay_clock::wall().as_millis()).unwrap_or(i64::MAX))
}
