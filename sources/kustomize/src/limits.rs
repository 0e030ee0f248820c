/// What one build may cost. Each that is passed is a diagnostic (MS1003 or MS4014) with the file that passed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_bytes: usize,
    /// Nodes of one file, aliases expanded.
    pub file_nodes: usize,
    /// Aliases in one file.
    pub aliases: usize,
    /// Collections within collections.
    pub depth: usize,
    /// Kustomizations that include each other.
    pub nesting: usize,
    /// Kustomizations of one build, each time one is included.
    pub kustomizations: usize,
    /// Objects at any time of the build.
    pub objects: usize,
    /// Files of a folder that is read whole, as a chart is; a link counts each time it is followed.
    pub folder_files: usize,
    /// Bytes of all files of one build, each time one is read.
    pub total_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 5 << 20,
            file_nodes: 1_000_000,
            aliases: 10_000,
            depth: 100,
            nesting: 50,
            kustomizations: 2_000,
            objects: 50_000,
            folder_files: 20_000,
            total_bytes: 200 << 20,
        }
    }
}

impl Limits {
    /// Those of the YAML reader.
    pub(crate) fn yaml(&self) -> mainstay_yaml::Limits {
        mainstay_yaml::Limits {
            bytes: self.file_bytes,
            depth: self.depth,
            aliases: self.aliases,
            nodes: self.file_nodes,
            ..mainstay_yaml::Limits::default()
        }
    }
}
