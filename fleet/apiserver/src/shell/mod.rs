//! The HTTP shell: many logical clusters in one process, over TLS or as an in-process service.
//!
//! ```no_run
//! use mainstay_apiserver::{ControlPlane, Storage, User};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // A controller's test: an API server of one's own, in memory, without binaries and without a socket.
//! let plane = ControlPlane::builder().storage(Storage::Memory).build().await?;
//! plane.create_cluster("blue").await?;
//! let service = plane.service("blue", User::admin())?;
//! // With the feature `client`: `plane.client("blue", User::admin())?` is a `kube::Client`, for the controller and for
//! // the test. `examples/controller_test.rs` is a whole one.
//! # drop(service);
//!
//! // Or over HTTPS, for kubectl, helm and everything else that reads a kubeconfig.
//! let plane = ControlPlane::builder().listen(([127, 0, 0, 1], 0).into()).build().await?;
//! std::fs::write("kubeconfig", plane.kubeconfig("root")?)?;
//! plane.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Absent by design:
//! - API semantics: all of them are the core's. What is answered here is only what no object is needed for: who is
//!   calling, which cluster, how large, how long.
//! - Effects seen before they are durable: no answer and no watch event leaves before the writes that it shows are
//!   on disk, when there is a disk.
//! - Queues per watcher: a watcher holds one position and the frame that is being sent.
//! - Locks held across an await; keys, certificates and tokens in logs and errors.

mod answer;
mod authority;
mod body;
mod builder;
mod clock;
mod clusters;
mod decode;
mod disk;
mod error;
mod fair;
mod hosted;
mod identity;
mod kubeconfig;
mod limits;
mod listen;
mod logical;
mod plane;
mod protobuf;
mod route;
mod serve;
mod service;
mod ticker;
mod watching;
mod webhooks;

pub use body::Body;
pub use builder::{Builder, Storage};
pub use error::{Error, StorageError};
pub use limits::Limits;
pub use plane::{ControlPlane, ROOT};
pub use serve::{Options, Serving, serve};
pub use service::InProcess;

#[cfg(test)]
mod tests;
