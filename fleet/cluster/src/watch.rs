use crate::request::{Call, escape};
use crate::{Cluster, ClusterError, Identity, Resource};
use futures::{AsyncBufReadExt, TryStreamExt};
use http::Method;
use http_body_util::BodyExt;
use mainstay_clock::{Instant, sleep, timeout};
use mainstay_object::{ObjectKey, Value};
use serde::Deserialize;
use std::borrow::Cow;
use std::time::Duration;

/// A stream that says nothing for this long is dead: bookmarks come every minute.
const SILENCE: Duration = Duration::from_secs(120);
/// The server ends a watch after this long; then the next begins where it stopped.
const LENGTH: Duration = Duration::from_secs(290);
/// However good a watch looks, so much later everything is listed again: what it missed is found then. Spread, so that
/// watches that began together do not list together.
pub(crate) const RELIST: Duration = Duration::from_secs(30 * 60);
/// A watch that can't be taken up for so much of that time has lost sight of what it told: a minute of half an hour.
const LOST: u32 = 30;
/// Between attempts, at first and at last.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What a server ends sooner than this was no watch; whoever asked again at once would ask without end.
const SHORTEST: Duration = Duration::from_secs(1);
/// One line of a watch is one object; etcd holds none larger.
const LINE_LIMIT: usize = 16 << 20;

/// Which objects of a resource are watched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    pub namespace: String,
    pub labels: String,
    pub fields: String,
    /// What is known from an answer (`Cluster::know`) is not told again, only that it is there.
    pub news: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    Changed(Box<Value>),
    Deleted(Box<Value>),
    /// It is as it is known from an answer.
    Answered(ObjectKey),
    /// Everything that exists has been told; what is not among these is gone.
    Listed(Vec<ObjectKey>),
    /// The watch is interrupted and will be taken up again.
    Interrupted(ClusterError),
    /// The same, for so long that nothing it told is known to hold still. Once: `Listed` is the end of it.
    Lost(ClusterError),
}

impl Selection {
    fn query(&self) -> String {
        let part = |name: &str, value: &str| {
            if value.is_empty() { String::new() } else { format!("&{name}={}", escape(value)) }
        };
        let all = format!("{}{}", part("labelSelector", &self.labels), part("fieldSelector", &self.fields));
        all.trim_start_matches('&').to_owned()
    }
}

impl Cluster {
    /// Lists and then watches until `tell` answers false. Interruptions are told and mended here, with growing pauses.
    pub async fn follow(
        &self,
        resource: &Resource,
        selection: &Selection,
        mut tell: impl FnMut(WatchEvent) -> bool + Send,
    ) {
        let patience = self.relist / LOST;
        let mut pause = PAUSE;
        let mut version: Option<String> = None;
        let mut relist = Instant::now();
        // When what was told was last known to hold, and whether that was too long ago.
        let (mut seen, mut lost) = (Instant::now(), false);
        let mut was_gone = false;
        loop {
            let began = Instant::now();
            let left = relist.since(began);
            let mut opened = false;
            let from = version.take().filter(|_| !left.is_zero());
            let lists = from.is_none();
            let outcome = match from {
                None => {
                    relist = Instant::now() + spread(self.relist);
                    self.enumerate(resource, selection, &mut tell).await
                }
                Some(from) => {
                    let length = LENGTH.min(left);
                    self.stream(resource, selection, from, length, &mut opened, &mut tell).await
                }
            };
            if opened || lists && outcome.is_ok() {
                seen = Instant::now();
            }
            // A list alone is no sign that the watch after it will hold.
            let short = began.elapsed() < SHORTEST;
            if opened && !short {
                (pause, was_gone) = (PAUSE, false);
            }
            let error = match outcome {
                Ok(Next::Stop) => return,
                Ok(Next::From(at)) => {
                    version = Some(at);
                    lost &= !lists;
                    if lists || !short {
                        continue;
                    }
                    ClusterError::Unreadable { message: "the server ends the watch at once".to_owned() }
                }
                // Too old: list again, at once; but not for ever.
                Err((ClusterError::Gone { .. }, _)) if !was_gone => {
                    was_gone = true;
                    continue;
                }
                Err((error, from)) => {
                    version = from;
                    error
                }
            };
            let wait = match &error {
                ClusterError::Throttled { retry_after: Some(after), .. } => {
                    pause.max(*after).min(LONGEST_PAUSE)
                }
                _ => pause,
            };
            let news = !lost && seen.elapsed() >= patience;
            lost |= news;
            // What may be wrong by now is told anew, as it is.
            if lost {
                version = None;
            }
            if !tell(if news { WatchEvent::Lost(error) } else { WatchEvent::Interrupted(error) }) {
                return;
            }
            sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn enumerate(
        &self,
        resource: &Resource,
        selection: &Selection,
        tell: &mut (impl FnMut(WatchEvent) -> bool + Send),
    ) -> Result<Next, (ClusterError, Option<String>)> {
        let query = selection.query();
        let (mut token, mut keys) = (String::new(), Vec::new());
        loop {
            let page =
                self.page(resource, &selection.namespace, &query, &token).await.map_err(|e| (e, None))?;
            for item in page.items {
                keys.push(key_of(resource, &item));
                if !tell(WatchEvent::Changed(Box::new(item))) {
                    return Ok(Next::Stop);
                }
            }
            match page.next {
                Some(next) => token = next,
                None if !tell(WatchEvent::Listed(keys)) => return Ok(Next::Stop),
                None => return Ok(Next::From(page.version)),
            }
        }
    }

    async fn stream(
        &self,
        resource: &Resource,
        selection: &Selection,
        from: String,
        length: Duration,
        opened: &mut bool,
        tell: &mut (impl FnMut(WatchEvent) -> bool + Send),
    ) -> Result<Next, (ClusterError, Option<String>)> {
        let mut query = format!(
            "watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}",
            // Less than a second would be none, which means as long as the server likes.
            length.as_secs().max(1),
            escape(&from)
        );
        let selected = selection.query();
        if !selected.is_empty() {
            query = format!("{query}&{selected}");
        }
        let path = resource.path(&selection.namespace, None, &query);
        let call = Call {
            method: Method::GET,
            path,
            content_type: None,
            body: Vec::new(),
            identity: &Identity::Own,
        };
        let mut at = from;
        let response = match timeout(crate::request::TIMEOUT, self.open_long(call)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err((error, Some(at))),
            Err(_) => return Err((ClusterError::Timeout(crate::request::TIMEOUT), Some(at))),
        };
        *opened = true;
        let body = response.into_body().into_data_stream();
        let mut reader = body.into_async_read();
        loop {
            let line = match timeout(SILENCE, line(&mut reader)).await {
                Ok(Ok(Some(line))) => line,
                Ok(Ok(None)) => return Ok(Next::From(at)),
                Ok(Err(error)) => {
                    return Err((ClusterError::Unreachable { message: error.to_string() }, Some(at)));
                }
                Err(_) => return Err((ClusterError::Timeout(SILENCE), Some(at))),
            };
            if selection.news
                && let Some((key, version)) = self.answered(resource, &line)
            {
                at = version;
                if !tell(WatchEvent::Answered(key)) {
                    return Ok(Next::Stop);
                }
                continue;
            }
            match read(&line) {
                // One malformed event never ends a watch.
                None => {
                    tracing::warn!(kind = %resource.kind, "an event of a watch can't be read and is left out")
                }
                Some(Frame::Failed(error)) => return Err((error, None)),
                Some(Frame::Object { version, event }) => {
                    at = version;
                    if let Some(event) = event
                        && !tell(event)
                    {
                        return Ok(Next::Stop);
                    }
                }
            }
        }
    }
}

/// The beginning of an event: enough to know it by.
#[derive(Deserialize)]
struct Glance<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: Glimpse<'a>,
}

#[derive(Deserialize)]
struct Glimpse<'a> {
    #[serde(borrow)]
    metadata: Identified<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identified<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
    #[serde(borrow)]
    uid: Cow<'a, str>,
    #[serde(borrow)]
    resource_version: Cow<'a, str>,
}

impl Cluster {
    /// Whoever watches for news through this connection, or a clone of it, learns of this answer to a write by himself.
    /// For those only whose writes are answered to him: others in this process write through clones as well.
    pub fn know(&self, answer: &Value) {
        self.answered.note(answer);
    }

    /// The object that an event is about, if it is known from an answer, and its version.
    fn answered(&self, resource: &Resource, line: &[u8]) -> Option<(ObjectKey, String)> {
        let Glance { kind, object } = serde_json::from_slice(line).ok()?;
        let seen = object.metadata;
        if !matches!(&*kind, "ADDED" | "MODIFIED") || !self.answered.knows(&seen.uid, &seen.resource_version)
        {
            return None;
        }
        let key = ObjectKey::new(&*resource.group, &*resource.kind, seen.namespace, seen.name);
        Some((key, seen.resource_version.into_owned()))
    }
}

/// Between three and five quarters of a time.
fn spread(time: Duration) -> Duration {
    let random = mainstay_clock::random() % 1000;
    time.mul_f64(0.75 + f64::from(u16::try_from(random).unwrap_or_default()) / 2000.0)
}

enum Next {
    Stop,
    From(String),
}

enum Frame {
    Object { version: String, event: Option<WatchEvent> },
    Failed(ClusterError),
}

async fn line(reader: &mut (impl futures::AsyncBufRead + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    let mut out = Vec::new();
    loop {
        let available = reader.fill_buf().await?;
        if available.is_empty() {
            return Ok((!out.is_empty()).then_some(out));
        }
        let end = available.iter().position(|b| *b == b'\n');
        let taken = end.map_or(available.len(), |i| i + 1);
        out.extend_from_slice(&available[..taken]);
        reader.consume_unpin(taken);
        if end.is_some() {
            return Ok(Some(out));
        }
        if out.len() > LINE_LIMIT {
            return Err(std::io::Error::other("an event of the watch is larger than 16 MiB"));
        }
    }
}

fn read(line: &[u8]) -> Option<Frame> {
    let mut event: Value = serde_json::from_slice(line).ok()?;
    let object = event.get_mut("object").map(Value::take)?;
    let version =
        object.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default().to_owned();
    let object = Box::new(object);
    let event = match event.get("type")?.as_str()? {
        "ADDED" | "MODIFIED" => Some(WatchEvent::Changed(object)),
        "DELETED" => Some(WatchEvent::Deleted(object)),
        "BOOKMARK" => None,
        "ERROR" => {
            let code =
                object.get("code").and_then(Value::as_u64).and_then(|c| u16::try_from(c).ok()).unwrap_or(500);
            return Some(Frame::Failed(crate::error::from_answer(code, None, object.to_string().as_bytes())));
        }
        _ => return None,
    };
    Some(Frame::Object { version, event })
}

fn key_of(resource: &Resource, item: &Value) -> ObjectKey {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    ObjectKey::new(&*resource.group, &*resource.kind, text("/metadata/namespace"), text("/metadata/name"))
}
