//! What a user does, from a commit to the objects on a cluster, with the compiled binary.
//!
//! Every scenario runs on two wires: `embedded`, the control plane inside of the daemon, and `real`, a kube-apiserver with
//! its controllers. Those of one wire share a daemon, a cluster and a platform repository, one after the other; each has
//! a tenant and a namespace of its own. Absent by design: calls into the engine. A scenario commits to Git, runs
//! `mainstay` and `kubectl`, and looks at what they print.

mod adoption;
mod artifacts;
mod authority;
mod bases;
mod bench;
mod build;
mod changes;
mod charts;
mod checkout;
mod commits;
mod crash;
mod drift;
mod errors;
mod exec;
mod flags;
mod health;
mod helm;
mod keys;
mod large;
mod migrate;
mod migrate_releases;
mod platforms;
mod policy;
mod process;
mod quickstart;
mod quiet;
mod recovery;
mod registry;
mod removal;
mod repository;
mod requests;
mod rules;
mod secrets;
mod signed;
mod transfer;
mod uninstall;
mod waiting;
mod web;
mod world;

/// Makes two tests of each scenario, a function of the world.
macro_rules! on_both_wires {
    ($($scenario:ident),* $(,)?) => {
        $(
            mod $scenario {
                use crate::world::{Wire, on};

                #[test]
                fn embedded() {
                    on(Wire::Embedded, stringify!($scenario), super::$scenario);
                }

                #[test]
                fn real() {
                    on(Wire::Real, stringify!($scenario), super::$scenario);
                }
            }
        )*
    };
}

pub(crate) use on_both_wires;
