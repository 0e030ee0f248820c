//! step(state, event, now) -> actions. Performs no effect, reads no clock.
