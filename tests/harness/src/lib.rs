//! Real servers and tools for tests: etcd, kube-apiserver, kube-controller-manager, kubectl, helm, kustomize, cosign.
//!
//! Nothing here outlives the test process, however it ends, and nothing is downloaded: where the tools are
//! absent a test prints `SKIPPED` and returns, unless `MAINSTAY_REQUIRE` says that it must run.
//!
//! ```no_run
//! #[test]
//! fn a_config_map_is_counted() {
//!     let Some(server) = mainstay_harness::real_or_skip("a_config_map_is_counted") else { return };
//!     let namespace = server.fresh_namespace("counted");
//!     let mark = server.audit_mark();
//!     server.kubectl(&["create", "configmap", "a", "-n", &namespace]).expect_success();
//!     assert_eq!(server.audit_since(mark).iter().filter(|entry| entry.verb == "create").count(), 1);
//! }
//! ```

/// The folder of the package under test. The compiled-in one alone would be that of another checkout, where two share
/// their builds.
#[macro_export]
macro_rules! here {
    () => {
        $crate::folder(env!("CARGO_MANIFEST_DIR"))
    };
}

mod audit;
mod kubeconfig;
pub mod openpgp;
mod options;
mod pace;
mod process;
mod registry;
mod server;
mod skip;
mod tools;

pub use audit::{AuditEntry, AuditMark};
pub use options::{OptionError, Options};
pub use pace::Pace;
pub use process::{Guarded, Output, StartError, SweptFolder};
pub use registry::OciRegistry;
pub use server::RealServer;
pub use skip::{Requirement, corpora_or_skip, cosign_or_skip, real_or_skip, skip, tools_or_skip};
pub use tools::{Tools, folder, tools};
