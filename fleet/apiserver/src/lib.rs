//! The embedded control plane: a synchronous core and an HTTP shell.
//!
//! `core` is one logical cluster as a value. It never knows sockets, tasks, files, clocks or random sources: every
//! request comes with the time it happens at and with the entropy it may use, so the same requests give the same bytes.

pub mod core;
pub mod shell;

pub use core::User;
pub use mainstay_object::Minor;
pub use shell::{
    Body, Builder, ControlPlane, Error, InProcess, Limits, Options, ROOT, Serving, Storage, StorageError,
    serve,
};
