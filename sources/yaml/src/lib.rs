//! YAML as Kubernetes reads it, with a line and column for every node.
