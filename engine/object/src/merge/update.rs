use super::apply::finish;
use super::owners::{Owned, Owner, Owners, unowned};
use super::typed::{self, Duplicates};
use super::write::{
    Versioned, api_version, empty_like, live_in, put_managed_fields, reconcile_owners, take_from_others,
    take_managed_fields, too_deep,
};
use super::{WriteContext, WriteError, Written};
use crate::{ManagedFields, Operation, defaulting};
use serde_json::Value;

/// Every other write: `new` is what is to be stored, defaulted; `live` is `None` on create. Returns it with its
/// managedFields: what changed belongs to the writer, and to nobody else.
///
/// Clients may edit managedFields: where `new` has some that can be read they replace the live ones first, and an empty
/// list resets them; through a subresource neither. An object that nobody tracked so far stays untracked until it is
/// applied. What cannot be tracked (it does not fit its type) loses its managedFields: writes never fail because of
/// them.
pub fn update<'l>(
    live: Option<&'l Value>,
    new: &Value,
    context: &WriteContext<'_>,
) -> Result<Written<'l>, WriteError> {
    if too_deep(new) || live.is_some_and(too_deep) {
        return Err(WriteError::Depth);
    }
    let mut new = new.clone();
    let given = take_managed_fields(&mut new);
    if !context.versions.complete(&mut new) {
        defaulting::normalize(&mut new, context.types, context.type_id);
    }
    let of_live = || live.and_then(|live| ManagedFields::of(live).ok()).unwrap_or_default();
    let fields = match given {
        Some(given) if context.subresource.is_empty() => {
            if is_reset(&given) {
                ManagedFields::default()
            } else {
                ManagedFields::parse(&given)
                    .ok()
                    .filter(|given| !given.entries.is_empty())
                    .unwrap_or_else(of_live)
            }
        }
        Some(_) | None => of_live(),
    };
    let mut owners = Owners::of(fields);
    if owners.0.is_empty() && live.is_some() {
        return Ok(finish(live, new));
    }
    let version = api_version(&new).to_owned();
    let after = Versioned::owned(new, &version, context.type_id);
    let before = live.map(|live| live_in(Some(live), &after.value, context));
    let fits = |object: &Versioned<'_>| {
        typed::check(&object.value, context.types, context.type_id, Duplicates::Allowed).is_empty()
    };
    let writer = |version: &str| Owner::new(context.manager, Operation::Update, version, context.subresource);
    if fits(&after)
        && before.as_ref().is_none_or(fits)
        && track(before.as_ref(), &after, &mut owners, writer(&version), context).is_ok()
    {
        owners.cap_updaters();
    } else {
        owners = Owners::default();
    }
    let mut object = after.value.into_owned();
    put_managed_fields(&mut object, &owners.into_fields());
    Ok(finish(live, object))
}

/// Gives the writer what differs between the two objects, without their managedFields.
pub(super) fn track(
    before: Option<&Versioned<'_>>,
    after: &Versioned<'_>,
    owners: &mut Owners,
    writer: Owner,
    context: &WriteContext<'_>,
) -> Result<(), WriteError> {
    let version = after.api_version.as_str();
    let empty;
    let before = match before {
        Some(before) => before,
        None => {
            empty = Versioned::owned(empty_like(&after.value, context), version, context.type_id);
            &empty
        }
    };
    reconcile_owners(owners, before, context)?;
    let (_, comparison) = take_from_others(before, after, owners, None, context)?;
    let set = comparison.modified.union(&comparison.added).difference(unowned());
    if set.is_empty() {
        return Ok(());
    }
    let set = match owners.0.get(&writer) {
        Some(owned) => owned.set.union(&set),
        None => set,
    };
    let owned = Owned { set, api_version: version.to_owned(), time: Some(context.now.to_owned()) };
    owners.0.insert(writer, owned);
    Ok(())
}

/// An empty list, or a list of one empty entry.
fn is_reset(list: &Value) -> bool {
    match list.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([one]) => one.as_object().is_some_and(|entry| entry.values().all(Value::is_null)),
        Some([_, _, ..]) | None => false,
    }
}
