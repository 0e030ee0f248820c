//! What a registry, a repository and a tag may be called: distribution specification, section *pulling manifests*.
use crate::RegistryError;
use regex::Regex;
use std::sync::OnceLock;
use url::Url;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repository {
    /// `https://registry.example.com/`, without credentials.
    pub base: Url,
    pub name: String,
}

impl Repository {
    /// `oci://host[:port]/path`, with the chart's name behind it if there is one.
    pub fn read(url: &Url, chart: &str, insecure: bool) -> Result<Self, RegistryError> {
        let fail = |why: &str| RegistryError::url(url.as_str(), why);
        if url.scheme() != "oci" {
            return Err(fail("its scheme must be oci"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| fail("it names no host"))?;
        let host = if host.eq_ignore_ascii_case("docker.io") { "registry-1.docker.io" } else { host };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let scheme = if insecure { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{host}{port}/")).map_err(|why| fail(&why.to_string()))?;
        let path = url.path().trim_matches('/');
        let name = if chart.is_empty() { path.to_owned() } else { format!("{path}/{chart}") };
        let name = name.trim_start_matches('/').to_owned();
        if name.len() > 255
            || !is(&NAME, r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$", &name)
        {
            return Err(fail(
                "its path is no name of a repository: lower-case letters, digits and . _ - between slashes",
            ));
        }
        Ok(Self { base, name })
    }

    pub fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // A base that is http or https has a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear().push("v2").extend(self.name.split('/')).extend(path);
        }
        url
    }

    /// For people.
    pub fn shown(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        let port = self.base.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("oci://{host}{port}/{}", self.name)
    }
}

pub(super) fn is_tag(text: &str) -> bool {
    is(&TAG, r"^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$", text)
}

static NAME: OnceLock<Option<Regex>> = OnceLock::new();
static TAG: OnceLock<Option<Regex>> = OnceLock::new();

fn is(made: &OnceLock<Option<Regex>>, pattern: &str, text: &str) -> bool {
    made.get_or_init(|| Regex::new(pattern).ok()).as_ref().is_some_and(|regex| regex.is_match(text))
}
