//! kustomize as a pure function from a tree to objects.
