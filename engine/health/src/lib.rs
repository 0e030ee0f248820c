//! Health is a pure function of an object. Unknown is not healthy.
