//! One logical cluster, as a value.
//!
//! Absent by design: async, threads, clocks, files, randomness. Time and entropy are parameters; what must survive is
//! handed out as `Change`s. Watchers pull, so that none of them can hold up a writer.

pub mod names;
pub mod reply;
pub mod request;
pub mod selector;
pub mod store;

pub use reply::{Form, Include, Polled, Reply, Response, Watch};
pub use request::{Entropy, Impersonate, Method, Now, Request, User};
pub use store::{Change, Corrupt, Entry, Event, Store};
