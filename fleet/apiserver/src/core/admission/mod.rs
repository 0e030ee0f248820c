//! Admission by policies and by webhooks, without calling anything: what must be called is handed out, and the request is handled anew
//! with the answers.
//!
//! A request that is handled anew sees the time and the random numbers that it saw before, so that what was asked about
//! is what is stored. When the live object changed meanwhile, the question is another one and is asked again. Nothing is
//! written before every answer is there.
//!
//! What the control plane itself writes (its garbage collector, namespaces that end, seeds) asks nobody, nor do writes
//! of scales, bindings and evictions; nobody is asked about webhook configurations.

mod call;
mod conditions;
mod hooks;
mod policies;
mod review;

pub(crate) use call::uid;
pub use call::{Answer, Call, Calls, Resumed};
pub(crate) use hooks::address;

use crate::core::body;
use crate::core::cluster::Cluster;
use crate::core::conversion::Asking;
use crate::core::failure::Failure;
use crate::core::registry::Resource;
use crate::core::request::{Entropy, Method, Now, Request, User};
use crate::core::write::Act;
use call::Asked;
use hooks::{Hook, Matched};
use review::Verdict;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// How often one request is handled anew: a live object that always changes is not waited for.
const MAX_ROUNDS: usize = 100;

/// What admission knows of the request that is being handled.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    resumed: Resumed,
    wanted: RefCell<Vec<Call>>,
    /// Options of the request as it wrote them.
    options: Value,
    calls: Option<Calls>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

/// A write that wants to be admitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) operation: Operation,
    pub(crate) resource: &'a Resource,
    pub(crate) subresource: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) user: &'a User,
    pub(crate) dry_run: bool,
    pub(crate) object: Option<&'a Value>,
    pub(crate) old: Option<&'a Value>,
}

impl Operation {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }

    fn options_kind(self) -> &'static str {
        match self {
            Self::Create => "CreateOptions",
            Self::Update => "UpdateOptions",
            Self::Delete => "DeleteOptions",
        }
    }
}

/// Draws what was drawn before, then goes on.
pub(crate) struct Replay<'a> {
    pub(crate) before: &'a [u8],
    pub(crate) drawn: Vec<u8>,
    pub(crate) fresh: &'a mut dyn Entropy,
}

impl Entropy for Replay<'_> {
    fn fill(&mut self, bytes: &mut [u8]) {
        let at = self.drawn.len();
        match self.before.get(at..at + bytes.len()) {
            Some(before) => bytes.copy_from_slice(before),
            None => self.fresh.fill(bytes),
        }
        self.drawn.extend_from_slice(bytes);
    }
}

impl Admission {
    /// What conversions of the request that is being handled have to go by.
    pub(crate) fn asking(&self) -> Asking<'_> {
        Asking { answers: &self.resumed.answers, wanted: &self.wanted }
    }
}

impl Cluster {
    /// What must be called before the last request can be answered; hand the answers back in `Request::resumed`. The
    /// reply that it got says that nobody called.
    pub fn take_calls(&mut self) -> Option<Calls> {
        self.admission.calls.take()
    }

    pub(crate) fn begin_admission(&mut self, request: &Request) {
        self.admission = Admission { resumed: request.resumed.clone(), ..Admission::default() };
        if request.method != Method::Get {
            self.admission.options = review::options(request);
        }
    }

    pub(crate) fn end_admission(&mut self, now: Now, drawn: Vec<u8>) {
        let Admission { resumed, wanted, .. } = std::mem::take(&mut self.admission);
        let wanted = wanted.into_inner();
        if !wanted.is_empty() && resumed.rounds < MAX_ROUNDS {
            let rounds = resumed.rounds + 1;
            let resumed = Resumed { now: Some(now), drawn, rounds, answers: resumed.answers };
            self.admission.calls = Some(Calls { calls: wanted, resumed });
        }
    }

    /// What the mutating webhooks make of an object; none where they change nothing.
    pub(crate) fn mutate(
        &mut self,
        ask: &Ask<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Value>, Failure> {
        let hooks = hooks::read(&self.store, hooks::MUTATING);
        let Some(object) = ask.object.or(ask.old).filter(|_| !hooks.is_empty()) else { return Ok(None) };
        let mut changed = object.clone();
        let mut again: Vec<(&Hook, Value)> = Vec::new();
        for hook in &hooks {
            if self.mutate_once(ask, hook, &mut changed, 0, warnings)? && hook.reinvoked {
                again.push((hook, changed.clone()));
            }
        }
        for (hook, seen) in again {
            // Whoever wants to is asked once more, if others changed the object after it.
            if seen != changed {
                self.mutate_once(ask, hook, &mut changed, 1, warnings)?;
            }
        }
        Ok((changed != *object && ask.object.is_some()).then_some(changed))
    }

    /// True if the webhook was asked.
    fn mutate_once(
        &mut self,
        ask: &Ask<'_>,
        hook: &Hook,
        object: &mut Value,
        round: usize,
        warnings: &mut Vec<String>,
    ) -> Result<bool, Failure> {
        let shown = Ask { object: ask.object.map(|_| &*object), ..*ask };
        let Some(matched) = self.matching(&shown, hook)? else { return Ok(false) };
        let call = match self.call(&shown, hook, &matched, round) {
            Ok(call) => call,
            Err(why) => return hook.unanswered(&why).map(|()| false),
        };
        let uid = call.uid.clone();
        match self.asked(call) {
            Asked::Wanted => Err(unanswered(hook)),
            Asked::Answered(Err(why)) => hook.unanswered(&why).map(|()| true),
            Asked::Answered(Ok(body)) => {
                let verdict = match review::read(&body, &uid) {
                    Ok(verdict) => verdict,
                    Err(why) => return hook.unanswered(&why).map(|()| true),
                };
                warnings.extend(verdict.warnings.iter().cloned());
                verdict.refusal(&hook.name)?;
                if ask.object.is_some()
                    && let Some(patch) = &verdict.patch
                {
                    let before = matched.show(object);
                    let patched = mainstay_object::patch::json_patch(&before, patch)
                        .map_err(|why| Failure::internal(&why.to_string()))?;
                    *object = matched.back(patched, ask.resource);
                }
                Ok(true)
            }
        }
    }

    /// Asks every validating webhook; the first refusal counts.
    pub(crate) fn admit(&mut self, ask: &Ask<'_>, warnings: &mut Vec<String>) -> Result<(), Failure> {
        self.admit_by_policies(ask, warnings)?;
        let hooks = hooks::read(&self.store, hooks::VALIDATING);
        let mut verdicts = Vec::new();
        let mut missing = None;
        for hook in &hooks {
            let Some(matched) = self.matching(ask, hook)? else { continue };
            let call = match self.call(ask, hook, &matched, 0) {
                Ok(call) => call,
                Err(why) => {
                    verdicts.push((hook, String::new(), Err(why)));
                    continue;
                }
            };
            let uid = call.uid.clone();
            match self.asked(call) {
                Asked::Wanted => missing = missing.or(Some(hook)),
                Asked::Answered(answer) => verdicts.push((hook, uid, answer)),
            }
        }
        if let Some(hook) = missing {
            return Err(unanswered(hook));
        }
        for (hook, uid, answer) in verdicts {
            match answer.and_then(|body| review::read(&body, &uid)) {
                Err(why) => hook.unanswered(&why)?,
                Ok(Verdict { patch: Some(_), .. }) => {
                    hook.unanswered("a validating webhook must not patch")?;
                }
                Ok(verdict) => {
                    warnings.extend(verdict.warnings.iter().cloned());
                    verdict.refusal(&hook.name)?;
                }
            }
        }
        Ok(())
    }

    /// How the webhook sees the write, if it is to see it.
    fn matching(&self, ask: &Ask<'_>, hook: &Hook) -> Result<Option<Matched>, Failure> {
        if ask.resource.group == "admissionregistration.k8s.io" {
            return Ok(None);
        }
        let Some(matched) = hook.matched(ask, &self.registry) else { return Ok(None) };
        let labels = self.namespace_labels(ask);
        if !hook.selects(ask, labels.as_ref()) {
            return Ok(None);
        }
        if hook.conditions.is_empty() {
            return Ok(Some(matched));
        }
        let request = review::request(ask, &matched, &self.admission.options, "");
        match conditions::hold(&hook.conditions, &request) {
            Ok(true) => Ok(Some(matched)),
            Ok(false) => Ok(None),
            Err(why) if hook.fails => {
                let kind = body::text(&request, "/kind/kind");
                let message = format!("{kind} \"{}\" is forbidden: {why}", ask.name);
                Err(Failure::new(403, "Forbidden", message).about(ask.resource.named(), ask.name))
            }
            Err(_) => Ok(None),
        }
    }

    /// The labels that a namespace selector looks at; none for what is in no namespace.
    fn namespace_labels(&self, ask: &Ask<'_>) -> Option<Value> {
        let labels =
            |object: &Value| body::meta_value(object, "labels").cloned().unwrap_or_else(|| json!({}));
        let itself = ask.resource.group.is_empty() && ask.resource.plural == "namespaces";
        if itself {
            return ask.object.or(ask.old).map(labels);
        }
        if !ask.resource.namespaced {
            return None;
        }
        let entry = self.store.get(&format!("/namespaces/{}", ask.namespace));
        Some(entry.map_or_else(|| json!({}), |entry| labels(&body::parse(&entry.body))))
    }

    fn call(&self, ask: &Ask<'_>, hook: &Hook, matched: &Matched, round: usize) -> Result<Call, String> {
        if ask.dry_run && !hook.without_side_effects {
            return Err(call::NO_DRY_RUN.to_owned());
        }
        let (url, connect) = hook.address(&self.store)?;
        let mut request = review::request(ask, matched, &self.admission.options, "");
        let content = format!("{} {url} {round} {request}", hook.name);
        let uid = call::uid(&content);
        request["uid"] = (&*uid).into();
        let body = review::envelope(request);
        let key = mainstay_object::Digest::of_bytes(content.as_bytes()).hex();
        Ok(Call { key, uid, url, connect, ca_bundle: hook.ca_bundle.clone(), seconds: hook.seconds, body })
    }

    fn asked(&mut self, call: Call) -> Asked {
        match self.admission.resumed.answers.get(&call.key) {
            Some(answer) => {
                let answer = answer.clone().map_err(|why| format!("failed to call webhook: {why}"));
                Asked::Answered(answer)
            }
            None => {
                self.admission.wanted.borrow_mut().push(call);
                Asked::Wanted
            }
        }
    }
}

impl Hook {
    /// What an unanswered question means: nothing, or the end of the request.
    fn unanswered(&self, why: &str) -> Result<(), Failure> {
        if why == call::NO_DRY_RUN {
            let message = format!("admission webhook \"{}\" does not support dry run", self.name);
            return Err(Failure::bad_request(message));
        }
        if !self.fails {
            return Ok(());
        }
        Err(Failure::internal(&format!("failed calling webhook \"{}\": {why}", self.name)))
    }
}

fn unanswered(hook: &Hook) -> Failure {
    Failure::internal(&format!(
        "failed calling webhook \"{}\": failed to call webhook: nobody calls webhooks here",
        hook.name
    ))
}

impl Cluster {
    /// Lets mutating webhooks change an object that is to be stored, defaults included.
    pub(crate) fn mutate_write(
        &mut self,
        act: &mut Act<'_>,
        live: Option<&Value>,
        object: &mut Value,
    ) -> Result<(), Failure> {
        if self.store.range(hooks::MUTATING, None).next().is_none() {
            return Ok(());
        }
        let (resource, mut shown) = (act.resource.clone(), object.clone());
        let name = match live {
            Some(_) => act.name.to_owned(),
            // What a new object gets from the server, it gets afterwards.
            None => {
                for field in ["uid", "creationTimestamp", "generation"] {
                    body::set_meta(&mut shown, field, None);
                }
                if !body::meta(object, "generateName").is_empty() && act.name.is_empty() {
                    body::set_meta(&mut shown, "name", None);
                }
                body::meta(&shown, "name").to_owned()
            }
        };
        let mut warnings = Vec::new();
        let ask = ask(act, &resource, &name, live, Some(&shown));
        let changed = self.mutate(&ask, &mut warnings);
        note(&mut act.warnings, warnings);
        if let Some(mut changed) = changed? {
            for field in ["name", "namespace", "uid", "creationTimestamp", "generation", "resourceVersion"] {
                body::set_meta(&mut changed, field, body::meta_value(object, field).cloned());
            }
            act.set_defaults(&mut changed);
            *object = changed;
        }
        Ok(())
    }

    /// Asks the validating webhooks about what is about to be stored.
    pub(crate) fn admit_write(
        &mut self,
        act: &mut Act<'_>,
        live: Option<&Value>,
        object: &Value,
    ) -> Result<(), Failure> {
        let (resource, name) = (act.resource.clone(), body::meta(object, "name").to_owned());
        let mut warnings = Vec::new();
        let ask = ask(act, &resource, &name, live, Some(object));
        let admitted = self.admit(&ask, &mut warnings);
        note(&mut act.warnings, warnings);
        admitted
    }

    /// Asks all webhooks about an object that is to be deleted.
    pub(crate) fn admit_delete(
        &mut self,
        act: &mut Act<'_>,
        live: &Value,
        dry_run: bool,
    ) -> Result<(), Failure> {
        let (resource, name) = (act.resource.clone(), act.name.to_owned());
        let mut warnings = Vec::new();
        let mut ask = ask(act, &resource, &name, Some(live), None);
        ask.operation = Operation::Delete;
        ask.dry_run = dry_run;
        let admitted = match self.mutate(&ask, &mut warnings) {
            Ok(_) => self.admit(&ask, &mut warnings),
            Err(failure) => Err(failure),
        };
        note(&mut act.warnings, warnings);
        admitted
    }
}

fn ask<'a, 'b: 'a>(
    act: &Act<'b>,
    resource: &'a Resource,
    name: &'a str,
    live: Option<&'a Value>,
    object: Option<&'a Value>,
) -> Ask<'a> {
    Ask {
        operation: if live.is_some() { Operation::Update } else { Operation::Create },
        resource,
        subresource: act.subresource,
        namespace: act.namespace,
        name,
        user: act.user,
        dry_run: act.options.dry_run,
        object,
        old: live,
    }
}

/// Adds warnings that are not there yet.
pub(crate) fn note(warnings: &mut Vec<String>, more: Vec<String>) {
    for warning in more {
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
}

/// The answers of one round, added to those before.
impl Resumed {
    pub fn with(mut self, answers: BTreeMap<String, Answer>) -> Self {
        self.answers.extend(answers);
        self
    }
}
