//! CEL as Kubernetes sets it up: its language, its function library, and limits of size and cost.
//!
//! Absent by design: clocks, files, hash order. A program sees the variables that it is given and nothing else, and it
//! stops within its budget, whatever it says. A function that is not implemented is an error of compilation, never a
//! wrong answer.

mod error;

pub use error::{ErrorKind, ExprError};
