//! What an archive says that it is.
use crate::RegistryError;
use mainstay_yaml::Node;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub name: String,
    pub version: String,
}

impl Metadata {
    /// Of the Chart.yaml among an archive's files.
    pub fn of(files: &BTreeMap<String, Vec<u8>>, url: &str) -> Result<Self, RegistryError> {
        let none = |found: &str| RegistryError::Mismatch {
            url: url.into(),
            expected: "a chart".into(),
            found: found.into(),
        };
        let bytes = files.get("Chart.yaml").ok_or_else(|| none("no Chart.yaml"))?;
        let limits = mainstay_yaml::Limits::default();
        let loaded = mainstay_yaml::load_last_wins("Chart.yaml", bytes, &limits);
        let root =
            loaded.documents.into_iter().next().filter(|_| loaded.complete).map(|document| document.root);
        let root = root.ok_or_else(|| none("a Chart.yaml that is no YAML"))?;
        Self::read(&root).ok_or_else(|| none("a Chart.yaml without name or version"))
    }

    /// Of a Chart.yaml; nothing where it lacks one of both.
    pub fn read(root: &Node) -> Option<Self> {
        let text = |key: &str| root.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self { name: text("name")?, version: text("version")? })
    }
}

impl Metadata {
    /// `v1.2.3` is `1.2.3`.
    pub fn is(&self, found: &Self) -> bool {
        let version = |text: &str| text.strip_prefix('v').unwrap_or(text).to_owned();
        self.name == found.name && version(&self.version) == version(&found.version)
    }

    pub fn shown(&self) -> String {
        let text = format!("{} {}", self.name, self.version);
        text.chars().take(200).filter(|c| !c.is_control()).collect()
    }
}
