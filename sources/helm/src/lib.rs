//! Helm's charts as a pure function from files, values and the facts of a release to manifests: what `helm template`
//! prints, byte by byte.
//!
//! Absent by design: files, processes, the network, the environment, clocks and randomness. What a chart asks of chance
//! follows from release and chart, what it asks of a cluster from [`Request::lookup`]. A function that Helm does not
//! have is an error that names it.

mod capabilities;
mod chart;
mod error;
mod exec;
mod fmt;
mod funcs;
mod glob;
mod json;
mod random;
mod render;
mod schema;
mod stored;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod toml;
mod value;
mod values;
mod x509;

pub use capabilities::Capabilities;
pub use error::RenderError;
pub use exec::{Error, Limits, Place, document_limits};
pub use render::{
    Asked, Hook, Lookup, Manifest, Outline, Release, Rendered, Request, observe, observe_unchecked, print,
    render,
};
pub use stored::Stored;
pub use values::{Form, NotAMap, SetError, Values};
