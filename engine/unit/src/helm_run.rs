//! A render that is left to the real Helm: what it is given.

use mainstay_object::{Digest, DigestKey};
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// One run of `helm template`. Two of one digest are given the same.
#[derive(Clone)]
pub struct HelmRun {
    /// Of everything that it is given, keyed.
    digest: Digest,
    /// The same whatever its turn.
    question: Digest,
    given: Arc<HelmGiven>,
}

#[derive(Clone)]
pub struct HelmGiven {
    /// The chart's folder: paths within it, with slashes.
    pub files: Arc<BTreeMap<String, Vec<u8>>>,
    /// A JSON object. It may hold secrets.
    pub values: String,
    pub release: String,
    pub namespace: String,
    /// Values are not held against the chart's schema.
    pub skip_schema: bool,
    /// `v1.31.2`.
    pub kube_version: String,
    /// `group/version` and `group/version/Kind`, beside those that Helm was built with.
    pub api_versions: Vec<String>,
    /// Runs that are given the same but for this are to be made each for itself: where they differ, chance or time
    /// decides.
    pub turn: u8,
}

impl HelmRun {
    pub fn new(given: HelmGiven, key: &DigestKey) -> Self {
        let mut bytes = Vec::new();
        let mut put = |part: &[u8]| {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        };
        let HelmGiven { files, values, release, namespace, skip_schema, kube_version, api_versions, turn } =
            &given;
        for text in [values, release, namespace, kube_version] {
            put(text.as_bytes());
        }
        put(&[u8::from(*skip_schema)]);
        put(&(api_versions.len() as u64).to_be_bytes());
        api_versions.iter().for_each(|api| put(api.as_bytes()));
        for (path, content) in files.iter() {
            put(path.as_bytes());
            put(content);
        }
        let question = Digest::keyed(key, &bytes);
        let digest = Digest::keyed(key, &[&question.0[..], &[*turn]].concat());
        Self { digest, question, given: Arc::new(given) }
    }

    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Of what it is given but for its turn.
    pub fn question(&self) -> &Digest {
        &self.question
    }

    pub fn given(&self) -> &HelmGiven {
        &self.given
    }
}

impl fmt::Display for HelmRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "helm template {} in {}", self.given.release, self.given.namespace)
    }
}

/// Neither files nor values.
impl fmt::Debug for HelmRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.digest)
    }
}

impl PartialEq for HelmRun {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for HelmRun {}

impl PartialOrd for HelmRun {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HelmRun {
    fn cmp(&self, other: &Self) -> Ordering {
        self.digest.cmp(&other.digest)
    }
}

impl Hash for HelmRun {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl Serialize for HelmRun {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{self:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> HelmGiven {
        HelmGiven {
            files: Arc::new(BTreeMap::from([("Chart.yaml".to_owned(), b"name: web".to_vec())])),
            values: r#"{"password":"hunter2"}"#.to_owned(),
            release: "web".to_owned(),
            namespace: "apps".to_owned(),
            skip_schema: false,
            kube_version: "v1.31.2".to_owned(),
            api_versions: vec!["v1".to_owned()],
            turn: 0,
        }
    }

    #[test]
    fn runs_are_the_same_if_they_are_given_the_same() {
        let key = DigestKey([7; 32]);
        let run = |given: HelmGiven| HelmRun::new(given, &key);
        assert_eq!(run(given()), run(given()));
        assert_ne!(run(given()), HelmRun::new(given(), &DigestKey([8; 32])));
        let others: [HelmGiven; 7] = [
            HelmGiven { files: Arc::default(), ..given() },
            HelmGiven { values: "{}".to_owned(), ..given() },
            HelmGiven { release: "we".to_owned(), namespace: "bapps".to_owned(), ..given() },
            HelmGiven { skip_schema: true, ..given() },
            HelmGiven { kube_version: "v1.31.3".to_owned(), ..given() },
            HelmGiven { api_versions: vec!["v".to_owned(), "1".to_owned()], ..given() },
            HelmGiven { turn: 1, ..given() },
        ];
        for other in others {
            let (one, other) = (run(given()), run(other));
            assert_ne!(one, other);
            assert_eq!(one.question() == other.question(), other.given().turn != 0);
        }
    }

    #[test]
    fn a_run_is_shown_without_what_it_is_given() {
        let run = HelmRun::new(given(), &DigestKey([7; 32]));
        let shown = format!("{run} {run:?} {}", serde_json::to_string(&run).unwrap());
        assert!(shown.starts_with("helm template web in apps "), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("name: web"), "{shown}");
    }
}
