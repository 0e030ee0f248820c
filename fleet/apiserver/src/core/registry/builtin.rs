//! The kinds that every cluster serves, read from `builtin.txt` once per process.

use crate::core::registry::resource::{Resource, Subresource};
use mainstay_object::{GroupVersion, GroupVersionKind, Kinds, Minor};
use std::sync::{Arc, LazyLock};

/// In discovery order.
pub fn all(minor: Minor) -> &'static [Arc<Resource>] {
    static V1_31: LazyLock<Vec<Arc<Resource>>> = LazyLock::new(|| served(Minor::V1_31));
    static V1_36: LazyLock<Vec<Arc<Resource>>> = LazyLock::new(|| served(Minor::V1_36));
    match minor {
        Minor::V1_31 => &V1_31,
        Minor::V1_36 => &V1_36,
    }
}

/// An older version serves what there was of the newest one's then.
fn served(minor: Minor) -> Vec<Arc<Resource>> {
    let resources = include_str!("builtin.txt").lines().filter_map(line);
    let there = resources.filter_map(|mut resource| {
        resource.minor = minor;
        if minor != Minor::NEWEST {
            let info = Kinds::of_minor(minor).get(&resource.gvk())?;
            resource.subresources.retain(|one| info.subresource(&one.name).is_some());
        }
        Some(Arc::new(resource))
    });
    there.collect()
}

fn line(text: &str) -> Option<Resource> {
    let mut words = text.split(' ').filter(|w| !w.is_empty());
    let api_version = words.next().filter(|w| !w.starts_with('#'))?;
    let gv = GroupVersion::parse(api_version);
    let (plural, singular, kind, scope) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let (short_names, categories) = (list(words.next()?), list(words.next()?));
    let verbs = words.next().map(verbs)?;
    let hash = words.next().filter(|w| *w != "-").unwrap_or_default();
    let subresources = words.filter_map(|word| subresource(word, &gv)).collect();
    Some(Resource {
        group: gv.group,
        version: gv.version,
        plural: plural.to_owned(),
        singular: singular.to_owned(),
        kind: kind.to_owned(),
        list_kind: format!("{kind}List"),
        namespaced: scope == "N",
        short_names,
        categories,
        verbs,
        storage_hash: hash.to_owned(),
        subresources,
        custom: None,
        minor: Minor::NEWEST,
    })
}

fn subresource(word: &str, gv: &GroupVersion) -> Option<Subresource> {
    let (name, rest) = word.split_once('=')?;
    let (kind, letters) = rest.split_once(':')?;
    let kind = match kind.rsplit_once('/') {
        Some((api_version, kind)) => GroupVersion::parse(api_version).kind(kind),
        None => GroupVersionKind::new(&*gv.group, &*gv.version, kind),
    };
    Some(Subresource { name: name.to_owned(), kind, verbs: verbs(letters) })
}

fn list(word: &str) -> Vec<String> {
    if word == "-" { Vec::new() } else { word.split(',').map(str::to_owned).collect() }
}

fn verbs(letters: &str) -> Vec<&'static str> {
    letters
        .chars()
        .filter_map(|letter| match letter {
            'c' => Some("create"),
            'd' => Some("delete"),
            'D' => Some("deletecollection"),
            'g' => Some("get"),
            'l' => Some("list"),
            'p' => Some("patch"),
            'u' => Some("update"),
            'w' => Some("watch"),
            _ => None,
        })
        .collect()
}
