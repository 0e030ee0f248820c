use super::{Limiter, Slot};
use crate::limit::pace::Pace;
use mainstay_clock::Instant;
use mainstay_cluster::ClusterError;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const FAST: Duration = Duration::from_millis(5);

fn after(pace: &mut Pace, answers: usize, took: Duration) -> usize {
    for _ in 0..answers {
        let under_way = pace.limit();
        pace.answered(took, under_way);
    }
    pace.limit()
}

#[test]
fn it_grows_while_answers_are_fast_shrinks_when_they_are_slow_and_recovers() {
    let mut pace = Pace::new(64);
    let start = pace.limit();
    assert_eq!(after(&mut pace, 200, FAST), 64, "never beyond the most");
    let slow = after(&mut pace, 200, FAST * 20);
    assert!(slow <= start, "{slow}");
    assert!(after(&mut pace, 2000, FAST) == 64);
}

/// A server that works on so many requests at once, each of which takes 5 ms; the others wait in it.
fn settles_on(workers: usize) -> usize {
    let mut pace = Pace::new(64);
    for _ in 0..5000 {
        let under_way = pace.limit();
        let rounds = under_way.div_ceil(workers);
        pace.answered(FAST * u32::try_from(rounds).unwrap(), under_way);
    }
    pace.limit()
}

#[test]
fn a_server_is_kept_busy_and_few_requests_wait_in_it() {
    for workers in [2, 4, 8, 16] {
        let found = settles_on(workers);
        assert!((workers..=workers * 4 + 8).contains(&found), "{found} for {workers}");
    }
    assert_eq!(settles_on(64), 64);
}

#[test]
fn answers_while_little_is_asked_say_nothing() {
    let mut pace = Pace::new(64);
    let start = pace.limit();
    for _ in 0..1000 {
        pace.answered(FAST, 1);
    }
    assert_eq!(pace.limit(), start);
}

#[test]
fn a_busy_server_halves_it_once_a_second_and_never_to_nothing() {
    let mut pace = Pace::new(64);
    let start = pace.limit();
    let now = Instant::now();
    for _ in 0..50 {
        pace.busy(now);
    }
    assert_eq!(pace.limit(), start / 2);
    for second in 2..50 {
        pace.busy(now + Duration::from_secs(second));
    }
    assert_eq!(pace.limit(), 2);
    assert_eq!(Pace::new(1).limit(), 1);
}

fn throttled(seconds: u64) -> Result<(), ClusterError> {
    let retry_after = Some(Duration::from_secs(seconds));
    Err(ClusterError::Throttled { message: "too many requests".into(), retry_after })
}

/// Who got in, in order; everybody holds the slot until it is told.
#[tokio::test]
async fn tenants_take_turns_however_much_one_of_them_asks_for() {
    let limiter = Limiter::new(1);
    let held = limiter.work("first").acquire().await;
    let order: Arc<Mutex<Vec<String>>> = Arc::default();
    let mut tasks = Vec::new();
    for tenant in ["many", "many", "many", "many", "few", "other"] {
        let (limiter, order) = (limiter.clone(), order.clone());
        tasks.push(tokio::spawn(async move {
            let slot = limiter.work(tenant).acquire().await;
            order.lock().unwrap().push(tenant.to_owned());
            slot.answered(&Ok(()));
        }));
        tokio::task::yield_now().await;
    }
    held.answered(&Ok(()));
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["many", "other", "few", "many", "many", "many"]);
}

#[tokio::test]
async fn who_began_first_goes_first_and_a_large_one_lets_others_pass() {
    let limiter = Limiter::new(1);
    let held = limiter.work("of all").acquire().await;
    let order: Arc<Mutex<Vec<&str>>> = Arc::default();
    let (large, small) = (Arc::new(limiter.work("of all")), Arc::new(limiter.work("of all")));
    let (mut tasks, mut expected) = (Vec::new(), vec!["large"; 32]);
    expected.extend(["small", "large", "small", "large", "large", "large"]);
    for (name, work, requests) in [("small", small, 2), ("large", large, 36)] {
        for _ in 0..requests {
            let (work, order) = (work.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let slot = work.acquire().await;
                order.lock().unwrap().push(name);
                slot.answered(&Ok(()));
            }));
            tokio::task::yield_now().await;
        }
    }
    held.answered(&Ok(()));
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), expected);
}

#[tokio::test]
async fn who_has_gone_takes_no_slot() {
    let limiter = Limiter::new(1);
    let held = limiter.work("a").acquire().await;
    {
        let work = limiter.work("b");
        let waiting = work.acquire();
        tokio::pin!(waiting);
        let once = futures::future::poll_immediate(&mut waiting).await;
        assert!(once.is_none());
    }
    let given: tokio::sync::oneshot::Receiver<Slot> = {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        limiter.lock().wait("c", 0, sender);
        receiver
    };
    drop(held);
    // It was given the slot and never looked.
    drop(given);
    limiter.work("d").acquire().await.answered(&Ok(()));
    assert_eq!(limiter.lock().under_way, 0);
}

#[tokio::test]
async fn nobody_is_let_in_before_the_time_that_a_busy_server_named() {
    let limiter = Limiter::new(4);
    limiter.work("a").acquire().await.answered(&throttled(3600));
    let work = limiter.work("b");
    let waiting = work.acquire();
    tokio::pin!(waiting);
    assert!(futures::future::poll_immediate(&mut waiting).await.is_none());
    let rest = limiter.lock().paused.unwrap().since(Instant::now());
    assert!(rest <= super::LONGEST_PAUSE && rest > super::LONGEST_PAUSE / 2, "{rest:?}");
    limiter.lock().paused = Some(Instant::now());
    limiter.serve();
    waiting.await.answered(&Ok(()));
}
