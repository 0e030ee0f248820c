/// What one document may cost. Every limit that is passed is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the document in bytes. Flux refuses larger files too.
    pub bytes: usize,
    /// Collections within collections.
    pub depth: usize,
    /// Values, keys of maps and comments.
    pub nodes: usize,
    /// Keys that a document may name, over all of its groups: each is tried with each identity.
    pub stanzas: usize,
    /// Size of one encrypted data key in bytes.
    pub stanza_bytes: usize,
    /// Size of a compiled expression in bytes.
    pub expression_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 5 << 20,
            depth: 100,
            nodes: 1_000_000,
            stanzas: 128,
            stanza_bytes: 4 << 10,
            expression_bytes: 1 << 20,
        }
    }
}
