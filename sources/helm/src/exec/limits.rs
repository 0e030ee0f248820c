/// What one render may cost. Each that is passed is an error that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes evaluated, loops and calls included.
    pub steps: u64,
    /// Bytes written by templates and made by functions, in all.
    pub bytes: u64,
    /// Templates that call each other.
    pub depth: usize,
    /// Blocks and pipelines within each other, over all templates that call each other. The stack grows with them.
    pub nesting: usize,
    /// Bytes of the chart's files, archives unpacked.
    pub chart_bytes: u64,
    /// Files of the chart, archives unpacked.
    pub chart_files: usize,
    /// Charts within charts.
    pub chart_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 50_000_000,
            bytes: 1 << 30,
            depth: 100,
            nesting: 1000,
            chart_bytes: 128 << 20,
            chart_files: 20_000,
            chart_depth: 20,
        }
    }
}
