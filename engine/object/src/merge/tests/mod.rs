//! Merges, told as stories of managers and one object. The behaviours are those of Kubernetes' structured merge and
//! of its field managers.

mod builtin;
mod lists;
mod settled;
mod story;
mod transfer;
mod updates;
mod upstream;
mod versions;
