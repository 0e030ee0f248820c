use std::fmt;

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Anything, in the clear; JSON with one field `data` once encrypted.
    Binary,
    Dotenv,
    /// Known in order to be refused by name.
    Ini,
    Json,
    Yaml,
}

/// Where a kustomization names a file. Flux decrypts these before the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference<'a> {
    /// `secretGenerator[].files`: the entry as written, `key=path` or `path`. The key says the format.
    File(&'a str),
    /// `secretGenerator[].envs`
    Env(&'a str),
    /// `patches[].path`
    Patch(&'a str),
}

impl Format {
    /// The format that SOPS takes a path for, by its ending. Flux knows one more: `.dockerconfigjson` is JSON.
    pub fn of_path(path: &str) -> Self {
        match path {
            _ if path.ends_with(".dockerconfigjson") || path.ends_with(".json") => Format::Json,
            _ if path.ends_with(".yaml") || path.ends_with(".yml") => Format::Yaml,
            _ if path.ends_with(".env") => Format::Dotenv,
            _ if path.ends_with(".ini") => Format::Ini,
            _ => Format::Binary,
        }
    }

    /// The format of what a kustomization refers to.
    pub fn of(reference: Reference<'_>) -> Self {
        match reference {
            Reference::File(entry) => Self::of_path(entry.split_once('=').map_or(entry, |(key, _)| key)),
            Reference::Env(path) => match Self::of_path(path) {
                Format::Binary => Format::Dotenv,
                other => other,
            },
            Reference::Patch(path) => Self::of_path(path),
        }
    }

    /// Whether the bytes hold what SOPS leaves in this format. Flux's own test: what it does not find is not decrypted.
    pub fn marks(self, bytes: &[u8]) -> bool {
        let marker: &[u8] = match self {
            Format::Binary | Format::Json => b"\"mac\": \"ENC[",
            Format::Dotenv => b"sops_mac=ENC[",
            Format::Ini => b"[sops]",
            Format::Yaml => b"mac: ENC[",
        };
        bytes.windows(marker.len()).any(|window| window == marker)
    }

    /// The format of encrypted bytes whose name says nothing, as an entry of a Secret.
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        [Format::Json, Format::Dotenv, Format::Yaml, Format::Ini].into_iter().find(|f| f.marks(bytes))
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Binary => "binary",
            Format::Dotenv => "dotenv",
            Format::Ini => "INI",
            Format::Json => "JSON",
            Format::Yaml => "YAML",
        })
    }
}
