use super::owners::{Owned, Owner, Owners, unowned};
use super::typed::{self, Duplicates};
use super::write::{
    Versioned, api_version, described, live_in, put_managed_fields, reconcile_owners, same_but_times,
    take_from_others, too_deep, without_managed_fields,
};
use super::{
    WriteContext, WriteError, Written, combine::combine, conflict, last_applied, prune::prune, settled,
    update,
};
use crate::{FieldSet, ManagedFields, Operation, defaulting, same_value};
use serde_json::Value;
use std::borrow::Cow;

/// Server-side apply: merges `applied` into `live` (`None` creates) and returns what to store. `force` takes fields
/// from managers that own them otherwise. Neither identity nor resourceVersion is checked here, and `applied` must be
/// in the version of the request.
pub fn apply<'l>(
    live: Option<&'l Value>,
    applied: &Value,
    force: bool,
    context: &WriteContext<'_>,
) -> Result<Written<'l>, WriteError> {
    if too_deep(applied) || live.is_some_and(too_deep) {
        return Err(WriteError::Depth);
    }
    match live {
        Some(live) if settled::is_settled(live, applied, context) => {
            Ok(Written { object: Cow::Borrowed(live) })
        }
        Some(_) | None => apply_by_merging(live, applied, force, context),
    }
}

/// What `apply` does where it can't tell at once that nothing changes.
pub(super) fn apply_by_merging<'l>(
    live: Option<&'l Value>,
    applied: &Value,
    force: bool,
    context: &WriteContext<'_>,
) -> Result<Written<'l>, WriteError> {
    let applied = match applied.pointer("/metadata/managedFields") {
        None => Cow::Borrowed(applied),
        Some(Value::Null) => Cow::Owned(without_managed_fields(applied)),
        Some(_) => return Err(WriteError::ManagedFieldsApplied),
    };
    let applied = applied.as_ref();
    let version = api_version(applied).to_owned();
    let before = live_in(live, applied, context);
    let mut owners = Owners::of(live.map_or_else(|| Ok(ManagedFields::default()), ManagedFields::of)?);
    let untracked = owners.0.is_empty() && live.is_some();
    let misfit = typed::check(&before.value, context.types, context.type_id, Duplicates::Allowed);
    if untracked && !misfit.is_empty() {
        return Err(WriteError::Untracked { object: described(&before.value), errors: misfit });
    }
    let errors = typed::check(applied, context.types, context.type_id, Duplicates::Refused);
    if !errors.is_empty() {
        return Err(WriteError::Applied { object: described(applied), errors });
    }
    if !misfit.is_empty() {
        return Err(WriteError::Live { object: described(&before.value), errors: misfit });
    }
    if untracked {
        // Whatever was there before anyone was tracked belongs to somebody.
        update::track(
            None,
            &before,
            &mut owners,
            Owner::new("before-first-apply", Operation::Update, &version, context.subresource),
            context,
        )?;
    }
    let applier = Owner::new(context.manager, Operation::Apply, "", context.subresource);
    let request = Request { before: &before, applied, applier: &applier, version: &version, context };
    let tracked = last_applied::may_excuse(context).then(|| owners.clone());
    let (mut object, mut owners) = match request.merge(owners, force) {
        Ok(done) => done,
        Err(WriteError::Conflicts(conflicts)) => {
            match (last_applied::unexcused(conflicts, &before, context), tracked) {
                (None, Some(tracked)) => request.merge(tracked, true)?,
                (conflicts, _) => return Err(WriteError::Conflicts(conflicts.unwrap_or_default())),
            }
        }
        Err(other) => return Err(other),
    };
    let same = same_value(&before.value, &object) && live.is_some();
    owners.subtract(&applier, unowned());
    if same {
        object = before.value.into_owned();
    } else {
        match context.default {
            Some(default) => default(&mut object),
            None => defaulting::normalize(&mut object, context.types, context.type_id),
        }
        if let Some(owned) = owners.0.get_mut(&applier) {
            owned.time = Some(context.now.to_owned());
        }
    }
    last_applied::refresh(&mut object, applied, context);
    put_managed_fields(&mut object, &owners.into_fields());
    Ok(finish(live, object))
}

/// The live object as it is where nothing but times would change.
pub(super) fn finish(live: Option<&Value>, object: Value) -> Written<'_> {
    let object = match live {
        Some(live) if same_but_times(live, &object) => Cow::Borrowed(live),
        Some(_) | None => Cow::Owned(object),
    };
    Written { object }
}

/// One apply, without what an API server adds to structured merge.
pub(super) struct Request<'a> {
    pub before: &'a Versioned<'a>,
    pub applied: &'a Value,
    pub applier: &'a Owner,
    pub version: &'a str,
    pub context: &'a WriteContext<'a>,
}

impl Request<'_> {
    /// The merged object without managedFields, and who owns what then.
    pub fn merge(&self, mut owners: Owners, force: bool) -> Result<(Value, Owners), WriteError> {
        let Self { before, applied, applier, version, context } = self;
        let types = context.types;
        reconcile_owners(&mut owners, before, context)?;
        let merged = combine(&before.value, applied, types, context.type_id);
        let last = owners.0.remove(*applier);
        let mut set = FieldSet::of(applied, types, context.type_id);
        if let Some(filter) = context.resets.and_then(|resets| resets.at(version)) {
            set = filter.pass(set);
        }
        let time = last.as_ref().and_then(|last| last.time.clone());
        let now = Owned { set, api_version: (*version).to_owned(), time };
        owners.0.insert((*applier).clone(), now);
        let merged = prune(merged, &owners, applier, last.as_ref(), context, version)?;
        let after = Versioned::owned(merged, version, context.type_id);
        let others = owners.0.keys().any(|owner| owner != *applier);
        let untouched = if others { owners.clone() } else { Owners::default() };
        let (conflicts, _) = take_from_others(before, &after, &mut owners, Some(applier), context)?;
        if !force && !conflicts.is_empty() {
            return Err(WriteError::Conflicts(conflict::list(&conflicts, &untouched.0)));
        }
        owners.0.retain(|_, owned| !owned.set.is_empty());
        Ok((after.value.into_owned(), owners))
    }
}
