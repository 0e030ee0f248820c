//! What the targets share: what an input tells, and what has to hold for what comes of it.
//!
//! Absent by design: files, network, clocks, randomness. An input is the whole truth about a run.

mod building;
mod page;
mod reading;
mod repository;
mod request;

pub use building::check_building;
pub use page::check_page;
pub use reading::check_reading;
pub use repository::repository;
pub use request::{Told, told};
