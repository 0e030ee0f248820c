//! One seed: a world with a daemon in it, some minutes of everything going wrong, then calm; and whether all is well
//! afterwards.

use crate::machine::{Machine, OUTSIDE, Process};
use crate::network::{MANAGEMENT, Net, Weather, Wire};
use crate::people;
use crate::repository::{self, Repository, Shared};
use crate::verdict;
use fastrand::Rng;
use futures::FutureExt;
use mainstay_clock::{enter, sleep};
use mainstay_cluster::Cluster;
use mainstay_runtime::{Answers, Options, Read, Reader, run_reading};
use mainstay_unit::tree::TreePath;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What came of a seed.
pub struct Outcome {
    /// What was violated, with the last lines of the trace.
    pub violation: Option<(String, String)>,
    /// Of every line of the trace.
    pub digest: u64,
    pub requests: usize,
    pub writes: usize,
    pub kills: usize,
    pub commits: usize,
}

const SERVERS: [&str; 3] = [MANAGEMENT, "https://one", "https://two"];
/// After the last fault everything has come to rest within this time.
const CALM: Duration = Duration::from_secs(12 * 60);
/// With events lost, not before everything has been listed again.
const RELISTED: Duration = Duration::from_secs(50 * 60);
/// For so long, nothing is written then.
const QUIET: Duration = Duration::from_secs(10 * 60);

struct World {
    machine: Arc<Machine>,
    net: Arc<Net>,
    repository: Shared,
    /// Replicas, of which one may act.
    replicas: Vec<Replica>,
    numbers: u32,
    kills: usize,
}

struct Replica {
    process: Process,
    stopped: Arc<AtomicBool>,
}

pub fn play(seed: u64) -> Outcome {
    let mut dice = Rng::with_seed(seed);
    let machine = Machine::new(dice.u64(..));
    let _entered = enter(machine.clone());
    let servers = &SERVERS[..dice.usize(1..=SERVERS.len())];
    let net = Net::new(machine.clone(), dice.u64(..), servers);
    let repository = Shared(Arc::new(Mutex::new(Repository::new(dice.u64(..), servers.len()))));
    net.witness(|witness| {
        witness.servers(servers);
        repository.with(|repository| witness.knows(repository.newest()));
    });
    let settled = people::settle(&net, servers);
    for name in servers {
        let job = people::control(net.clone(), (*name).to_owned(), machine.clone());
        machine.begin(OUTSIDE, job.boxed());
    }
    let mut world = World { machine, net, repository, replicas: Vec::new(), numbers: 0, kills: 0 };
    for _ in 0..dice.usize(1..=2) {
        let replica = world.start();
        world.replicas.push(replica);
    }
    let result = settled.and_then(|()| world.story(&mut dice, servers));
    if let Err(why) = result {
        world.net.witness(|witness| witness.blame(why));
    }
    let commits = world.repository.with(|repository| repository.revisions.len());
    world.replicas.iter().for_each(|replica| world.machine.kill(replica.process));
    // Servers and people hold the machine that holds them.
    world.machine.kill(OUTSIDE);
    world.net.witness(|witness| Outcome {
        violation: witness.violation.clone().map(|violation| (violation, witness.tail())),
        digest: witness.digest(),
        requests: witness.requests,
        writes: witness.writes,
        kills: world.kills,
        commits,
    })
}

impl World {
    fn story(&mut self, dice: &mut Rng, servers: &[&str]) -> Result<(), String> {
        let weather = weather(dice);
        self.net.set_weather(weather);
        let trouble = dice.bool();
        let until = Duration::from_secs(dice.u64(120..900));
        while self.machine.time() < until {
            self.rest(Duration::from_millis(dice.u64(10..40_000)))?;
            self.happen(dice, servers, trouble);
        }
        // Calm: what was in the way goes, and the last word is said.
        self.net.set_weather(Weather::default());
        for name in servers {
            self.net.set_up(name, true);
            self.net.asked(name, people::release);
        }
        self.replicas.iter().for_each(|replica| self.machine.pause(replica.process, false));
        self.repository.with(|repository| repository.unreachable = false);
        self.commit(Repository::mend);
        for _ in 0..3 {
            self.rest(CALM)?;
            let said = self.net.asked(MANAGEMENT, people::approve).unwrap_or_default();
            said.iter().for_each(|line| self.note(line));
            if said.is_empty() {
                break;
            }
        }
        verdict::told(&self.net)?;
        if weather.dropped > 0 {
            self.rest(RELISTED)?;
        }
        self.converged(servers)?;
        let writes = self.net.witness(|witness| witness.writes);
        self.rest(QUIET)?;
        let more = self.net.witness(|witness| witness.writes) - writes;
        if more > 0 {
            return Err(format!("{more} objects were written though nothing had changed"));
        }
        self.converged(servers)
    }

    fn converged(&self, servers: &[&str]) -> Result<(), String> {
        let (plan, kept) =
            self.repository.with(|repository| (repository.newest().clone(), repository.kept()));
        let units = self.net.asked(MANAGEMENT, verdict::units).unwrap_or_default();
        let there =
            |name: &&str| ((*name).to_owned(), self.net.asked(name, people::everything).unwrap_or_default());
        verdict::converged(&plan, &kept, &units, servers.iter().map(there).collect())
    }

    fn happen(&mut self, dice: &mut Rng, servers: &[&str], trouble: bool) {
        let name = servers[dice.usize(..servers.len())];
        let at = dice.usize(..self.replicas.len());
        match dice.u8(..100) {
            0..45 => self.commit(Repository::commit),
            45..60 => {
                let said = self.net.asked(name, |server| people::meddle(server, dice));
                let host = name.trim_start_matches("https://");
                self.note(&format!("{host}: {}", said.unwrap_or_default()));
            }
            60..72 => {
                self.kills += 1;
                self.restart(at);
            }
            72..76 => drop(self.net.asked(name, people::release)),
            76..78 => {
                self.note(&format!("{name} forgets its past"));
                self.net.forget(name);
            }
            78..80 => {
                // Nobody is there who would write them again.
                (0..self.replicas.len()).for_each(|at| self.restart(at));
                let first =
                    (self.numbers + 1).saturating_sub(u32::try_from(self.replicas.len()).unwrap_or(1));
                self.net.witness(|witness| witness.excuse_before(first));
                let lost = self.net.asked(MANAGEMENT, |server| people::lose(server, dice));
                let lost = lost.unwrap_or_default();
                self.note(&format!("the records of {lost} units are lost"));
            }
            80..86 if trouble => {
                self.note(&format!("{name} goes away"));
                self.net.set_up(name, false);
            }
            80..92 => servers.iter().for_each(|name| self.net.set_up(name, true)),
            92..95 => self.repository.with(|repository| repository.unreachable = !repository.unreachable),
            95..98 => self.pause(at, true),
            _ => self.pause(at, false),
        }
    }

    fn commit(&mut self, change: impl FnOnce(&mut Repository)) {
        let plan = self.repository.with(|repository| {
            change(repository);
            repository.newest().clone()
        });
        self.net.witness(|witness| witness.knows(&plan));
        self.note(&format!("a commit says {}", repository::summary(&plan)));
    }

    fn note(&self, what: &str) {
        let line = format!("{:>12.6} {what}", self.machine.time().as_secs_f64());
        self.net.witness(|witness| witness.note(line));
    }

    /// Lets time pass. A daemon that stopped by itself is started again, as its supervisor would.
    fn rest(&mut self, duration: Duration) -> Result<(), String> {
        let until = self.machine.time() + duration;
        loop {
            let flags: Vec<_> = self.replicas.iter().map(|replica| replica.stopped.clone()).collect();
            let stopped = || flags.iter().position(|flag| flag.load(Ordering::Relaxed));
            self.machine.run(until, || stopped().is_some())?;
            if let Some(violation) = self.net.witness(|witness| witness.violation.clone()) {
                return Err(violation);
            }
            match stopped() {
                Some(at) => self.restart(at),
                None => return Ok(()),
            }
        }
    }

    fn restart(&mut self, at: usize) {
        let replica = self.start();
        let old = std::mem::replace(&mut self.replicas[at], replica);
        self.note(&format!("p{} is killed", old.process.0));
        self.machine.kill(old.process);
    }

    fn pause(&self, at: usize, pause: bool) {
        let process = self.replicas[at].process;
        self.note(&format!("p{} {}", process.0, if pause { "is stopped" } else { "goes on" }));
        self.machine.pause(process, pause);
    }

    fn start(&mut self) -> Replica {
        self.numbers += 1;
        let process = Process(self.numbers);
        let stopped = Arc::new(AtomicBool::new(false));
        let job = daemon(self.net.clone(), self.repository.clone(), process, stopped.clone());
        self.machine.begin(process, job.boxed());
        Replica { process, stopped }
    }
}

fn weather(dice: &mut Rng) -> Weather {
    if dice.u8(..4) == 0 {
        return Weather::default();
    }
    let mut up_to = |most: u16| if dice.bool() { dice.u16(..=most) } else { 0 };
    Weather {
        lost: up_to(60),
        unanswered: up_to(60),
        refused: up_to(80),
        slow: up_to(40),
        cut: up_to(60),
        dropped: if up_to(3) == 3 { 30 } else { 0 },
        repeated: up_to(100),
    }
}

/// The daemon as it runs for real, but for its network, its clock and its repository.
async fn daemon(net: Arc<Net>, repository: Shared, process: Process, stopped: Arc<AtomicBool>) {
    // A supervisor takes a moment.
    sleep(Duration::from_secs(1)).await;
    let management = Cluster::on_network(Arc::new(Wire(net.clone())), MANAGEMENT);
    let options = Options {
        gates: None,
        stored: None,
        repository: "simulated".to_owned(),
        entry: TreePath::root(),
        interval: Duration::from_secs(30),
        observe: false,
        holder: format!("daemon-{}", process.0),
        lease: Duration::from_secs(15),
        sole: false,
        concurrency: 8,
    };
    let (trigger, triggers) = std::sync::mpsc::channel();
    let (shown, _view) = tokio::sync::watch::channel(Arc::default());
    let start = |earlier| {
        let (tell, reads) = tokio::sync::mpsc::channel(1);
        let reader = Reader::new(repository, TreePath::root(), earlier);
        mainstay_clock::spawn(read(reader, tell, triggers));
        Ok(reads)
    };
    let ended = run_reading(management, options, start, trigger, shown, std::future::pending()).await;
    let why = ended.map_or_else(|stopped| stopped.to_string(), |()| "asked to".to_owned());
    net.witness(|witness| witness.note(format!("p{} stops: {why}", process.0)));
    stopped.store(true, Ordering::Relaxed);
}

async fn read(
    mut reader: Reader<Shared>,
    tell: tokio::sync::mpsc::Sender<Read>,
    triggers: std::sync::mpsc::Receiver<()>,
) {
    loop {
        for read in reader.next(&Answers::Nobody) {
            if tell.send(read).await.is_err() {
                return;
            }
        }
        while triggers.try_recv().is_ok() {}
        sleep(Duration::from_secs(15)).await;
    }
}
