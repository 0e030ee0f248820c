//! Encrypted files and objects of a unit: as kustomize-controller does, files of secretGenerators are decrypted before the
//! build, and objects after it.
use crate::chart::TELLING;
use crate::external::Asker;
use mainstay_kustomize::{SecretFile, SecretSource};
use mainstay_native::PLATFORM_TENANT;
use mainstay_object::{Object, ObjectKey, Value};
use mainstay_secrets::{Integrity, Keys, Limits, Reference, decrypt_object, decrypt_referenced};
use mainstay_unit::{Content, Desired, ServiceAccount};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What a unit decrypts with.
pub(crate) struct Decryption {
    /// The keys, or why there are none.
    keys: Result<Keys, String>,
    /// The first thing that would have needed the keys that there are not.
    locked: RefCell<Option<Locked>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Locked {
    pub what: String,
    pub why: String,
    /// The object says of itself that it declares something. SOPS leaves kinds in the clear.
    pub declares: bool,
}

impl Decryption {
    /// With the content of the Secret that holds the keys.
    pub(crate) fn new(secret: Result<&Content, String>) -> Self {
        let keys =
            secret.and_then(|secret| Keys::from_secret(secret.entries()).map_err(|error| error.to_string()));
        Self { keys, locked: RefCell::default() }
    }

    pub(crate) fn into_locked(self) -> Option<Locked> {
        self.locked.into_inner()
    }

    /// The clear content of a file, or nothing if it is not encrypted. What is locked is empty: it is never applied.
    pub(crate) fn file(&self, file: SecretFile<'_>) -> Result<Option<Vec<u8>>, String> {
        let reference = match file.source {
            SecretSource::File(entry) => Reference::File(entry),
            SecretSource::Env(path) => Reference::Env(path),
        };
        let none = Keys::default();
        let keys = self.keys.as_ref().unwrap_or(&none);
        match (
            decrypt_referenced(reference, file.bytes, keys, Integrity::Document, &Limits::default()),
            &self.keys,
        ) {
            (Ok(clear), _) => Ok(clear.map(|clear| clear.to_vec())),
            (Err(_), Err(why)) => {
                self.lock(file.path, why, false);
                Ok(Some(Vec::new()))
            }
            (Err(error), Ok(_)) => Err(error.to_string()),
        }
    }

    /// The object in the clear; nothing if it is not encrypted, or locked.
    pub(crate) fn object(&self, desired: &Desired, declares: bool) -> Result<Option<Value>, String> {
        let object = &desired.object;
        if !is_encrypted(object) {
            return Ok(None);
        }
        match &self.keys {
            Err(why) => {
                self.lock(&desired.origin.file, why, declares);
                Ok(None)
            }
            Ok(keys) => {
                decrypt_object(object.value(), keys, &Limits::default()).map_err(|error| error.to_string())
            }
        }
    }

    fn lock(&self, what: &str, why: &str, declares: bool) {
        let mut locked = self.locked.borrow_mut();
        let first = locked.get_or_insert_with(|| Locked { what: what.into(), why: why.into(), declares });
        first.declares |= declares;
    }
}

/// The Platform's keys, for a unit that names none. What is encrypted for them lies in the open, and whoever may commit to a
/// unit could copy it there and read it: so they are for those who run as Mainstay itself, with nobody else above them.
pub(crate) fn shared_keys(asker: Asker<'_>) -> Result<mainstay_unit::Reference, String> {
    const NONE: &str = "the unit names no Secret with keys";
    let shared = match asker.allowed.decryption() {
        Ok(Some(shared)) => shared,
        Ok(None) => {
            return Err(format!(
                "{NONE}, nor does a Platform, whose spec.decryption is what --sops-age-secret is to \
                 kustomize-controller"
            ));
        }
        Err(why) => return Err(format!("{NONE}, and whether the Platform does is not known: {why}")),
    };
    let as_account = |account: &ServiceAccount| format!("as {}/{}", account.namespace, account.name);
    let declared = asker.declared;
    let tenant = declared.owner.as_ref().filter(|owner| *owner != PLATFORM_TENANT);
    let other = match (tenant, &declared.unit.service_account, declared.authorities.first()) {
        (Some(tenant), _, _) => format!("is tenant {tenant}'s"),
        (None, Some(account), _) => format!("is applied {}", as_account(account)),
        (None, None, Some(above)) => format!("is declared by what is applied {}", as_account(&above.account)),
        (None, None, None) => return Ok(shared.keys()),
    };
    Err(format!(
        "{NONE}, and the Platform's are for units that run as Mainstay itself, where this one {other}: name one in \
         spec.decryption.secretRef"
    ))
}

pub(crate) fn is_encrypted(object: &Object) -> bool {
    mainstay_secrets::is_encrypted(object.value())
}

/// Which objects secrets decide about.
pub(crate) struct Depends<'a> {
    /// What the same render made of other secrets.
    other: BTreeMap<ObjectKey, &'a Object>,
    telling: Vec<String>,
}

impl<'a> Depends<'a> {
    /// `other` is what another render made of other secrets.
    pub(crate) fn on(other: impl Iterator<Item = &'a Desired>, secret: &[String]) -> Self {
        let other = other.map(|desired| (desired.object.key(), &desired.object)).collect();
        Self { other, telling: secret.iter().filter(|text| text.len() > TELLING).cloned().collect() }
    }

    /// Whether the object would be another one if the secrets were, or holds one as it is.
    pub(crate) fn does(&self, desired: &Desired) -> bool {
        let same = self.other.get(&desired.object.key()).is_some_and(|other| **other == desired.object);
        !same || holds(desired.object.value(), &self.telling)
    }
}

/// Whether a text of the object holds one of the values.
pub(crate) fn holds(value: &Value, secret: &[String]) -> bool {
    match value {
        Value::String(text) => secret.iter().any(|secret| text.contains(secret)),
        Value::Array(items) => items.iter().any(|item| holds(item, secret)),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| secret.iter().any(|secret| name.contains(secret)) || holds(value, secret)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
