use super::clock::System;
use super::fair::Watched;
use super::hosted::Hosted;
use super::limits::Limits;
use super::webhooks;
use crate::core::{Polled, Watch};
use bytes::Bytes;
use futures::Stream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

/// The frames of a watch, made when they are asked for: a reader that does not read holds nothing but its position.
pub(super) fn frames(
    hosted: Arc<Hosted>,
    watch: Watch,
    limits: &Limits,
    stop: watch::Receiver<bool>,
    counted: Watched,
) -> impl Stream<Item = Bytes> + Send + 'static + use<> {
    let length = watch.timeout_seconds.filter(|s| *s > 0).map_or_else(
        || {
            let spread = u64::try_from(limits.watch.as_millis()).unwrap_or(0);
            limits.watch + Duration::from_millis(System::new().below(spread))
        },
        Duration::from_secs,
    );
    let now = Instant::now();
    let mut bookmarks = tokio::time::interval_at(now + limits.bookmark, limits.bookmark);
    bookmarks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watching = Watching {
        revisions: hosted.revisions(),
        hosted,
        watch,
        limit: limits.frames,
        // A client may ask for more years than the clock can count.
        end: now.checked_add(length).unwrap_or(now + limits.watch),
        bookmarks,
        stop,
        over: false,
        _counted: counted,
    };
    futures::stream::unfold(watching, |mut watching| async move {
        let frames = watching.next().await?;
        Some((frames, watching))
    })
}

struct Watching {
    hosted: Arc<Hosted>,
    watch: Watch,
    revisions: watch::Receiver<u64>,
    limit: usize,
    end: Instant,
    bookmarks: tokio::time::Interval,
    stop: watch::Receiver<bool>,
    over: bool,
    /// Its place in the client's count, for as long as the stream is held.
    _counted: Watched,
}

impl Watching {
    async fn next(&mut self) -> Option<Bytes> {
        while !self.over {
            // Seen before the poll, so that what is written during it wakes us.
            self.revisions.borrow_and_update();
            match self.hosted.poll(&mut self.watch, self.limit).await? {
                Polled::Frames(frames) if frames.is_empty() => continue,
                Polled::Frames(frames) => return Some(frames.concat().into()),
                Polled::Idle => {}
                Polled::Gone(frame) => {
                    self.over = true;
                    return Some(frame.into());
                }
                Polled::Closed => return None,
                Polled::Calls(calls) => {
                    self.watch.answers.extend(webhooks::answers(calls).await);
                    continue;
                }
            }
            tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => return None,
                changed = self.revisions.changed() => changed.ok()?,
                () = tokio::time::sleep_until(self.end) => {
                    self.over = true;
                    return self.hosted.bookmark(&mut self.watch).map(Bytes::from);
                }
                _ = self.bookmarks.tick(), if self.watch.bookmarks => {
                    if let Some(frame) = self.hosted.bookmark(&mut self.watch) {
                        return Some(frame.into());
                    }
                }
            }
        }
        None
    }
}
