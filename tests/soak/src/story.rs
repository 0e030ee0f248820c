//! What happens: minutes of trouble, then calm in which all has to be well, and again.

use crate::daemon::Daemon;
use crate::memory::{Sample, Samples};
use crate::plane::Plane;
use crate::repository::Checkout;
use crate::weather::{Mode, Weather};
use anyhow::{Context, Result, bail, ensure};
use fastrand::Rng;
use mainstay_apiserver::core::Method;
use mainstay_simulation::ask::Ask;
use mainstay_simulation::repository::Repository;
use mainstay_simulation::{FOREIGN, PART_OF, people, text, verdict};
use mainstay_unit::InventoryEntry;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Of trouble, between two calms.
const TROUBLE: Duration = Duration::from_secs(240);
/// Within which all is well once trouble ends.
const PATIENCE: Duration = Duration::from_secs(300);
/// Without a change afterwards.
const QUIET: Duration = Duration::from_secs(20);
const SAMPLE: Duration = Duration::from_secs(5);

pub struct Setting {
    pub binary: PathBuf,
    pub folder: PathBuf,
    pub units: usize,
    pub seed: u64,
}

pub struct Story {
    plane: Plane,
    weather: Weather,
    checkout: Checkout,
    daemon: Daemon,
    repository: Repository,
    dice: Rng,
    units: usize,
    /// Versions of what others made.
    foreign: BTreeMap<String, String>,
    total: Total,
    /// Removed when all is over.
    _world: tempfile::TempDir,
}

#[derive(Default)]
struct Total {
    rounds: usize,
    commits: usize,
    edits: usize,
    kills: usize,
    pauses: usize,
    /// Where the daemon gave up by itself.
    ends: usize,
    faults: usize,
}

impl Story {
    /// A new world: what earlier runs measured is kept, not what they made.
    pub fn begin(setting: &Setting) -> Result<Self> {
        let world = tempfile::Builder::new().prefix("world-").tempdir_in(&setting.folder)?;
        let plane = Plane::start(&world.path().join("plane"))?;
        let weather = Weather::start(plane.runtime(), plane.address()?)?;
        people::prepare(&mut plane.administrator()?).map_err(anyhow::Error::msg)?;
        let mut repository = Repository::new(setting.seed, 1);
        repository.after = 2;
        repository.grow(setting.units);
        let checkout = Checkout::create(&world.path().join("platform"))?;
        checkout.commit(repository.newest())?;
        let kubeconfig = world.path().join("kubeconfig");
        std::fs::write(&kubeconfig, plane.kubeconfig(weather.address)?)?;
        let show = |path: PathBuf| path.display().to_string();
        let mut arguments = vec!["run".to_owned(), show(checkout.path.clone()), "--adopt".to_owned()];
        arguments.extend(["--kubeconfig".to_owned(), show(kubeconfig)]);
        arguments.extend(["--state-dir".to_owned(), show(world.path().join("state"))]);
        arguments.extend(["--listen", "127.0.0.1:0", "--interval", "5"].map(str::to_owned));
        let mut daemon = Daemon::new(setting.binary.clone(), arguments, setting.folder.clone());
        daemon.start()?;
        Ok(Self {
            plane,
            weather,
            checkout,
            daemon,
            repository,
            dice: Rng::with_seed(setting.seed),
            units: setting.units,
            foreign: BTreeMap::new(),
            total: Total::default(),
            _world: world,
        })
    }

    /// Until so much time has been soaked in all.
    pub fn play(&mut self, whole: Duration, samples: &mut Samples) -> Result<()> {
        let clock = Clock { begun: Instant::now(), before: samples.seconds(), lives: samples.lives() };
        self.calm(&clock, samples).context("the first apply")?;
        while clock.seconds() < whole.as_secs_f64() {
            self.trouble(&clock, samples)?;
            self.calm(&clock, samples)?;
            self.total.rounds += 1;
            println!("{:.0} minutes: {}", clock.seconds() / 60.0, self.total());
        }
        Ok(())
    }

    pub fn total(&self) -> String {
        let Total { rounds, commits, edits, kills, pauses, ends, faults } = self.total;
        format!(
            "{rounds} rounds, {commits} commits, {edits} edits by people, {faults} faults of the network, {kills} kills, \
             {ends} ends, {pauses} pauses: nothing orphaned, nothing foreign touched"
        )
    }

    fn trouble(&mut self, clock: &Clock, samples: &mut Samples) -> Result<()> {
        let until = Instant::now() + TROUBLE;
        let (mut fair, mut resumed): (Option<Instant>, Option<Instant>) = (None, None);
        while Instant::now() < until {
            let pause = Duration::from_millis(self.dice.u64(200..2500));
            self.rest(pause, clock, samples)?;
            if fair.take_if(|at| *at < Instant::now()).is_some() {
                self.weather.set(Mode::Fair);
            }
            if resumed.take_if(|at| *at < Instant::now()).is_some() {
                self.daemon.pause(false)?;
            }
            match self.dice.u16(..1000) {
                0..450 => {
                    self.repository.commit();
                    self.commit()?;
                }
                450..700 => self.meddle()?,
                700..740 => people::release(&mut self.plane.administrator()?),
                740..850 => {
                    let mode = Mode::BAD[self.dice.usize(..Mode::BAD.len())];
                    self.weather.set(mode);
                    fair = Some(Instant::now() + Duration::from_millis(self.dice.u64(300..20_000)));
                    self.total.faults += 1;
                }
                850..852 => {
                    self.total.kills += 1;
                    self.daemon.start()?;
                }
                852..856 => {
                    self.total.pauses += 1;
                    self.daemon.pause(true)?;
                    resumed = Some(Instant::now() + Duration::from_secs(self.dice.u64(1..30)));
                }
                _ => {}
            }
        }
        self.daemon.pause(false)
    }

    /// What was in the way goes, the last word is said, and all has to come true.
    fn calm(&mut self, clock: &Clock, samples: &mut Samples) -> Result<()> {
        self.weather.set(Mode::Fair);
        people::release(&mut self.plane.administrator()?);
        if self.repository.newest().len() < self.units {
            self.repository.grow(self.units);
        }
        self.repository.mend();
        self.commit()?;
        let begun = Instant::now();
        loop {
            self.rest(Duration::from_secs(1), clock, samples)?;
            people::approve(&mut self.plane.administrator()?);
            match self.is_well() {
                Ok(()) => break,
                Err(why) if begun.elapsed() > PATIENCE => {
                    bail!("not well {} s after all trouble ended: {why}", PATIENCE.as_secs());
                }
                Err(_) => {}
            }
        }
        let before = self.versions()?;
        self.rest(QUIET, clock, samples)?;
        let after = self.versions()?;
        if let Some(changed) = before.iter().find(|(path, version)| after.get(*path) != Some(version)) {
            bail!("{} was written though nothing had changed", changed.0);
        }
        self.tidy()
    }

    fn is_well(&self) -> Result<(), String> {
        let mut administrator = self.plane.administrator().map_err(|e| e.to_string())?;
        let units = verdict::units(&mut administrator);
        let there = people::everything(&mut administrator);
        let owned: BTreeSet<String> = units
            .iter()
            .filter_map(|unit| unit.pointer("/status/inventory")?.as_array())
            .flatten()
            .filter_map(|entry| Some(entry.as_str()?.parse::<InventoryEntry>().ok()?.uid))
            .collect();
        let kept = self.repository.kept();
        for (path, object) in &there {
            let name = text(object, "/metadata/name");
            if !object["metadata"]["labels"][FOREIGN].is_null() {
                let version = text(object, "/metadata/resourceVersion");
                match self.foreign.get(path) {
                    Some(known) if known == version => {}
                    Some(_) => return Err(format!("{path} is others' and was touched")),
                    None => return Err(format!("{path} is others' and unknown")),
                }
            } else if object["metadata"]["labels"][PART_OF].is_null() {
                // Somebody took our label from it: nothing proves that it is ours.
            } else if !owned.contains(text(object, "/metadata/uid")) && !kept.contains(name) {
                return Err(format!("{path} is in no inventory"));
            }
        }
        if let Some(gone) = self.foreign.keys().find(|path| !there.iter().any(|(other, _)| other == *path)) {
            return Err(format!("{gone} was others' and is gone"));
        }
        let servers = vec![("the cluster".to_owned(), there)];
        verdict::converged(self.repository.newest(), &kept, &units, servers)
    }

    /// Of everything there is: a write shows in them.
    fn versions(&self) -> Result<BTreeMap<String, String>> {
        let there = people::everything(&mut self.plane.administrator()?);
        let version = |object: &Value| text(object, "/metadata/resourceVersion").to_owned();
        Ok(there.iter().map(|(path, object)| (path.clone(), version(object))).collect())
    }

    /// Somebody removes what units left behind by request, so that the world stays as large as it is.
    fn tidy(&mut self) -> Result<()> {
        let mut administrator = self.plane.administrator()?;
        let wanted: BTreeSet<&String> =
            self.repository.newest().values().flat_map(|unit| unit.objects.keys()).collect();
        for (path, object) in people::everything(&mut administrator) {
            let foreign = !object["metadata"]["labels"][FOREIGN].is_null();
            if foreign || !wanted.contains(&text(&object, "/metadata/name").to_owned()) {
                let (status, answer) = administrator.ask(Method::Delete, &path, None);
                ensure!(status < 300 || status == 404, "{path}: {status} {answer}");
                self.foreign.remove(&path);
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.total.commits += 1;
        self.checkout.commit(self.repository.newest())
    }

    fn meddle(&mut self) -> Result<()> {
        self.total.edits += 1;
        let mut administrator = self.plane.administrator()?;
        people::meddle(&mut administrator, &mut self.dice);
        for (path, object) in people::everything(&mut administrator) {
            if !object["metadata"]["labels"][FOREIGN].is_null() {
                let version = text(&object, "/metadata/resourceVersion").to_owned();
                self.foreign.entry(path).or_insert(version);
            }
        }
        Ok(())
    }

    /// Lets time pass, and looks at the daemon's memory now and then.
    fn rest(&mut self, time: Duration, clock: &Clock, samples: &mut Samples) -> Result<()> {
        let until = Instant::now() + time;
        loop {
            if let Some((again, why)) = self.daemon.failure() {
                ensure!(again, "the daemon stopped: {why}");
                self.total.ends += 1;
                sleep(Duration::from_secs(1));
                self.daemon.start()?;
            }
            if clock.seconds() - samples.seconds() >= SAMPLE.as_secs_f64()
                && let Some(kib) = self.daemon.memory()
            {
                samples.add(Sample {
                    seconds: clock.seconds(),
                    life: clock.lives + self.daemon.starts,
                    kib,
                    units: self.repository.newest().len() as u64,
                })?;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            sleep(left.min(SAMPLE));
        }
    }
}

/// Of the soak, with the time of earlier runs.
struct Clock {
    begun: Instant,
    before: f64,
    lives: u64,
}

impl Clock {
    fn seconds(&self) -> f64 {
        self.before + self.begun.elapsed().as_secs_f64()
    }
}
