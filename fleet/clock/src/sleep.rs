use crate::world::{self, World};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// It took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

pub struct Sleep(Kind);

enum Kind {
    Machine(Pin<Box<tokio::time::Sleep>>),
    Simulated { world: Arc<dyn World>, until: Duration },
}

pub fn sleep(duration: Duration) -> Sleep {
    Sleep(match world::current() {
        None => Kind::Machine(Box::pin(tokio::time::sleep(duration))),
        Some(world) => {
            let until = world.now().saturating_add(duration);
            Kind::Simulated { world, until }
        }
    })
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Machine(sleep) => sleep.as_mut().poll(context),
            Kind::Simulated { world, until } if world.now() >= *until => Poll::Ready(()),
            Kind::Simulated { world, until } => {
                world.wake(*until, context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The future's outcome if it comes in time; else it is dropped.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = std::pin::pin!(future);
    let mut limit = std::pin::pin!(sleep(duration));
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        limit.as_mut().poll(context).map(|()| Err(Elapsed))
    })
    .await
}
