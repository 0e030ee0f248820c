use crate::{Desired, Policy};
use mainstay_diagnostic::Location;
use mainstay_object::{Digest, DigestKey, GroupVersionKind, Object, ObjectKey, canonical_bytes};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

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
    like: Option<Arc<[u8]>>,
}

/// What the objects of a template look like: further ones are packed as what differs from them.
#[derive(Clone)]
pub struct Pattern(Arc<[Arc<[u8]>]>);

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
        let packs: Vec<Arc<Pack>> =
            texts.iter().enumerate().map(|(i, text)| Arc::new(Pack::of(text, like, i))).collect();
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
        let value = serde_json::from_slice(text).expect("the text of an object, written here");
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
    fn of(text: &[u8], like: Option<&Pattern>, chunk: usize) -> Self {
        let like = like.and_then(|pattern| pattern.0.get(chunk)).cloned();
        let packed = match &like {
            Some(like) => lz4_flex::block::compress_with_dict(text, like),
            None => lz4_flex::block::compress(text),
        };
        Self { packed: packed.into_boxed_slice(), size: text.len(), like }
    }

    fn text(&self) -> Vec<u8> {
        let text = match &self.like {
            Some(like) => lz4_flex::block::decompress_with_dict(&self.packed, self.size, like),
            None => lz4_flex::block::decompress(&self.packed, self.size),
        };
        text.expect("it was packed with the same pattern")
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
fn chunks(objects: &[Desired]) -> (Vec<Vec<u8>>, Places) {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    let mut places = Vec::with_capacity(objects.len());
    for desired in objects {
        let text = canonical_bytes(desired.object.value());
        if texts.last().is_none_or(|last| last.len() + text.len() > CHUNK) {
            texts.push(Vec::new());
        }
        let chunk = texts.len() - 1;
        let from = texts[chunk].len();
        texts[chunk].extend_from_slice(&text);
        places.push((chunk, from, texts[chunk].len()));
    }
    (texts, places)
}

/// A chunk is one object, limited by its reader, or shorter than [`CHUNK`].
fn small(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
