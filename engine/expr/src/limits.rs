//! What no expression may exceed.

/// Of an expression's text, in characters: cel-go's own limit.
pub const MAX_SOURCE: usize = 100_000;
/// Of nested expressions. A chain of `&&` or of `||` counts once, any other operator once each.
pub const MAX_DEPTH: usize = 64;
/// Of nodes in one expression.
pub const MAX_NODES: usize = 20_000;
/// Of one compiled regular expression, in bytes.
pub const MAX_REGEX: usize = 2 << 20;

/// What an evaluation may cost. A unit is one step, one element touched or ten bytes of text, so that time and memory
/// are bounded alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub left: u64,
}

impl Budget {
    /// As much as Kubernetes gives one expression.
    pub const PER_EXPRESSION: u64 = 1_000_000;
    /// As much as Kubernetes gives all rules of one object.
    pub const PER_OBJECT: u64 = 10_000_000;

    pub const fn new(units: u64) -> Self {
        Self { left: units }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::PER_EXPRESSION)
    }
}
