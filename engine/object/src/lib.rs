//! Kubernetes objects, schemas, patches and structured merge. No I/O, no clock.
