//! Reading a revision: fetch, read, meet its needs, read again.

use crate::charts::{self, Reached};
use crate::declared;
use crate::ports::Sources;
use mainstay_cluster::Cluster;
use mainstay_render::{Cache, Checkout, Inputs, Supply, read_with};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{
    Authority, ChartCredentials, ChartRequest, Claim, Content, GitCredentials, Need, Reading, Reference,
    Verification,
};
use std::collections::btree_map::Entry;

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
    Ok(read_at(platform, sources, answers, entry, cache))
}

/// Reads a state of the platform repository with what else it needs.
pub(crate) fn read_at(
    platform: Checkout,
    sources: &mut dyn Sources,
    answers: &Answers<'_>,
    entry: &TreePath,
    cache: &mut Cache,
) -> Reading {
    let mut inputs = Inputs::new(platform, entry.clone());
    inputs.followed = sources.followed();
    inputs.key = cache.key();
    inputs.now = mainstay_clock::wall().as_secs();
    let mut reached = Reached::default();
    for _ in 0..ROUNDS {
        let reading = read_with(&inputs, cache);
        if !meet(&reading, &mut inputs, sources, answers, &mut reached) {
            return reading;
        }
    }
    read_with(&inputs, cache)
}

/// Meets what can be met; false when nothing new could be said.
fn meet(
    reading: &Reading,
    inputs: &mut Inputs,
    sources: &mut dyn Sources,
    answers: &Answers<'_>,
    reached: &mut Reached,
) -> bool {
    let mut news = false;
    // Without a cluster: who declares it may be rendered once something else is known.
    let mut unknown = Vec::new();
    for need in &reading.needs {
        match need {
            Need::Reference { reference, claim } => {
                let question = (reference.clone(), claim.clone());
                let Entry::Vacant(free) = inputs.references.entry(question.clone()) else { continue };
                let supply = match answers {
                    Answers::Live(..) => ask(answers, reference, claim),
                    Answers::Nobody => match declared::content(reading, reference) {
                        Some(content) => Supply::Here(content),
                        None => {
                            unknown.push(question);
                            continue;
                        }
                    },
                };
                free.insert(supply);
                news = true;
            }
            Need::Git { id, secret, verify, authorities, url: _, reference: _ } => {
                if inputs.trees.contains_key(id) {
                    continue;
                }
                let claim = Claim { account: None, authorities: authorities.clone() };
                let keys = verify.as_ref().map(|verify| &verify.keys);
                let content = |reference| content(answers, reference, &claim);
                let supply = match (content(secret.as_ref()), content(keys)) {
                    (Err(lacking), _) | (_, Err(lacking)) => lacking,
                    // Whoever reads a Secret is looked at with it.
                    (Ok(None), Ok(None)) => match permitted(answers, authorities) {
                        Ok(()) => sources.git(need, GitCredentials::default()),
                        Err(why) => Supply::NotEvaluated(why),
                    },
                    (Ok(secret), Ok(keys)) => {
                        let (secret, keys) = (secret.as_ref(), keys.as_ref());
                        sources.git(need, GitCredentials { secret, keys })
                    }
                };
                inputs.trees.insert(id.clone(), supply);
                news = true;
            }
            Need::Chart { request, authorities } => {
                let question = ((**request).clone(), authorities.clone());
                if let Entry::Vacant(free) = inputs.charts.entry(question) {
                    let fetch = |credentials: ChartCredentials<'_>| sources.chart(request, credentials);
                    free.insert(fetched(request, authorities, answers, fetch));
                    news = true;
                }
            }
            Need::Artifact { request, authorities } => {
                let question = ((**request).clone(), authorities.clone());
                if let Entry::Vacant(free) = inputs.artifacts.entry(question) {
                    let fetch = |credentials: ChartCredentials<'_>| sources.artifact(request, credentials);
                    free.insert(fetched(&request.from, authorities, answers, fetch));
                    news = true;
                }
            }
            Need::Capabilities { target, authorities } => {
                let question = (target.clone(), authorities.clone());
                if let Entry::Vacant(free) = inputs.capabilities.entry(question) {
                    free.insert(charts::capabilities(answers, target, authorities, reached));
                    news = true;
                }
            }
            Need::Helm { run } => {
                if let Entry::Vacant(free) = inputs.helm.entry(*run.digest()) {
                    free.insert(sources.helm(run));
                    news = true;
                }
            }
            Need::File { file } => {
                if let Entry::Vacant(free) = inputs.files.entry(file.clone()) {
                    free.insert(sources.file(file));
                    news = true;
                }
            }
            Need::Lookup { lookup, claim } => {
                let question = (lookup.clone(), claim.clone());
                if let Entry::Vacant(free) = inputs.lookups.entry(question) {
                    free.insert(charts::lookup(answers, lookup, claim, reached));
                    news = true;
                }
            }
        }
    }
    if !news {
        for (reference, claim) in unknown {
            let answer = ask(answers, &reference, &claim);
            inputs.references.insert((reference, claim), answer);
            news = true;
        }
    }
    news
}

/// Something of a registry, with what the Secrets of the request hold.
fn fetched<T>(
    request: &ChartRequest,
    authorities: &[Authority],
    answers: &Answers<'_>,
    fetch: impl FnOnce(ChartCredentials<'_>) -> Supply<T>,
) -> Supply<T> {
    if let Err(why) = permitted(answers, authorities) {
        return Supply::NotEvaluated(why);
    }
    let claim = Claim { account: None, authorities: Vec::new() };
    let content = |reference| content(answers, reference, &claim);
    let keys = request.verify.as_ref().and_then(Verification::secret);
    let (secret, certificates) = (request.secret.as_ref(), request.certificates.as_ref());
    match (content(secret), content(certificates), content(keys)) {
        (Ok(secret), Ok(certificates), Ok(keys)) => {
            let (secret, certificates, keys) = (secret.as_ref(), certificates.as_ref(), keys.as_ref());
            fetch(ChartCredentials { secret, certificates, keys })
        }
        (Err(lacking), _, _) | (_, Err(lacking), _) | (_, _, Err(lacking)) => lacking,
    }
}

/// What a Secret holds; nothing where none is named. The error is why what needs it is lacking too.
fn content<T>(
    answers: &Answers<'_>,
    reference: Option<&Reference>,
    claim: &Claim,
) -> Result<Option<Content>, Supply<T>> {
    match reference.map(|reference| ask(answers, reference, claim)) {
        None => Ok(None),
        Some(Supply::Here(content)) => Ok(Some(content)),
        Some(Supply::Absent(why)) => Err(Supply::Absent(why)),
        Some(Supply::NotEvaluated(why)) => Err(Supply::NotEvaluated(why)),
        Some(Supply::Refused(why)) => Err(Supply::Refused(why)),
    }
}

/// Whether those who declare something may. Where no cluster can be asked, nothing of a cluster is at stake either.
pub(crate) fn permitted(answers: &Answers<'_>, authorities: &[Authority]) -> Result<(), String> {
    let Answers::Live(management, handle) = answers else { return Ok(()) };
    for authority in authorities {
        handle.block_on(async {
            let cluster = crate::targets::open(management, &authority.target).await?;
            crate::execute::authorize(Some(&cluster), authority).await.map_err(|refused| refused.message)
        })?;
    }
    Ok(())
}

fn ask(answers: &Answers<'_>, reference: &Reference, claim: &Claim) -> Supply<Content> {
    match answers {
        Answers::Nobody => Supply::NotEvaluated(format!("{reference} lives in a cluster, and none is asked")),
        Answers::Live(cluster, handle) => {
            if let Err(why) = permitted(answers, &claim.authorities) {
                return Supply::NotEvaluated(why);
            }
            let identity = crate::execute::identity(claim.account.as_ref());
            match handle.block_on(crate::references::read(cluster, reference, &identity)) {
                Ok(Some(content)) => Supply::Here(content),
                Ok(None) => Supply::Absent(format!("{reference} does not exist")),
                Err(error) => Supply::NotEvaluated(format!("{reference} can't be read: {error}")),
            }
        }
    }
}
