//! Reading a revision: fetch, read, meet its needs, read again.

use crate::ports::Sources;
use mainstay_cluster::Cluster;
use mainstay_render::{Cache, Inputs, Supply, read_with};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{Need, Reading, Reference};
use std::collections::BTreeMap;

/// A reading that still has needs after so many rounds will never be complete.
const ROUNDS: usize = 16;

/// Where the content of ConfigMaps and Secrets comes from.
pub enum Answers<'a> {
    /// The management cluster, asked from a thread that is none of the async runtime's.
    Live(&'a Cluster, &'a tokio::runtime::Handle),
    /// Nobody can be asked.
    Nobody,
}

/// Reads the newest revision. A source that fails leaves its units *planned, not rendered*; only the platform
/// repository's own failure is an error.
pub fn read_once(
    sources: &mut dyn Sources,
    answers: &Answers<'_>,
    entry: &TreePath,
    cache: &mut Cache,
) -> Result<Reading, String> {
    let platform = sources.platform()?;
    let mut inputs = Inputs::new(platform, entry.clone());
    inputs.followed = sources.followed();
    for _ in 0..ROUNDS {
        let reading = read_with(&inputs, cache);
        if !meet(&reading, &mut inputs, sources, answers) {
            return Ok(reading);
        }
    }
    Ok(read_with(&inputs, cache))
}

/// Meets what can be met; false when nothing new could be said.
fn meet(reading: &Reading, inputs: &mut Inputs, sources: &mut dyn Sources, answers: &Answers<'_>) -> bool {
    let mut news = false;
    for need in &reading.needs {
        match need {
            Need::Reference(reference) => {
                if !inputs.references.contains_key(reference) {
                    inputs.references.insert(reference.clone(), ask(answers, reference));
                    news = true;
                }
            }
            Need::Git { id, secret, .. } => {
                if inputs.trees.contains_key(id) {
                    continue;
                }
                let supply = match secret.as_ref().map(|s| ask(answers, s)) {
                    None => fetch(sources, need, None),
                    Some(Supply::Here(content)) => fetch(sources, need, Some(&content)),
                    Some(Supply::Absent(why)) => Supply::Absent(why),
                    Some(Supply::NotEvaluated(why)) => Supply::NotEvaluated(why),
                };
                inputs.trees.insert(id.clone(), supply);
                news = true;
            }
        }
    }
    news
}

fn fetch(
    sources: &mut dyn Sources,
    need: &Need,
    secret: Option<&BTreeMap<String, String>>,
) -> Supply<mainstay_render::Checkout> {
    match sources.git(need, secret) {
        Ok(checkout) => Supply::Here(checkout),
        Err(why) => Supply::Absent(why),
    }
}

fn ask(answers: &Answers<'_>, reference: &Reference) -> Supply<BTreeMap<String, String>> {
    match answers {
        Answers::Nobody => Supply::NotEvaluated(format!("{reference} lives in a cluster, and none is asked")),
        Answers::Live(cluster, handle) => {
            match handle.block_on(crate::references::read(cluster, reference)) {
                Ok(Some(content)) => Supply::Here(content),
                Ok(None) => Supply::Absent(format!("{reference} does not exist")),
                Err(error) => Supply::NotEvaluated(format!("{reference} can't be read: {error}")),
            }
        }
    }
}
