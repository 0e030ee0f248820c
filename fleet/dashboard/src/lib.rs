//! HTTP API, status page and metrics. Reads the View, writes nothing.
