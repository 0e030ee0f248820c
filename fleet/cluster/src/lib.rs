//! One client for every API server.
