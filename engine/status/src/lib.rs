//! Roll-ups and the View snapshot.
