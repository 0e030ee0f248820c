use mainstay_object::Digest;
use std::sync::Arc;

/// What a revision says of how objects are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthRules {
    /// None of its own, perhaps.
    Known(Arc<RuleFiles>),
    /// They can't be read, or it can't be read whether there are any. The diagnostics are in the reading.
    Unknown { why: String },
}

/// Files of health rules as they stand in the platform repository, each of them whole and all of them in accord.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFiles {
    /// Path and text, sorted by path.
    pub files: Vec<(String, Arc<str>)>,
    /// Of all of them.
    pub digest: Digest,
}

impl RuleFiles {
    pub fn of(files: Vec<(String, Arc<str>)>) -> Self {
        let mut bytes = Vec::new();
        for (path, text) in &files {
            for part in [path.as_str(), text] {
                bytes.extend_from_slice(&part.len().to_be_bytes());
                bytes.extend_from_slice(part.as_bytes());
            }
        }
        Self { files, digest: Digest::of_bytes(&bytes) }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), &**text))
    }
}

impl Default for RuleFiles {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl Default for HealthRules {
    fn default() -> Self {
        Self::Known(Arc::default())
    }
}
