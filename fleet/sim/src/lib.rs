//! Simulated controllers on the embedded control plane.
