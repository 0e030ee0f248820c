//! Rules as data: what the conditions and fields of a kind mean.
//!
//! ```yaml
//! project: example
//! docs: https://example.com/api
//! kinds:
//! - group: example.com          # or a list; `*.example.com` is every group that ends so
//!   kind: [Widget, Gadget]      # absent: every kind of the group
//!   rules:                      # from the top; the first that has an answer is the answer
//!   - field: /spec/paused
//!     Suspended: true
//!   - condition: Ready
//!     reason: [Waiting]         # only where the condition's reason is one of these; `severity` alike
//!     Progressing: "False"
//!   - condition: Ready
//!     Healthy: "True"
//!     Degraded: "False"
//!     Progressing: [Unknown, (absent)]
//!   - each: /status/parts       # every element of a list or map; the worst of them is the answer
//!     rules:
//!     - field: /phase
//!       Healthy: Done
//!       Degraded: (other)
//!   - when: status.replicas < spec.replicas
//!     status: Progressing
//!     message: /status/message  # a pointer to the text to show, or the text
//!   otherwise: Progressing      # the default; never Healthy
//! - group: example.com
//!   kind: WidgetClass
//!   passive: true               # nothing in its status proves anything: Healthy unless a rule above says otherwise
//! ```

pub(crate) mod evaluate;
mod files;
mod read;
mod shipped;

use mainstay_diagnostic::{Diagnostic, Location};
use mainstay_expr::Program;
use mainstay_object::Digest;
use mainstay_unit::HealthStatus;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// Rules by the kinds that they speak of.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// By group, or by the end of a group where it started with `*`; then by kind, where `""` is every kind.
    exact: BTreeMap<String, BTreeMap<String, Arc<KindRule>>>,
    ending: BTreeMap<String, BTreeMap<String, Arc<KindRule>>>,
    /// Why it is not known what the rules say.
    pub(crate) unknown: Option<String>,
}

/// What one file of rules may hold, and all of a repository's together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the text in bytes.
    pub bytes: usize,
    /// Kinds in a file, each name counted.
    pub kinds: usize,
    /// Rules of one kind, those within `each` included.
    pub rules: usize,
    /// `each` within `each`.
    pub depth: usize,
    /// Files that hold together.
    pub files: usize,
    /// Bytes of all of them.
    pub all_bytes: usize,
    /// Kinds in all of them.
    pub all_kinds: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            kinds: 5_000,
            rules: 200,
            depth: 3,
            files: 500,
            all_bytes: 8 << 20,
            all_kinds: 20_000,
        }
    }
}

#[derive(Debug)]
pub(crate) struct KindRule {
    /// Whose kinds these are, for display.
    pub project: String,
    /// Where it is written.
    pub at: Location,
    /// Of what it says, however that is laid out and whichever kinds share it.
    pub digest: Digest,
    /// Pointer to the list of conditions.
    pub conditions: String,
    pub rules: Vec<Rule>,
    pub otherwise: HealthStatus,
    /// Nobody writes into its status that it works: it does, unless a rule says otherwise.
    pub passive: bool,
    /// Whether any rule is an expression, so that nothing is converted for those that have none.
    pub computes: bool,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub test: Test,
    /// Reasons that a condition must have one of; empty: any.
    pub reasons: Vec<String>,
    /// The same of Cluster API's severities.
    pub severities: Vec<String>,
    pub outcomes: Vec<(Pattern, HealthStatus)>,
    pub message: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Test {
    Condition(String),
    Field(String),
    Each(String, Vec<Rule>),
    When(Program),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Text(String),
    Absent,
    /// Anything that is there.
    Other,
}

static SHIPPED: LazyLock<Rules> = LazyLock::new(|| {
    // A test reads each file alone; one that could not be read would leave its kinds to their conditions.
    let mut all = Rules::default();
    for (file, text) in shipped::FILES {
        if let Ok(rules) = Rules::parse(file, text) {
            all.extend(rules);
        }
    }
    all
});

static NONE: LazyLock<Rules> = LazyLock::new(Rules::default);

impl Rules {
    /// Those that Mainstay comes with, beside the table of Kubernetes' own kinds.
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    #[cfg(test)]
    pub(crate) fn is_shipped(file: &str) -> bool {
        shipped::FILES.iter().any(|(name, _)| *name == file)
    }

    /// A group and a kind for each rule; what a rule leaves open is filled in.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<(String, String)> {
        let exact = self.exact.iter().map(|(group, kinds)| (group.clone(), kinds));
        let ending = self.ending.iter().map(|(end, kinds)| (format!("a{end}"), kinds));
        let kind = |kind: &String| if kind.is_empty() { "Any".to_owned() } else { kind.clone() };
        let all = exact.chain(ending);
        all.flat_map(|(group, kinds)| kinds.keys().map(move |k| (group.clone(), kind(k)))).collect()
    }

    pub fn none() -> &'static Self {
        &NONE
    }

    /// Rules of which it is not known what they say: nothing is healthy by what others say instead.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { unknown: Some(why.into()), ..Self::default() }
    }

    pub fn is_unknown(&self) -> bool {
        self.unknown.is_some()
    }

    /// Whether both say the same of a kind.
    pub fn agree(&self, other: &Self, group: &str, kind: &str) -> bool {
        let said = |rules: &Self| rules.find(group, kind).map(|rule| rule.digest);
        self.unknown == other.unknown && said(self) == said(other)
    }

    /// Every problem of a file of rules, or all that it says. `file` is only shown.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_within(file, text, &Limits::default())
    }

    pub fn parse_within(file: &str, text: &str, limits: &Limits) -> Result<Self, Vec<Diagnostic>> {
        read::read(file, text, limits)
    }

    /// The others win where both know a kind.
    pub fn extend(&mut self, others: Self) {
        for (group, kinds) in others.exact {
            self.exact.entry(group).or_default().extend(kinds);
        }
        for (end, kinds) in others.ending {
            self.ending.entry(end).or_default().extend(kinds);
        }
        self.unknown = self.unknown.take().or(others.unknown);
    }

    /// How many kinds have a rule; every kind of a group counts as one.
    pub fn len(&self) -> usize {
        self.exact.values().chain(self.ending.values()).map(BTreeMap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.ending.is_empty()
    }

    /// The rule that names most: a whole group before the end of one, a long end before a short one, a kind before all.
    pub(crate) fn find(&self, group: &str, kind: &str) -> Option<&KindRule> {
        find_in(self.exact.get(group), kind).or_else(|| {
            let mut starts = group.match_indices('.').map(|(at, _)| &group[at..]);
            starts.find_map(|end| find_in(self.ending.get(end), kind))
        })
    }
}

fn find_in<'a>(kinds: Option<&'a BTreeMap<String, Arc<KindRule>>>, kind: &str) -> Option<&'a KindRule> {
    let kinds = kinds?;
    kinds.get(kind).or_else(|| kinds.get("")).map(AsRef::as_ref)
}
