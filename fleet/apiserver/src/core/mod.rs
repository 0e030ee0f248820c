//! One logical cluster, as a value.
//!
//! Absent by design: async, threads, clocks, files, randomness. Time and entropy are parameters; what must survive is
//! handed out as `Change`s. Watchers pull, so that none of them can hold up a writer.

mod addresses;
mod admission;
mod admit;
mod body;
mod cluster;
mod controllers;
mod conversion;
mod convert;
mod decode;
mod defaults;
mod discovery;
mod failure;
mod fields;
mod items;
pub mod names;
mod native;
mod negotiate;
mod openapi;
mod options;
pub mod policy;
mod rbac;
mod read;
mod registry;
pub mod reply;
pub mod request;
mod resources;
mod reviews;
mod route;
mod seed;
pub mod selector;
mod selector_text;
pub mod store;
mod subresources;
mod table;
pub mod text;
mod tokens;
mod validation;
mod watch;
mod write;

#[cfg(test)]
mod tests;

pub use admission::{Answer, Call, Calls, Resumed};
pub use cluster::{Cluster, Settings};
pub use decode::BODY_LIMIT;
pub use failure::{Failure, Refusal};
pub use items::Items;
pub use reply::{Form, Include, Polled, Reply, Response, Watch};
pub use request::{Entropy, Impersonate, Method, Now, Request, User};
pub use seed::Seeds;
pub use store::{Change, Corrupt, Entry, Event, Store};
pub use text::Text;
