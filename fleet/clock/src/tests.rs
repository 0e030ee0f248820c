use crate::{Instant, Job, World, enter, sleep, spawn, timeout, wall};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A world whose clock is set by the test and that keeps nothing else.
#[derive(Default)]
struct Still {
    now: AtomicU64,
    spawned: AtomicU64,
}

impl World for Still {
    fn now(&self) -> Duration {
        Duration::from_secs(self.now.load(Ordering::SeqCst))
    }
    fn wall(&self) -> Duration {
        self.now() + Duration::from_secs(1_000)
    }
    fn wake(&self, _at: Duration, _waker: Waker) {}
    fn spawn(&self, _job: Job) -> u64 {
        self.spawned.fetch_add(1, Ordering::SeqCst)
    }
    fn abort(&self, _number: u64) {
        self.spawned.fetch_sub(1, Ordering::SeqCst);
    }
    fn random(&self) -> u64 {
        4
    }
}

#[test]
fn within_a_world_time_tasks_and_chance_are_its_own_and_afterwards_the_machines() {
    let world = Arc::new(Still::default());
    {
        let _entered = enter(world.clone());
        assert_eq!((wall(), crate::random()), (Duration::from_secs(1_000), 4));
        let began = Instant::now();
        let mut context = Context::from_waker(Waker::noop());
        let mut long = Box::pin(timeout(Duration::from_secs(5), std::future::pending::<()>()));
        let mut short = Box::pin(sleep(Duration::from_secs(3)));
        assert!(
            long.as_mut().poll(&mut context).is_pending() && short.as_mut().poll(&mut context).is_pending()
        );
        world.now.store(3, Ordering::SeqCst);
        assert!(long.as_mut().poll(&mut context).is_pending());
        assert_eq!(short.as_mut().poll(&mut context), Poll::Ready(()));
        world.now.store(5, Ordering::SeqCst);
        assert_eq!(long.as_mut().poll(&mut context), Poll::Ready(Err(crate::Elapsed)));
        assert_eq!(began.elapsed(), Duration::from_secs(5));
        let task = spawn(async {});
        assert_eq!(world.spawned.load(Ordering::SeqCst), 1);
        task.abort();
        assert_eq!(world.spawned.load(Ordering::SeqCst), 0);
    }
    assert!(wall() > Duration::from_secs(1_000_000_000));
}

#[tokio::test]
async fn on_the_machine_a_job_is_a_task_of_tokios_and_sleeps_there() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let _task = spawn(async move {
        sleep(Duration::from_millis(1)).await;
        assert_eq!(tell.send(()), Ok(()));
    });
    assert_eq!(timeout(Duration::from_millis(1), std::future::pending::<()>()).await, Err(crate::Elapsed));
    assert_eq!(timeout(Duration::from_secs(3600), told).await, Ok(Ok(())));
}
