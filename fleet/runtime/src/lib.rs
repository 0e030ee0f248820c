//! The daemon: event loop, executor, inputs, leases, clock.
