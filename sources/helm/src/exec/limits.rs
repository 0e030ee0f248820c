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
    /// Bytes of the documents that templates made, manifests and hooks of all of them together; also of one YAML text that
    /// a template reads. What costs memory is its nodes, of which there may be no more than in any other file.
    pub release_bytes: usize,
    /// Bytes of the chart's files, archives unpacked.
    pub chart_bytes: u64,
    /// Files of the chart, archives unpacked.
    pub chart_files: usize,
    /// Charts within charts.
    pub chart_depth: usize,
}

const RELEASE_BYTES: usize = 64 << 20;

/// How one document of a release is read: Helm itself knows no limit.
pub fn document_limits() -> mainstay_yaml::Limits {
    mainstay_yaml::Limits { bytes: RELEASE_BYTES, ..mainstay_yaml::Limits::default() }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 50_000_000,
            bytes: 1 << 30,
            depth: 100,
            nesting: 1000,
            release_bytes: RELEASE_BYTES,
            chart_bytes: 128 << 20,
            chart_files: 20_000,
            chart_depth: 20,
        }
    }
}
