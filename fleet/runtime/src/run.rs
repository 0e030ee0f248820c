//! The loop: events in, actions out.

use crate::commands::{self, Request};
use crate::events::{self, Told};
use crate::execute::{ApplyJob, DeleteJob, apply, delete};
use crate::install::{Installation, install};
use crate::lease::Lease;
use crate::observe::observation_with_body;
use crate::ports::{Options, Sources};
use crate::reader::{Answers, read_at, read_once};
use crate::save::{Saver, Write, recorded};
use crate::targets::{Connected, Connection, Targets, connect, watch, watch_object};
use crate::view::{About, view};
use mainstay_cluster::{Cluster, ClusterError, Identity};
use mainstay_reconcile::{Action, Event, Record, State, Time, is_recorded};
use mainstay_render::Cache;
use mainstay_status::View;
use mainstay_unit::{Reading, RenderState, Target};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::{mpsc, watch as channel};

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

/// What the reader tells.
enum Read {
    Newest(Arc<Reading>),
    /// One that earlier runs applied, told before the newest.
    Past(Arc<Reading>),
    Failed(String),
}

/// Earlier revisions that are read again at the start, at most.
const PAST: usize = 8;

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
    if options.observe {
        let reads = start_reader(management.clone(), sources, &options, triggers, Vec::new())?;
        return observe(management, options, reads, shown, shutdown).await;
    }
    let installation = install(&management).await.map_err(|e| Stopped::Install(e.to_string()))?;
    let lease = Lease::new(management.clone(), options.holder.clone(), options.lease);
    tokio::pin!(shutdown);
    tokio::select! {
        acquired = lease.acquire(options.sole) => acquired.map_err(Stopped::Lease)?,
        () = &mut shutdown => return Ok(()),
    }
    let records = recorded(&management).await.map_err(Stopped::Records)?;
    let reads = start_reader(management.clone(), sources, &options, triggers, records.clone())?;
    let engine = Engine::new(management, Arc::new(installation), options, shown, trigger);
    let outcome = tokio::select! {
        lost = lease.keep() => Err(Stopped::Lease(lost)),
        ended = engine.run(records, reads) => ended,
        () = &mut shutdown => Ok(()),
    };
    if outcome.is_ok() {
        lease.release().await;
    }
    outcome
}

/// The revisions at which those units were last applied whose objects are others now: the commonest first.
fn revisions(records: &[Record], newest: &Reading) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records.iter().filter(|record| !record.revision.is_empty()) {
        let Some(unit) = newest.units.get(&record.id) else { continue };
        if let RenderState::Rendered(rendered) = &unit.state
            && !is_recorded(rendered, record)
        {
            *counts.entry(record.revision.as_str()).or_default() += 1;
        }
    }
    let mut out: Vec<_> = counts.into_iter().filter(|(revision, _)| *revision != newest.revision).collect();
    out.sort_by_key(|(revision, count)| (std::cmp::Reverse(*count), *revision));
    out.into_iter().take(PAST).map(|(revision, _)| revision.to_owned()).collect()
}

fn start_reader(
    management: Cluster,
    mut sources: impl Sources + Send + 'static,
    options: &Options,
    triggers: std::sync::mpsc::Receiver<()>,
    records: Vec<Record>,
) -> Result<mpsc::Receiver<Read>, Stopped> {
    let (tell, reads) = mpsc::channel(1);
    let (entry, interval) = (options.entry.clone(), options.interval);
    let handle = tokio::runtime::Handle::current();
    let work = move || {
        let mut cache = Cache::default();
        // Until the first reading.
        let mut records = Some(records);
        loop {
            let answers = Answers::Live(&management, &handle);
            let read = read_once(&mut sources, &answers, &entry, &mut cache);
            let past = match (&read, records.take()) {
                (Ok(newest), Some(records)) => revisions(&records, newest),
                (Err(_), unread) => {
                    records = unread;
                    Vec::new()
                }
                (Ok(_), None) => Vec::new(),
            };
            for revision in past {
                let Some(checkout) = sources.past(&revision) else { continue };
                // With a cache of its own: the other one keeps what the last reading used.
                let reading = read_at(checkout, &mut sources, &answers, &entry, &mut Cache::default());
                if tell.blocking_send(Read::Past(Arc::new(reading))).is_err() {
                    return;
                }
            }
            let read = match read {
                Ok(reading) => Read::Newest(Arc::new(reading)),
                Err(why) => Read::Failed(why),
            };
            if tell.blocking_send(read).is_err() {
                return;
            }
            match triggers.recv_timeout(interval) {
                Ok(()) => while triggers.try_recv().is_ok() {},
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => std::thread::sleep(interval),
            }
        }
    };
    std::thread::Builder::new().name("reader".into()).spawn(work).map_err(|_| Stopped::Reader)?;
    Ok(reads)
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
            read = reads.recv() => read.ok_or(Stopped::Reader)?,
            () = &mut shutdown => return Ok(()),
        };
        let mut state = State::new();
        let (reading, failure) = match &read {
            Read::Newest(reading) => (Some(reading.as_ref()), None),
            Read::Failed(why) => (None, Some(why.as_str())),
            Read::Past(_) => continue,
        };
        if let Some(reading) = reading {
            match crate::planner::plan(&management, reading, &|_| {}).await {
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

struct Engine {
    state: State,
    management: Cluster,
    installation: Arc<Installation>,
    options: Options,
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
        installation: Arc<Installation>,
        options: Options,
        shown: channel::Sender<Arc<View>>,
        trigger: std::sync::mpsc::Sender<()>,
    ) -> Self {
        let (events, inbox) = mpsc::unbounded_channel();
        let (connected, connections) = mpsc::unbounded_channel();
        let mut targets = Targets::default();
        targets.set(Target::Management, Connection::new(management.clone(), options.concurrency));
        Self {
            state: State::new(),
            saver: Saver::start(management.clone()),
            story: events::start(management.clone()),
            management,
            installation,
            options,
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
        tokio::spawn(commands::follow(self.management.clone(), self.events.clone(), requests));
        self.feed(Event::Recorded(records));
        let mut refresh = tokio::time::interval(Duration::from_millis(200));
        refresh.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut stale = true;
        loop {
            let sleep = self.wake.map_or(Duration::from_secs(3600), |at| at.since(now()));
            tokio::select! {
                biased;
                Some(event) = events.recv() => {
                    self.feed(event);
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
                _ = refresh.tick(), if stale => {
                    self.show();
                    stale = false;
                }
                () = tokio::time::sleep(sleep) => {
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
                self.feed(Event::Read(reading));
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
                self.targets.set(target.clone(), connection);
                self.feed(Event::TargetUp(target));
            }
            Err(why) => self.feed(Event::TargetDown { target, why }),
        }
    }

    fn feed(&mut self, event: Event) {
        if let Event::TargetDown { target, .. } = &event
            && self.targets.get(target).is_some()
        {
            // It was up: its watches are dead, and somebody has to find out when it is back.
            self.targets.drop_target(target);
            self.connect(target.clone());
        }
        let cause = cause(&event);
        let received = Instant::now();
        for action in self.state.step(event, now()) {
            // What another unit's news set going came through a gate.
            let gated = match (&action, &cause) {
                (Action::Apply { unit, .. }, Cause::Unit(other)) => unit != other,
                (Action::Apply { .. }, Cause::Observation) => true,
                _ => false,
            };
            self.carry_out(action, gated.then_some(received));
        }
    }

    fn connect(&self, target: Target) {
        tokio::spawn(connect(
            self.management.clone(),
            self.installation.clone(),
            target,
            self.options.concurrency,
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
                let (installation, events) = (self.installation.clone(), self.events.clone());
                let task = watch(connection, target.clone(), kind, bodies, installation, events);
                self.targets.keep_watch(&target, tokio::spawn(task).abort_handle());
            }
            Action::WatchObject { target, key, version } => {
                let Some(connection) = self.targets.get(&target) else { return };
                let task = watch_object(connection, target.clone(), key, version, self.events.clone());
                self.targets.keep_watch(&target, tokio::spawn(task).abort_handle());
            }
            Action::Look { target, key, version } => {
                let Some(connection) = self.targets.get(&target) else { return };
                tokio::spawn(look(connection, target, key, version, self.events.clone()));
            }
            Action::Apply { unit, token, target, service_account, authorities, items, record } => {
                let Some(connection) = self.targets.get(&target) else {
                    let results = Vec::new();
                    drop(self.events.send(Event::Applied { unit, token, results }));
                    return;
                };
                let job = ApplyJob {
                    unit: unit.clone(),
                    cluster: connection.cluster,
                    statuses: connection.statuses,
                    slots: connection.slots,
                    installation: self.installation.clone(),
                    saver: self.saver.clone(),
                    account: service_account,
                    authorities: authorities
                        .into_iter()
                        .map(|a| (self.targets.get(&a.target).map(|c| c.cluster), a))
                        .collect(),
                    items,
                    record,
                    concurrency: self.options.concurrency.max(1),
                    gate: received.zip(self.options.gates.clone()),
                };
                let events = self.events.clone();
                tokio::spawn(async move {
                    let results = apply(job).await;
                    drop(events.send(Event::Applied { unit, token, results }));
                });
            }
            Action::Delete { unit, token, target, service_account, items } => {
                let Some(connection) = self.targets.get(&target) else {
                    let results = Vec::new();
                    drop(self.events.send(Event::Deleted { unit, token, results }));
                    return;
                };
                let ours = self
                    .state
                    .units
                    .values()
                    .filter(|s| s.record.target() == target)
                    .flat_map(|s| s.record.inventory.iter().map(|e| e.key.clone()))
                    .collect();
                let job = DeleteJob {
                    cluster: connection.cluster,
                    installation: self.installation.clone(),
                    account: service_account,
                    items,
                    ours,
                };
                let events = self.events.clone();
                tokio::spawn(async move {
                    let results = delete(job).await;
                    drop(events.send(Event::Deleted { unit, token, results }));
                });
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
        | Event::TargetUp(_)
        | Event::TargetDown { .. }
        | Event::Synced { .. }
        | Event::Suspend { .. }
        | Event::Reconcile { .. }
        | Event::Approve { .. }
        | Event::Tick => Cause::Other,
    }
}

async fn look(
    connection: Connection,
    target: Target,
    key: mainstay_object::ObjectKey,
    version: String,
    events: mpsc::UnboundedSender<Event>,
) {
    let observation = match connection.cluster.get(&key, &version, &Identity::Own).await {
        Ok(object) => {
            let kind = mainstay_object::GroupVersionKind::new(&*key.group, version, &*key.kind);
            let declares = connection.statuses.declares(&connection.cluster, &kind).await;
            Some(observation_with_body(object, declares))
        }
        Err(ClusterError::NotFound { .. } | ClusterError::NoKind { .. }) => None,
        Err(error) => {
            // The watch will say more once it is mended.
            tracing::debug!(%key, %error, "an object could not be looked at");
            return;
        }
    };
    drop(events.send(Event::Looked { target, key, observation }));
}

fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}
