mod agree;
pub mod keys;
mod rings;
