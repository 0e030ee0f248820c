//! Simulated API servers and the wire to them: requests take time, get lost before or after they are carried out, are
//! throttled or fail; watches are cut, go silent, lose and repeat events.

use crate::ask::Ask;
use crate::machine::{Machine, OUTSIDE};
use crate::witness::{LEASE, Sender, Witness, text};
use bytes::Bytes;
use fastrand::Rng;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use mainstay_apiserver::core::{self, Entropy, Method, Now, Polled, Reply, User, Watch};
use mainstay_clock::{World, sleep};
use mainstay_cluster::{Answer, Network, Sent};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

/// How bad the network is, in thousandths of requests, or of frames for watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Never arrives.
    pub lost: u16,
    /// Carried out, but the answer never comes.
    pub unanswered: u16,
    /// Refused with 429, 500 or 503.
    pub refused: u16,
    /// Arrives late, though not too late.
    pub slow: u16,
    /// A watch ends, with or without a word.
    pub cut: u16,
    /// A frame of a watch is left out.
    pub dropped: u16,
    /// A frame of a watch comes twice.
    pub repeated: u16,
}

pub struct Net {
    machine: Arc<Machine>,
    state: Mutex<State>,
}

struct State {
    servers: BTreeMap<String, Server>,
    weather: Weather,
    dice: Rng,
    witness: Witness,
}

pub struct Server {
    pub core: core::Cluster,
    dice: Rng,
    waiting: Vec<Waker>,
    up: bool,
}

struct Chance<'a>(&'a mut Rng);

impl Entropy for Chance<'_> {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

impl Server {
    fn handle(&mut self, request: &core::Request, now: Now) -> Reply {
        let reply = self.core.handle(request, now, &mut Chance(&mut self.dice));
        self.core.tick(now, &mut Chance(&mut self.dice));
        // Nothing is kept on disk here.
        drop(self.core.take_changes());
        for waker in self.waiting.drain(..) {
            waker.wake();
        }
        reply
    }

    pub fn administrator(&mut self, now: Now) -> Administrator<'_> {
        Administrator { server: self, now }
    }
}

/// Who asks a server at once and without a wire.
pub struct Administrator<'a> {
    server: &'a mut Server,
    now: Now,
}

impl Ask for Administrator<'_> {
    fn ask(&mut self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let content_type = match method {
            Method::Patch => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = core::Request {
            method,
            path: path.to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            content_type: body.map(|_| content_type.to_owned()),
            body: body.map(|b| b.to_string().into_bytes()).unwrap_or_default(),
            user_agent: "people".to_owned(),
            user: User::admin(),
            ..core::Request::default()
        };
        match self.server.handle(&request, self.now) {
            Reply::Done(answer) => (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default()),
            Reply::Watch(_) => (400, Value::Null),
        }
    }
}

impl Net {
    pub fn new(machine: Arc<Machine>, seed: u64, names: &[&str]) -> Arc<Self> {
        let mut dice = Rng::with_seed(seed);
        let servers = names.iter().map(|name| {
            let mut own = dice.fork();
            let core = core::Cluster::new(core::Settings::default(), clock(&machine), &mut Chance(&mut own));
            ((*name).to_owned(), Server { core, dice: own, waiting: Vec::new(), up: true })
        });
        let servers = servers.collect();
        let state = State { servers, weather: Weather::default(), dice, witness: Witness::default() };
        Arc::new(Self { machine, state: Mutex::new(state) })
    }

    pub fn set_weather(&self, weather: Weather) {
        self.lock().weather = weather;
    }

    pub fn set_up(&self, server: &str, up: bool) {
        if let Some(server) = self.lock().servers.get_mut(server) {
            server.up = up;
            server.waiting.drain(..).for_each(Waker::wake);
        }
    }

    /// The past is forgotten: watches that were cut must list again.
    pub fn forget(&self, server: &str) {
        if let Some(server) = self.lock().servers.get_mut(server) {
            let revision = server.core.revision();
            server.core.compact(revision);
        }
    }

    pub fn on<T>(&self, server: &str, act: impl FnOnce(&mut Server, Now) -> T) -> Option<T> {
        let now = clock(&self.machine);
        self.lock().servers.get_mut(server).map(|server| act(server, now))
    }

    /// The same, for who only asks.
    pub fn asked<T>(&self, server: &str, act: impl FnOnce(&mut dyn Ask) -> T) -> Option<T> {
        self.on(server, |server, now| act(&mut server.administrator(now)))
    }

    pub fn witness<T>(&self, look: impl FnOnce(&mut Witness) -> T) -> T {
        look(&mut self.lock().witness)
    }

    /// Who holds the Lease now.
    fn holder(&self) -> String {
        let lease = self.asked(MANAGEMENT, |server| server.ask(Method::Get, LEASE, None).1);
        text(&lease.unwrap_or_default(), "/spec/holderIdentity").to_owned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub fn clock(machine: &Machine) -> Now {
    Now(i64::try_from(machine.wall().as_nanos()).unwrap_or(i64::MAX))
}

/// What happens to one request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Answered,
    Lost,
    Unanswered,
    Refused(u16),
    Slow,
}

#[derive(Clone)]
pub struct Wire(pub Arc<Net>);

impl Network for Wire {
    fn send(&self, server: &str, request: Request<Vec<u8>>) -> Sent {
        let (net, server) = (self.0.clone(), server.to_owned());
        let process = net.machine.running();
        let sender = Sender { process, holder: net.holder() };
        let (fate, there, back) = {
            let mut state = net.lock();
            let weather = state.weather;
            let dice = &mut state.dice;
            let roll = dice.u16(..1000);
            let mut edge = 0;
            let mut within = |share: u16| {
                edge += share;
                roll < edge
            };
            let delay = Duration::from_millis(dice.u64(500..25_000));
            let fate = if within(weather.lost) {
                Fate::Lost
            } else if within(weather.unanswered) {
                Fate::Unanswered
            } else if within(weather.refused) {
                Fate::Refused([429, 500, 503][usize::from(roll % 3)])
            } else if within(weather.slow) {
                Fate::Slow
            } else {
                Fate::Answered
            };
            let there = if fate == Fate::Slow { delay } else { Duration::from_micros(dice.u64(200..8_000)) };
            (fate, there, Duration::from_micros(dice.u64(200..8_000)))
        };
        let (tell, told) = tokio::sync::oneshot::channel();
        let carried = net.clone();
        let work = async move {
            let (parts, body) = request.into_parts();
            sleep(there).await;
            if fate == Fate::Lost {
                sleep(Duration::from_secs(1)).await;
                drop(tell.send(Err("connection reset".to_owned())));
                return;
            }
            let answer = match fate {
                Fate::Refused(status) => Ok(refusal(status)),
                _ => carried.deliver(&sender, &server, &parts, body),
            };
            sleep(back).await;
            if fate == Fate::Unanswered {
                drop(tell.send(Err("connection reset by peer".to_owned())));
                return;
            }
            drop(tell.send(answer));
        };
        net.machine.begin(OUTSIDE, work.boxed());
        async move { told.await.unwrap_or_else(|_| Err("the connection was closed".to_owned())) }.boxed()
    }
}

fn whole(body: Vec<u8>) -> Answer {
    Full::from(body).map_err(|never| match never {}).boxed_unsync()
}

fn refusal(status: u16) -> Response<Answer> {
    let text = format!(
        r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"simulated","code":{status}}}"#
    );
    let mut response = Response::new(whole(text.into_bytes()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    if status == 429 {
        response.headers_mut().insert("Retry-After", http::HeaderValue::from_static("1"));
    }
    response
}

impl Net {
    fn deliver(
        self: &Arc<Self>,
        sender: &Sender,
        name: &str,
        parts: &http::request::Parts,
        body: Vec<u8>,
    ) -> Result<Response<Answer>, String> {
        let now = clock(&self.machine);
        let mut guard = self.lock();
        let state = &mut *guard;
        let server = state.servers.get_mut(name).ok_or("no such host")?;
        if !server.up {
            return Err("connection refused".to_owned());
        }
        let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let decoded =
            form_urlencoded::parse(format!("p={}", parts.uri.path().replace('+', "%2B")).as_bytes())
                .next()
                .map(|(_, path)| path.into_owned())
                .unwrap_or_default();
        let request = core::Request {
            method: Method::parse(parts.method.as_str()),
            path: decoded,
            query: form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
            content_type: header("content-type"),
            accept: header("accept"),
            user_agent: "mainstay".to_owned(),
            body,
            user: User::admin(),
            ..core::Request::default()
        };
        let before = state.witness.before(server, &request, now);
        let reply = server.handle(&request, now);
        let status = match &reply {
            Reply::Done(answer) => answer.status,
            Reply::Watch(_) => 200,
        };
        state.witness.trace(self.machine.time(), sender.process, name, &request, status);
        if let Reply::Done(answer) = &reply
            && let Some(before) = before
        {
            // The Units are on the management cluster; while it is looked at, nothing else is handled.
            let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let mut units = |path: &str| match state.servers.get_mut(MANAGEMENT) {
                Some(management) => management.administrator(now).ask(Method::Get, path, None),
                None => (404, Value::Null),
            };
            state.witness.after(name, &request, before, status, &answer, (sender, &mut units));
        }
        drop(guard);
        let mut response = match reply {
            Reply::Done(answer) => {
                let mut response = Response::new(whole(answer.body));
                *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
                response
            }
            Reply::Watch(watch) => Response::new(self.stream(name, watch)),
        };
        response.headers_mut().insert("Content-Type", http::HeaderValue::from_static("application/json"));
        Ok(response)
    }

    fn stream(self: &Arc<Self>, name: &str, watch: Watch) -> Answer {
        let end =
            self.machine.time() + watch.timeout_seconds.map_or(Duration::from_secs(300), Duration::from_secs);
        let bookmark = self.machine.time() + Duration::from_secs(60);
        let watching =
            Watching { net: self.clone(), name: name.to_owned(), watch, end, bookmark, pending: Vec::new() };
        let frames: BoxStream<'static, Result<Frame<Bytes>, std::io::Error>> =
            futures::stream::unfold(watching, |mut watching| async move {
                let frame = watching.next().await?;
                Some((frame.map(Frame::data), watching))
            })
            .boxed();
        StreamBody::new(frames).boxed_unsync()
    }
}

struct Watching {
    net: Arc<Net>,
    name: String,
    watch: Watch,
    end: Duration,
    bookmark: Duration,
    pending: Vec<Bytes>,
}

/// What a look at the server's events gave.
enum Seen {
    Frames(Vec<Bytes>),
    Last(Bytes),
    Cut,
    Silent,
    Down,
    Closed,
}

impl Watching {
    async fn next(&mut self) -> Option<Result<Bytes, std::io::Error>> {
        loop {
            if !self.pending.is_empty() {
                return Some(Ok(self.pending.remove(0)));
            }
            let machine = self.net.machine.clone();
            let until = self.end.min(self.bookmark);
            let rest = until.saturating_sub(machine.time());
            let mut timer = sleep(rest);
            let seen = std::future::poll_fn(|context| match self.look(context.waker()) {
                Some(seen) => Poll::Ready(Some(seen)),
                None => timer.poll_unpin(context).map(|()| None),
            })
            .await;
            match seen {
                Some(Seen::Frames(frames)) => {
                    let pause = self.net.lock().dice.u64(100..20_000);
                    sleep(Duration::from_micros(pause)).await;
                    self.pending = frames;
                }
                Some(Seen::Last(frame)) => {
                    self.end = Duration::ZERO;
                    return Some(Ok(frame));
                }
                Some(Seen::Cut) => return Some(Err(std::io::Error::other("connection reset"))),
                Some(Seen::Silent) => std::future::pending::<()>().await,
                Some(Seen::Down) => return Some(Err(std::io::Error::other("connection refused"))),
                Some(Seen::Closed) => return None,
                None if machine.time() >= self.end => return None,
                None => {
                    self.bookmark = machine.time() + Duration::from_secs(60);
                    let (name, watch) = (self.name.clone(), &mut self.watch);
                    let frame = self.net.on(&name, |server, now| server.core.bookmark(watch, now)).flatten();
                    if let Some(frame) = frame {
                        return Some(Ok(frame.into()));
                    }
                }
            }
        }
    }

    /// What there is now; nothing if the waker will be called.
    fn look(&mut self, waker: &Waker) -> Option<Seen> {
        if self.end == Duration::ZERO {
            return Some(Seen::Closed);
        }
        let now = clock(&self.net.machine);
        let mut guard = self.net.lock();
        let state = &mut *guard;
        let Some(server) = state.servers.get_mut(&self.name) else { return Some(Seen::Closed) };
        if !server.up {
            return Some(Seen::Down);
        }
        match server.core.poll_watch(&mut self.watch, 16, now) {
            Polled::Frames(frames) => {
                let (weather, dice) = (state.weather, &mut state.dice);
                if dice.u16(..1000) < weather.cut {
                    return Some(if dice.u8(..4) == 0 { Seen::Silent } else { Seen::Cut });
                }
                let mut out = Vec::new();
                for frame in frames {
                    let frame = Bytes::from(frame);
                    if dice.u16(..1000) < weather.dropped {
                        continue;
                    }
                    if dice.u16(..1000) < weather.repeated {
                        out.push(frame.clone());
                    }
                    out.push(frame);
                }
                Some(Seen::Frames(out))
            }
            Polled::Idle => {
                server.waiting.push(waker.clone());
                None
            }
            Polled::Gone(frame) => Some(Seen::Last(frame.into())),
            Polled::Closed => Some(Seen::Closed),
            // No simulated server has a conversion webhook: nobody would answer.
            Polled::Calls(_) => Some(Seen::Cut),
        }
    }
}

/// The server that holds the Units.
pub const MANAGEMENT: &str = "https://management";
