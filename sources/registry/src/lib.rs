//! Charts of registries, fetched over HTTP or by the OCI distribution specification, and artifacts of OCI registries:
//! verified, and kept by digest so that an outage stops nothing.
//!
//! Absent by design: processes, the environment but for proxies and trusted roots, a body without a limit, a request
//! without a timeout, credentials in an error, a log, a path or a request to a host that they are not for. There is no
//! rule on addresses: whoever may declare a repository chooses which hosts are asked, and learns no more of an answer
//! than its status.

mod access;
mod charts;
mod digest;
mod error;
mod http;
mod index;
mod metadata;
mod oci;
pub mod proofs;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod verify;

pub use charts::{Charts, Options};
pub use error::RegistryError;
pub use index::{Index, Version};
pub use verify::Root as TrustRoot;
