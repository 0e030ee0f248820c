//! The daemon: one loop, one state machine, and the effects around it.
//!
//! Absent by design: what to do (that is `reconcile`), how a repository is fetched (a port), how anything is shown.
//! Actions are carried out by tasks that answer with events; nothing but the loop touches the state.

mod charts;
mod commands;
mod counterparts;
mod declared;
mod events;
mod execute;
mod handover;
mod install;
mod inventory;
mod judge;
mod lease;
mod limit;
mod observe;
mod parent;
mod planner;
mod ports;
mod reader;
mod reading;
mod references;
mod run;
mod save;
mod statuses;
mod targets;
mod uninstall;
mod view;

pub use execute::{Deployed, deployed};
pub use handover::{Former, TakenOver, take_over};
pub use install::{
    Installation, PART_OF, SYSTEM_NAMESPACE, UNIT_GROUP, UNIT_VERSION, install, known_key, unit_definition,
};
pub use judge::{RecordedRules, recorded as recorded_rules};
pub use planner::{Planned, plan};
pub use ports::{Options, Sources, Stored};
pub use reader::{Answers, read_once};
pub use reading::{Earlier, Read, Reader};
pub use run::{Stopped, run, run_reading};
pub use save::records;
pub use uninstall::{Released, uninstall};

/// What other machines read as the time of something written here.
pub(crate) fn timestamp() -> jiff::Timestamp {
    let since = i128::try_from(mainstay_clock::wall().as_nanos()).unwrap_or_default();
    jiff::Timestamp::from_nanosecond(since).unwrap_or_default()
}
