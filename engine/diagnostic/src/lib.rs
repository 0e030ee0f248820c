//! Faults, stable codes and diagnostics. Knows no terminal, no file system: a diagnostic is a value.
