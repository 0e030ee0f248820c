//! Which tag a range means.
use super::Oci;
use super::name::is_tag;
use crate::RegistryError;
use crate::error::shown;
use crate::index::{constraint, named, newest};
use mainstay_package::{Version, re2};
use serde::Deserialize;
use url::Url;

const PAGE: &str = "1000";
const MOST_PAGES: usize = 100;
const MOST_BYTES: u64 = 4 << 20;

#[derive(Deserialize)]
struct Page {
    tags: Option<Vec<String>>,
}

/// Which version a tag stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Of a HelmRepository's chart: a plus is no character of tags, `_` stands for it. A tag with a `v` is none.
    OfVersions,
    /// Of a chart that an OCIRepository names: with a `v` it is one.
    OfCharts,
    /// Of another artifact: a version as it is written, with or without a `v`, which only a list tells.
    AsWritten,
}

impl Spelling {
    fn has_plus(self) -> bool {
        match self {
            Self::OfVersions | Self::OfCharts => true,
            Self::AsWritten => false,
        }
    }

    fn has_v(self) -> bool {
        match self {
            Self::OfVersions => false,
            Self::OfCharts | Self::AsWritten => true,
        }
    }
}

impl Oci<'_> {
    /// The tag of a version, or of the newest one in a range.
    pub fn tag(
        &self,
        range: &str,
        filter: Option<&str>,
        spelling: Spelling,
    ) -> Result<String, RegistryError> {
        // Registries that hold much may be slow to list it: who asks for one version by its whole name needs no list.
        if spelling.has_plus() && filter.is_none() && is_whole(range) {
            return Ok(range.replace('+', "_"));
        }
        let range_of = constraint(range)?;
        let filter = filter.map(pattern).transpose()?;
        let tags = self.tags()?;
        let fitting = tags.iter().filter_map(|tag| {
            let chosen = match &filter {
                None => true,
                Some(filter) => filter.is_match(tag.as_bytes()),
            };
            let text = if spelling.has_plus() { tag.replace('_', "+") } else { tag.clone() };
            let is_one = chosen && is_whole(&text) && (spelling.has_v() || !text.starts_with('v'));
            let version = Version::parse(&text).ok().filter(|version| is_one && range_of.allows(version))?;
            Some((version, tag))
        });
        newest(fitting, |(version, _)| (version, 0)).map(|(_, tag)| tag.clone()).ok_or_else(|| {
            let chart = self.repository.name.rsplit('/').next().unwrap_or_default().to_owned();
            RegistryError::NoVersion { url: self.repository.shown(), chart, wanted: named(range) }
        })
    }

    fn tags(&self) -> Result<Vec<String>, RegistryError> {
        let mut url = self.repository.url(&["tags", "list"]);
        url.query_pairs_mut().append_pair("n", PAGE);
        let mut all = Vec::new();
        for _ in 0..MOST_PAGES {
            let answer = self.get(&url, "application/json", MOST_BYTES)?;
            let link = answer.text("link");
            let body = answer.ok(&url, self.access.user.is_some())?;
            let page: Page = serde_json::from_slice(&body).map_err(|_| {
                RegistryError::unreadable(format!("the list of tags {}", shown(&url)), "it is none")
            })?;
            all.extend(page.tags.unwrap_or_default().into_iter().filter(|tag| is_tag(tag)));
            match link.as_deref().and_then(next) {
                None => return Ok(all),
                Some(link) => url = self.beside(&url, link)?,
            }
        }
        let what = format!("the list of tags of {}", self.repository.shown());
        Err(RegistryError::TooLarge { what, most: MOST_PAGES as u64 * MOST_BYTES })
    }

    fn beside(&self, url: &Url, link: &str) -> Result<Url, RegistryError> {
        let next = url.join(link).ok().filter(|next| next.origin() == self.repository.base.origin());
        next.ok_or_else(|| RegistryError::Redirect {
            url: shown(url),
            why: "to a further page of another host".into(),
        })
    }
}

/// `<url>; rel="next"`, RFC 8288.
fn next(link: &str) -> Option<&str> {
    let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = parameters.split(';').any(|p| matches!(p.trim(), r#"rel="next""# | "rel=next"));
    is_next.then_some(url)
}

/// Three numbers, whatever stands behind them: `StrictNewVersion`, but for a `v`.
fn is_whole(text: &str) -> bool {
    let core = text.strip_prefix('v').unwrap_or(text).split(['-', '+']).next().unwrap_or_default();
    core.split('.').count() == 3 && Version::parse(text).is_ok()
}

fn pattern(text: &str) -> Result<regex::bytes::Regex, RegistryError> {
    re2::compile(text).map_err(|_| RegistryError::Range {
        range: text.into(),
        why: "the filter is no regular expression".into(),
    })
}
