//! Remote bases: folders of other Git repositories, named as upstream's `NewRepoSpecFromURL` reads them, but only by a
//! full commit: a branch or tag could mean something else with each build.
use crate::build::{Accumulated, Builder};
use crate::outside::{Answer, Refused};
use crate::problem::Problem;
use crate::target::{Target, find};
use mainstay_diagnostic::Diagnostics;
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_unit::tree::{Tree, TreePath};
use std::fmt;
use std::sync::Arc;

/// A repository at a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteBase {
    /// To clone from.
    pub url: String,
    /// 40 hexadecimal digits.
    pub commit: String,
}

/// As shown in front of a file of it.
impl fmt::Display for RemoteBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.url, self.commit.get(..12).unwrap_or_default())
    }
}

impl RemoteBase {
    /// Whether the repository is one of these, or lies below: scheme, user and host must be the same, and the parts of the
    /// path, one by one. A prefix without a host holds nothing.
    pub fn is_below(&self, prefixes: &[String]) -> bool {
        let Some(own) = Parts::of(&self.url) else { return false };
        prefixes.iter().filter_map(|prefix| Parts::of(prefix)).any(|prefix| own.is_below(&prefix))
    }
}

/// A URL taken apart: `https://host:port/a/b`, `ssh://user@host/a/b`, `user@host:a/b` or `file:///a/b`.
struct Parts<'a> {
    /// Up to the path, in lower case.
    host: String,
    path: Vec<&'a str>,
    /// It says of itself that more follows.
    open: bool,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let start = url.find("://").map_or(0, |at| at + "://".len());
        let scp = start == 0;
        let end = url[start..].find(|c| c == '/' || (scp && c == ':')).map(|at| start + at);
        let end = end.or((!scp).then_some(url.len()))?;
        let local = url[..start].eq_ignore_ascii_case("file://");
        if (end == start) != local {
            return None;
        }
        let path = url[end..].trim_start_matches([':', '/']).split('/').filter(|part| !part.is_empty());
        let open = url.ends_with('/');
        Some(Self { host: url[..end].to_ascii_lowercase(), path: path.collect(), open })
    }

    fn is_below(&self, prefix: &Self) -> bool {
        // A repository is the same with and without its ending.
        let whole = self.path.len() == prefix.path.len() && !prefix.open;
        let same =
            |own: &str, prefix: &str| own == prefix || (whole && own.strip_suffix(".git") == Some(prefix));
        self.host == prefix.host
            && self.path.len() >= prefix.path.len()
            && self.path.iter().zip(&prefix.path).all(|(own, prefix)| same(own, prefix))
    }
}

/// Finds the files of a repository. Whether it is allowed is for whoever answers to say.
pub type Remote<'a> = &'a dyn Fn(&RemoteBase) -> Answer<Arc<dyn Tree>>;

/// Whether an entry names something outside of the tree.
pub(crate) fn is_remote(path: &str) -> bool {
    const MARKS: [&str; 9] =
        ["git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/", "file://"];
    let lower = path.to_ascii_lowercase();
    MARKS.iter().any(|mark| lower.starts_with(mark)) || path.contains("://")
}

/// Whether a URL names a file of the web, as its ending tells: one of a repository at a commit is none.
pub(crate) fn is_file(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let (place, query) = lower.split_once('?').unwrap_or((&lower, ""));
    let web = place.starts_with("https://") || place.starts_with("http://");
    web && [".yaml", ".yml", ".json"].iter().any(|end| place.ends_with(end))
        && !query.split('&').any(|pair| pair.starts_with("ref=") || pair.starts_with("version="))
}

impl Builder<'_> {
    /// What the folder of another repository is accumulated to, upon what is there already.
    pub(crate) fn remote(
        &self,
        target: &Target,
        all: Accumulated,
        named: &str,
        pointer: &str,
        depth: usize,
        component: bool,
    ) -> Result<Accumulated, Diagnostics> {
        let fault = |p: Problem| target.fault(p, pointer);
        let (base, path) = parse(named).map_err(fault)?;
        let Some(fetch) = self.ports.remote else {
            let problem =
                Problem::new(&codes::REMOTE, format!("{named} is a remote base, and none are allowed here"));
            return Err(fault(
                problem.hint("copy it into the repository; mainstay build fetches what --allow-remote names"),
            ));
        };
        if self.recording.get().is_on() {
            let message = "buildMetadata together with remote bases is not supported";
            return Err(fault(Problem::new(&codes::UNSUPPORTED, message)));
        }
        let refused =
            |refused: Refused| fault(refused.problem(&codes::REMOTE, &format!("{base} can't be had")));
        let Some(tree) = fetch(&base).map_err(refused)? else { return Ok(all) };
        let loader = self.loader.elsewhere(&*tree, format!("{base}:"));
        let builder = self.within(&loader, self.depth + depth);
        let built = (|| {
            let folder = loader.folder(&path).map_err(fault)?.ok_or_else(|| {
                fault(Problem::new(&codes::NOT_FOUND, format!("{base} has no folder {path}")))
            })?;
            let Some((file, entry)) = find(&loader, &folder).map_err(fault)? else {
                let message = format!("the folder {path} of {base} has no kustomization file");
                return Err(fault(Problem::new(&codes::NOT_FOUND, message)));
            };
            let below = Target::load(&loader, &folder, &file, &entry, |_| {})?;
            if below.kustomization.is_component() != component {
                let message =
                    format!("{named} must {}be a Component here", if component { "" } else { "not " });
                return Err(fault(Problem::new(&codes::INVALID, message)));
            }
            builder.accumulate(&below, all, &[])
        })();
        self.loader.came_back(loader);
        built
    }
}

/// The repository, and the folder in it.
fn parse(named: &str) -> Result<(RemoteBase, TreePath), Problem> {
    let refused = |why: &str| Problem::new(&codes::REMOTE, format!("{named} {why}"));
    if named.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '%' | '\\' | '#')) {
        return Err(refused("holds characters that are not allowed in the URL of a remote base"));
    }
    let (place, query) = named.split_once('?').unwrap_or((named, ""));
    let value = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, v)| v)
    };
    let reference = value("ref").filter(|v| !v.is_empty()).or_else(|| value("version")).unwrap_or_default();
    let whole = reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit());
    if !whole {
        let hint = "pin it to a commit: ?ref= and its 40 hexadecimal digits, as git ls-remote shows them; the Platform's \
                    spec.kustomize.remoteBases says from where (mainstay build: --allow-remote)";
        let what = if reference.is_empty() {
            "names no commit"
        } else {
            "names a branch, a tag or a part of a commit"
        };
        return Err(refused(what).hint(hint));
    }
    let (host, rest) = host(place).ok_or_else(|| refused("is no URL of a Git repository"))?;
    let segments = if host.starts_with("file://") { usize::MAX } else { 2 };
    let (repository, path) = split(rest, segments).ok_or_else(|| refused("names no repository"))?;
    if repository.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(refused("leads out of its host's folders"));
    }
    let path =
        TreePath::parse(path.trim_start_matches('/')).map_err(|e| refused(&format!("leads nowhere: {e}")))?;
    let base = RemoteBase { url: format!("{host}{repository}"), commit: reference.to_ascii_lowercase() };
    Ok((base, path))
}

/// Scheme, user and host, up to what the path begins with; GitHub's in one form each.
fn host(place: &str) -> Option<(String, &str)> {
    let cut = |text: &'_ str, prefix: &str| {
        text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)).then_some(prefix.len())
    };
    let place = cut(place, "git::").map_or(place, |at| &place[at..]);
    let schemes = ["ssh://", "https://", "http://", "file://"];
    let found = schemes.iter().find_map(|scheme| cut(place, scheme).map(|at| (*scheme, &place[at..])));
    let (scheme, rest) = found.unwrap_or(("", place));
    if scheme == "file://" {
        return Some((scheme.to_owned(), rest));
    }
    let user = rest.split(['/', ':']).next().and_then(|head| head.split_once('@')).map(|(user, _)| user);
    let user = user.filter(|u| u.starts_with(|c: char| c.is_ascii_alphabetic()));
    let user = user.filter(|u| u.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    let (user, rest) = user.map_or(("", rest), |user| (&rest[..=user.len()], &rest[user.len() + 1..]));
    let github = cut(rest, "github.com/").or_else(|| cut(rest, "github.com:"));
    if scheme.is_empty() && user.is_empty() && github.is_none() {
        return None;
    }
    // Credentials are nothing that belongs into a repository.
    if rest.split('/').next().is_some_and(|host| host.contains('@'))
        || (scheme.starts_with("http") && !user.is_empty())
    {
        return None;
    }
    if let Some(at) = github {
        let ssh = scheme == "ssh://" || !user.is_empty();
        let host = if ssh { format!("{user}github.com:") } else { "https://github.com/".to_owned() };
        return Some((host, &rest[at..]));
    }
    let scp = scheme.is_empty();
    let at = rest.find(|c| c == '/' || (scp && c == ':'))?;
    let host = rest[..at].to_ascii_lowercase();
    (!host.is_empty()).then(|| (format!("{scheme}{user}{host}{}", &rest[at..=at]), &rest[at + 1..]))
}

/// The repository's part of a path, and the folder in it: where the path says so, else after so many segments.
fn split(rest: &str, segments: usize) -> Option<(&str, &str)> {
    let cut = |at: usize, skip: usize| (&rest[..at], rest.get(at + skip..).unwrap_or_default());
    if segments != usize::MAX && !rest.contains('/') {
        return None;
    }
    let found = if let Some(at) = rest.find("_git/") {
        let name = at + "_git/".len();
        cut(rest[name..].find('/').map_or(rest.len(), |end| name + end), 1)
    } else if let Some(at) = rest.find("//") {
        cut(at, 2)
    } else if let Some(at) = rest.find(".git") {
        cut(at + ".git".len(), 0)
    } else if segments == usize::MAX {
        (rest, "")
    } else {
        let second = rest.match_indices('/').map(|(at, _)| at).nth(segments - 1);
        cut(second.unwrap_or(rest.len()), 1)
    };
    (!found.0.is_empty()).then_some(found)
}
