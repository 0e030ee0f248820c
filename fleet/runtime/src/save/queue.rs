//! Which record is written next.

use super::Write;
use mainstay_clock::Instant;
use mainstay_reconcile::Record;
use mainstay_unit::UnitId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::sync::oneshot;

/// Writes under way, at most.
const MOST: usize = 16;
/// A record that nobody waits for is written this much later: the next one often follows at once, and takes its place.
const DELAY: Duration = Duration::from_millis(100);
/// What could not be written is tried again after this time, unless something newer takes its place.
const AGAIN: Duration = Duration::from_secs(10);

/// What is to be written of a unit.
#[derive(Default)]
pub(super) struct Job {
    pub record: Option<Box<Record>>,
    pub forget: bool,
    /// It could not be written, and was put off for longer than what is new.
    pub again: bool,
    pub waiting: Vec<oneshot::Sender<Result<(), String>>>,
}

/// What is not written yet. A unit is in `jobs` once; it may be named in the queues more often, and by who is busy.
#[derive(Default)]
pub(super) struct Queue {
    jobs: BTreeMap<UnitId, Job>,
    busy: BTreeSet<UnitId>,
    now: VecDeque<UnitId>,
    later: BTreeSet<(Instant, UnitId)>,
    /// Nothing is put off any more.
    hurry: bool,
    emptied: Vec<oneshot::Sender<()>>,
}

impl Queue {
    pub fn add(&mut self, write: Write, time: Instant) {
        match write {
            Write::Save(record, done) => {
                let id = record.id.clone();
                let new = !self.jobs.contains_key(&id);
                let job = self.jobs.entry(id.clone()).or_default();
                let new = std::mem::take(&mut job.again) || new;
                job.record = Some(record);
                job.forget = false;
                if done.is_some() || self.hurry {
                    self.now.push_back(id);
                } else if new {
                    self.later.insert((time + DELAY, id));
                }
                job.waiting.extend(done);
            }
            Write::Forget(id) => {
                let job = self.jobs.entry(id.clone()).or_default();
                job.record = None;
                job.forget = true;
                self.now.push_back(id);
            }
            Write::Flush(done) => {
                self.hurry = true;
                let later = std::mem::take(&mut self.later);
                self.now.extend(later.into_iter().map(|(_, id)| id));
                self.emptied.push(done);
                self.tell();
            }
        }
    }

    /// What may be written now: one job for each unit at a time.
    pub fn next(&mut self, time: Instant) -> Option<(UnitId, Job)> {
        while self.busy.len() < MOST {
            let id = match self.now.pop_front() {
                Some(id) => id,
                None if self.later.first().is_some_and(|(due, _)| *due <= time) => self.later.pop_first()?.1,
                None => return None,
            };
            // Who is busy is asked again afterwards.
            if self.busy.contains(&id) {
                continue;
            }
            if let Some(job) = self.jobs.remove(&id) {
                self.busy.insert(id.clone());
                return Some((id, job));
            }
        }
        None
    }

    /// `failed` is what could not be written. A state that stays as it is sends no other record of itself: without
    /// another try, what is shown of the unit would be wrong until it changes.
    pub fn done(&mut self, id: UnitId, failed: Option<Job>, time: Instant) {
        self.busy.remove(&id);
        match (self.jobs.contains_key(&id), failed) {
            (true, _) => self.now.push_back(id),
            (false, Some(job)) => {
                self.jobs.insert(id.clone(), Job { again: true, ..job });
                self.later.insert((time + AGAIN, id));
            }
            (false, None) => {}
        }
        self.tell();
    }

    /// When something that was put off is due.
    pub fn due(&self) -> Option<Instant> {
        let (due, _) = self.later.first().filter(|_| self.busy.len() < MOST)?;
        Some(*due)
    }

    fn tell(&mut self) {
        if self.jobs.is_empty() && self.busy.is_empty() {
            for emptied in self.emptied.drain(..) {
                if emptied.send(()).is_err() {
                    tracing::debug!("nobody waits for the last records any more");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn save(name: &str) -> Write {
        Write::Save(Box::new(Record::new(id(name))), None)
    }

    fn awaited(name: &str) -> (Write, oneshot::Receiver<Result<(), String>>) {
        let (done, answer) = oneshot::channel();
        (Write::Save(Box::new(Record::new(id(name))), Some(done)), answer)
    }

    fn id(name: &str) -> UnitId {
        UnitId::new("module", "tenant", name, "")
    }

    fn next(queue: &mut Queue, time: Instant) -> Option<String> {
        queue.next(time).map(|(id, _)| id.name.clone())
    }

    #[test]
    fn what_nobody_waits_for_comes_later_and_once() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        queue.add(save("a"), start);
        queue.add(save("a"), start);
        assert_eq!(next(&mut queue, start), None);
        let due = queue.due().unwrap();
        assert_eq!(next(&mut queue, due).as_deref(), Some("a"));
        assert_eq!(next(&mut queue, due), None);
    }

    #[test]
    fn what_somebody_waits_for_comes_first_and_takes_the_place_of_what_was_put_off() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        queue.add(save("a"), start);
        queue.add(save("b"), start);
        let (write, _answer) = awaited("b");
        queue.add(write, start);
        assert_eq!(next(&mut queue, start).as_deref(), Some("b"));
        let later = start + DELAY;
        assert_eq!(next(&mut queue, later).as_deref(), Some("a"));
        assert_eq!(next(&mut queue, later), None, "b was written already");
    }

    #[test]
    fn a_unit_is_written_by_one_at_a_time_and_again_for_what_came_meanwhile() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        let (first, _one) = awaited("a");
        let (second, _two) = awaited("a");
        queue.add(first, start);
        assert_eq!(next(&mut queue, start).as_deref(), Some("a"));
        queue.add(second, start);
        assert_eq!(next(&mut queue, start), None);
        queue.done(id("a"), None, start);
        assert_eq!(next(&mut queue, start).as_deref(), Some("a"));
    }

    #[test]
    fn what_failed_is_written_again_unless_something_newer_is() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        let (write, _answer) = awaited("a");
        queue.add(write, start);
        let (unit, job) = queue.next(start).unwrap();
        queue.done(unit, Some(job), start);
        assert_eq!(next(&mut queue, start), None, "not at once");
        let due = queue.due().unwrap();
        let (unit, mut failed) = queue.next(due).unwrap();
        failed.record.as_mut().unwrap().message = "older".to_owned();
        queue.add(save("a"), due);
        queue.done(unit, Some(failed), due);
        let (_, newer) = queue.next(due).unwrap();
        assert_eq!(newer.record.unwrap().message, "");
        queue.done(id("a"), None, due);
        let all = std::iter::from_fn(|| queue.next(due + AGAIN)).count();
        assert_eq!((all, queue.due()), (0, None));
    }

    #[test]
    fn what_is_new_does_not_wait_as_long_as_what_failed() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        queue.add(save("a"), start);
        let (unit, failed) = queue.next(start + DELAY).unwrap();
        queue.done(unit, Some(failed), start + DELAY);
        queue.add(save("a"), start + DELAY);
        queue.add(save("a"), start + DELAY);
        assert_eq!(queue.due(), Some(start + DELAY * 2));
        assert_eq!(next(&mut queue, start + DELAY * 2).as_deref(), Some("a"));
        queue.done(id("a"), None, start + DELAY * 2);
        assert_eq!(next(&mut queue, start + AGAIN * 2), None, "it is written");
    }

    #[test]
    fn so_many_at_once_and_no_more() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        for n in 0..MOST + 1 {
            queue.add(Write::Forget(id(&n.to_string())), start);
        }
        assert_eq!(std::iter::from_fn(|| queue.next(start)).count(), MOST);
        queue.done(id("0"), None, start);
        assert!(queue.next(start).is_some());
    }

    #[test]
    fn who_waits_for_all_is_told_when_nothing_is_left() {
        let (mut queue, start) = (Queue::default(), Instant::now());
        queue.add(save("a"), start);
        let (done, mut emptied) = oneshot::channel();
        queue.add(Write::Flush(done), start);
        assert_eq!(next(&mut queue, start).as_deref(), Some("a"), "nothing is put off any more");
        assert!(emptied.try_recv().is_err());
        queue.done(id("a"), None, start);
        assert_eq!(emptied.try_recv(), Ok(()));
    }
}
