use crate::{Desired, Policy};
use mainstay_diagnostic::Location;
use mainstay_object::{Digest, DigestKey, GroupVersionKind, Object, ObjectKey, canonical_bytes};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// Text that is packed together at most: a large unit is not unpacked whole for one of its objects.
const CHUNK: usize = 64 << 10;

/// An object of a render as it is kept between revisions: its text packed, beside what every revision asks of it.
#[derive(Debug, Clone)]
pub struct Manifest {
    pub key: ObjectKey,
    /// Of the kind that it is written as.
    pub version: Arc<str>,
    /// Of its canonical bytes: equal digests, equal objects.
    pub digest: Digest,
    pub origin: Location,
    /// What it asks of those who apply it.
    pub policy: Policy,
    /// It is a Secret, or holds what was one.
    pub(crate) secret: bool,
    body: Body,
}

/// A part of what was packed together.
#[derive(Clone)]
struct Body {
    pack: Arc<Pack>,
    from: u32,
    to: u32,
}

struct Pack {
    packed: Box<[u8]>,
    size: usize,
    like: Option<Arc<Plain>>,
    /// Something in it is a Secret, or holds what was one: nothing of it is left in memory that is given back.
    secret: bool,
}

/// Text that was never looked at for secrets.
type Plain = Zeroizing<Vec<u8>>;

/// What the objects of a template look like: further ones are packed as what differs from them.
#[derive(Clone)]
pub struct Pattern(Arc<[Arc<Plain>]>);

impl Pattern {
    pub fn of(objects: &[Desired]) -> Self {
        let (chunks, _) = chunks(objects);
        Self(chunks.into_iter().map(Arc::from).collect())
    }
}

/// Whose digests are keyed: those of Secrets, and of whatever else holds what was one.
#[derive(Clone, Copy)]
pub struct Secrecy<'a> {
    pub key: &'a DigestKey,
    pub sensitive: &'a BTreeSet<ObjectKey>,
}

impl Secrecy<'_> {
    fn covers(&self, key: &ObjectKey) -> bool {
        (key.kind() == "Secret" && key.group().is_empty()) || self.sensitive.contains(key)
    }

    fn digest(&self, object: &Object, text: &[u8]) -> Digest {
        if self.covers(&object.key()) { Digest::keyed(self.key, text) } else { Digest::of_bytes(text) }
    }
}

impl Manifest {
    pub fn pack(mut objects: Vec<Desired>, like: Option<&Pattern>, secrecy: Secrecy<'_>) -> Vec<Self> {
        objects.iter_mut().for_each(|desired| desired.object.resolve_string_data());
        let (texts, places) = chunks(&objects);
        let digest = |(desired, (chunk, from, to)): (&Desired, &(usize, usize, usize))| {
            secrecy.digest(&desired.object, &texts[*chunk][*from..*to])
        };
        let digests: Vec<Digest> = objects.iter().zip(&places).map(digest).collect();
        let mut secret = vec![false; texts.len()];
        for (desired, (chunk, ..)) in objects.iter().zip(&places) {
            secret[*chunk] |= secrecy.covers(&desired.object.key());
        }
        let packs: Vec<Arc<Pack>> =
            texts.iter().zip(secret).enumerate().map(|(i, text)| Arc::new(Pack::of(text, like, i))).collect();
        let mut versions: Vec<Arc<str>> = Vec::new();
        let with = |((desired, digest), (chunk, from, to)): ((Desired, Digest), (usize, usize, usize))| {
            let version = desired.object.group_version().version;
            let known = versions.iter().find(|known| ***known == *version).cloned();
            let version = known.unwrap_or_else(|| {
                versions.push(version.into());
                versions[versions.len() - 1].clone()
            });
            Self {
                key: desired.object.key(),
                version,
                digest,
                origin: desired.origin,
                policy: Policy::of(desired.object.value()),
                secret: secrecy.covers(&desired.object.key()),
                body: Body { pack: packs[chunk].clone(), from: small(from), to: small(to) },
            }
        };
        objects.into_iter().zip(digests).zip(places).map(with).collect()
    }

    pub fn object(&self) -> Object {
        let text = self.body.pack.text();
        let text = text.get(self.body.from as usize..self.body.to as usize).unwrap_or_default();
        // serde_json reads 127 levels; readers of objects and what patches them allow 100.
        let value =
            serde_json::from_slice(text).expect("the text of an object, written here and not too deep");
        Object::new(value).expect("it was an object when it was packed")
    }

    pub fn desired(&self) -> Desired {
        Desired { object: self.object(), origin: self.origin.clone() }
    }

    pub fn kind(&self) -> GroupVersionKind {
        GroupVersionKind::new(self.key.group(), &*self.version, self.key.kind())
    }
}

/// The digest stands for the text.
impl PartialEq for Manifest {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.key == other.key && self.origin == other.origin
    }
}

impl Pack {
    fn of((text, secret): (&Plain, bool), like: Option<&Pattern>, chunk: usize) -> Self {
        let like = like.and_then(|pattern| pattern.0.get(chunk)).cloned();
        let mut packed = match &like {
            Some(like) => lz4_flex::block::compress_with_dict(text, like),
            None => lz4_flex::block::compress(text),
        };
        let kept = Box::from(packed.as_slice());
        if secret {
            packed.zeroize();
        }
        Self { packed: kept, size: text.len(), like, secret }
    }

    fn text(&self) -> Plain {
        let text = match &self.like {
            Some(like) => lz4_flex::block::decompress_with_dict(&self.packed, self.size, like),
            None => lz4_flex::block::decompress(&self.packed, self.size),
        };
        Zeroizing::new(text.expect("it was packed with the same pattern"))
    }

    fn wipe(&mut self) {
        if self.secret {
            self.packed.zeroize();
        }
    }
}

impl Drop for Pack {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// It holds what a Secret holds.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.to - self.from)
    }
}

type Places = Vec<(usize, usize, usize)>;

/// The text of all objects in chunks, and for each its chunk and where in it.
fn chunks(objects: &[Desired]) -> (Vec<Plain>, Places) {
    let text = |desired: &Desired| Zeroizing::new(canonical_bytes(desired.object.value()));
    let texts: Vec<Plain> = objects.iter().map(text).collect();
    let mut sizes: Vec<usize> = Vec::new();
    let mut places = Vec::with_capacity(objects.len());
    for text in &texts {
        if sizes.last().is_none_or(|size| size + text.len() > CHUNK) {
            sizes.push(0);
        }
        let chunk = sizes.len() - 1;
        let from = sizes[chunk];
        sizes[chunk] += text.len();
        places.push((chunk, from, sizes[chunk]));
    }
    // Room is made once: what grows leaves copies behind.
    let mut chunks: Vec<Plain> =
        sizes.into_iter().map(|size| Zeroizing::new(Vec::with_capacity(size))).collect();
    for (text, (chunk, ..)) in texts.iter().zip(&places) {
        chunks[*chunk].extend_from_slice(text);
    }
    (chunks, places)
}

/// A chunk is one object, limited by its reader, or shorter than [`CHUNK`].
fn small(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_object::DigestKey;
    use serde_json::json;

    fn packed(kind: &str, sensitive: bool) -> Manifest {
        let object = Object::new(json!({
            "apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "data": {"x": "aHVzaCBodXNoIGh1c2g="},
        }));
        let object = object.expect("an object");
        let sensitive = BTreeSet::from_iter(sensitive.then(|| object.key()));
        let key = DigestKey([7; 32]);
        let desired = Desired { object, origin: Location::file("a.yaml") };
        Manifest::pack(vec![desired], None, Secrecy { key: &key, sensitive: &sensitive }).remove(0)
    }

    #[test]
    fn what_is_as_deep_as_readers_allow_is_unpacked() {
        let deep = (0..110).fold(json!(1), |below, _| json!({"x": below}));
        let object = json!({"apiVersion": "v1", "kind": "A", "metadata": {"name": "a"}, "data": deep});
        let desired = Desired {
            object: Object::new(object.clone()).expect("an object"),
            origin: Location::file("a.yaml"),
        };
        let secrecy = Secrecy { key: &DigestKey([7; 32]), sensitive: &BTreeSet::new() };
        assert_eq!(*Manifest::pack(vec![desired], None, secrecy)[0].object().value(), object);
    }

    #[test]
    fn what_held_a_secret_is_zero_before_its_memory_is_given_back() {
        for (kind, sensitive, wiped) in
            [("Secret", false, true), ("ConfigMap", true, true), ("ConfigMap", false, false)]
        {
            let manifest = packed(kind, sensitive);
            assert_eq!(manifest.object().value()["kind"], kind);
            let mut pack = Arc::into_inner(manifest.body.pack).expect("nobody else holds it");
            assert!(pack.packed.iter().any(|byte| *byte != 0));
            pack.wipe();
            assert_eq!(pack.packed.iter().all(|byte| *byte == 0), wiped, "{kind} {sensitive}");
        }
    }
}
