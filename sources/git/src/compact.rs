//! Few packs in a mirror, however often it fetches.

use crate::GitError;
use crate::folder::remove;
use git2::{Oid, Repository};
use std::fs;
use std::path::Path;

const MAX_PACKS: usize = 50;

/// Every fetch leaves a pack; after enough of them, those that are small become one, as `git repack --geometric=3` has it.
/// The history, most of what there is, is written anew only when as much again has come in, without what nothing reaches
/// any more. Whether packs were replaced.
pub(crate) fn compact(repository: &Repository) -> Result<bool, GitError> {
    let folder = repository.path().join("objects/pack");
    let disk = |e: std::io::Error| GitError::disk(&folder, &e);
    let mut packs = Vec::new();
    for file in fs::read_dir(&folder).map_err(disk)? {
        let path = file.map_err(disk)?.path();
        if path.extension().is_some_and(|e| e == "pack") {
            packs.push((path.metadata().map_err(disk)?.len(), path));
        }
    }
    if packs.len() < MAX_PACKS {
        return Ok(false);
    }
    packs.sort_by(|a, b| b.cmp(a));
    let stay = staying(&packs.iter().map(|(size, _)| *size).collect::<Vec<_>>());
    let failed = |e: git2::Error| GitError::local(repository.path(), &e);
    let mut builder = repository.packbuilder().map_err(failed)?;
    if stay == 0 {
        let mut walk = repository.revwalk().map_err(failed)?;
        walk.push_glob("refs/*").map_err(failed)?;
        builder.insert_walk(&mut walk).map_err(failed)?;
        // A walk is of commits, past the tags that lead to them.
        for reference in repository.references_glob("refs/*").map_err(failed)? {
            let mut next = reference.map_err(failed)?.target();
            while let Some(tag) = next.and_then(|id| repository.find_tag(id).ok()) {
                builder.insert_object(tag.id(), None).map_err(failed)?;
                next = Some(tag.target_id());
            }
        }
    } else {
        for (_, pack) in &packs[stay..] {
            for id in objects(&pack.with_extension("idx"))? {
                builder.insert_object(id, None).map_err(failed)?;
            }
        }
    }
    builder.write(&folder, 0o644).map_err(failed)?;
    let name = builder.name().map_err(failed)?.map(|name| format!("pack-{name}"));
    for (_, old) in &packs[stay..] {
        if name.as_deref() == old.file_stem().and_then(|s| s.to_str()) {
            continue;
        }
        // The index first: a pack without one is not looked at.
        for extension in ["idx", "rev", "pack"] {
            remove(&old.with_extension(extension))?;
        }
    }
    Ok(true)
}

/// How many of the packs, the largest first, are each at least twice as large as all that are smaller together.
fn staying(sizes: &[u64]) -> usize {
    let mut below: u64 = sizes.iter().sum();
    sizes
        .iter()
        .take_while(|size| {
            below -= **size;
            **size >= 2 * below
        })
        .count()
        // What is merged is more than one.
        .min(sizes.len().saturating_sub(2))
}

/// The names in an index of version 2 (gitformat-pack): a magic number, the version, 256 counts, then the sorted names.
fn objects(index: &Path) -> Result<Vec<Oid>, GitError> {
    let bytes = fs::read(index).map_err(|e| GitError::disk(index, &e))?;
    let names = bytes.get(8 + 255 * 4..).and_then(|rest| {
        let (count, names) = rest.split_first_chunk()?;
        names.get(..20 * u32::from_be_bytes(*count) as usize)
    });
    let Some(names) = names else {
        return Err(GitError::Corrupt { what: index.display().to_string(), why: "it ends too early".into() });
    };
    let name = |bytes: &[u8]| Oid::from_bytes(bytes).map_err(|e| GitError::local(index, &e));
    names.chunks_exact(20).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_packs_become_one_and_large_ones_only_with_their_like() {
        let small = [1; 50];
        assert_eq!(staying(&small), 0);
        assert_eq!(staying(&[&[1000], &small[..]].concat()), 1);
        assert_eq!(staying(&[&[1000, 200], &small[..]].concat()), 2);
        assert_eq!(staying(&[&[1000, 400, 200], &small[..]].concat()), 0, "as much has come in");
        assert_eq!(staying(&[81, 27, 9, 3, 1]), 3, "one alone is not merged");
    }
}
