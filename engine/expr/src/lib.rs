//! CEL with the Kubernetes function library, bounded in size and cost. Never panics, never loops.
