//! Mainstay's own kinds, `mainstay.dev/v1alpha1`: their types, their schemas, and the units that they declare.
//!
//! Absent by design: rendering, files, clocks, and any field that is accepted without being checked by the schema that
//! is shipped to users.

pub mod kinds;

mod expand;
mod place;
mod read;
mod schema;
mod tenancy;
#[cfg(test)]
mod tests;
mod validate;
mod variables;

pub use expand::{Expanded, Expansions, NativeUnit, expand, expand_with};
pub use place::Place;
pub use read::{Declarations, Document, Read, read};
pub use schema::schemas;
pub use tenancy::{PLATFORM_TENANT, TenantRules, check_objects, tenant_of};

pub const GROUP: &str = "mainstay.dev";
pub const VERSION: &str = "v1alpha1";
pub const API_VERSION: &str = "mainstay.dev/v1alpha1";
/// The namespace of the management cluster where Mainstay keeps what is its own.
pub const SYSTEM_NAMESPACE: &str = "mainstay-system";
