/// What one file may cost. Every limit that is passed is a diagnostic (MS1003) with a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes.
    pub bytes: usize,
    /// Collections within collections, aliases expanded. Never more than [`Limits::MAX_DEPTH`].
    pub depth: usize,
    /// Aliases in one file.
    pub aliases: usize,
    /// Nodes of one file, aliases expanded; an anchored node counts twice because it is kept.
    pub nodes: usize,
    /// Documents in one file, empty ones included.
    pub documents: usize,
}

impl Limits {
    /// Nodes are dropped and converted recursively: deeper ones could exhaust a thread's stack.
    pub const MAX_DEPTH: usize = 256;
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 5 << 20, depth: 100, aliases: 10_000, nodes: 1_000_000, documents: 10_000 }
    }
}
