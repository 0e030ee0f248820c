use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// What is run apart from whoever began it.
pub type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A simulation's time, tasks and chance.
pub trait World: Send + Sync {
    fn now(&self) -> Duration;
    fn wall(&self) -> Duration;
    /// Calls the waker once that time has come.
    fn wake(&self, at: Duration, waker: Waker);
    /// Begins a job; the number stops it.
    fn spawn(&self, job: Job) -> u64;
    fn abort(&self, number: u64);
    fn random(&self) -> u64;
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<dyn World>>> = const { RefCell::new(None) };
}

/// Until it is dropped, everything on this thread happens in that world.
#[must_use = "the world is left when this is dropped"]
pub struct Entered {
    before: Option<Arc<dyn World>>,
}

pub fn enter(world: Arc<dyn World>) -> Entered {
    Entered { before: CURRENT.with(|current| current.replace(Some(world))) }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| *current.borrow_mut() = self.before.take());
    }
}

pub(crate) fn current() -> Option<Arc<dyn World>> {
    CURRENT.with(|current| current.borrow().clone())
}
