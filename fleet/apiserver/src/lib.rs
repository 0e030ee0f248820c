//! The embedded control plane: a synchronous core and an HTTP shell.
