//! The hash tree of a log (RFC 6962, section 2.1).

use ring::digest::{Context, SHA256};

pub type Hash = [u8; 32];

/// Of a tree with as many leaves as can be counted.
pub const DEEPEST: usize = 64;

/// The root of the tree of `size` leaves that a leaf and its path lead to (RFC 9162, section 2.1.3.2).
pub fn root(leaf: &[u8], index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size || path.len() > DEEPEST {
        return None;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = hashed(&[&[0], leaf]);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = hashed(&[&[1], sibling, &hash]);
            // The last of an odd number has no sibling at its own height.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = hashed(&[&[1], &hash, sibling]);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

fn hashed(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// The root of a tree and the path of one of its leaves, by their definitions.
    pub fn tree(leaves: &[Vec<u8>], of: usize) -> (Hash, Vec<Hash>) {
        let [leaf] = leaves else {
            let half = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(half);
            let is_left = of < half;
            let (mut a, mut b) = (tree(left, of.min(half - 1)), tree(right, of.saturating_sub(half)));
            let path = if is_left { &mut a.1 } else { &mut b.1 };
            path.push(if is_left { b.0 } else { a.0 });
            let path = std::mem::take(path);
            return (hashed(&[&[1], &a.0, &b.0]), path);
        };
        (hashed(&[&[0], leaf]), Vec::new())
    }

    #[test]
    fn every_leaf_of_every_tree_leads_to_its_root_and_to_no_other() {
        for size in 1..=33_usize {
            let leaves: Vec<Vec<u8>> = (0..size).map(|n| vec![u8::try_from(n).unwrap()]).collect();
            for of in 0..size {
                let (top, path) = tree(&leaves, of);
                let (index, count) = (of as u64, size as u64);
                assert_eq!(root(&leaves[of], index, count, &path), Some(top), "{of} of {size}");
                assert_ne!(root(b"other", index, count, &path), Some(top));
                assert_ne!(root(&leaves[of], index + 1, count, &path), Some(top), "{of} of {size}");
                let longer = [path.clone(), vec![[0; 32]]].concat();
                assert_eq!(root(&leaves[of], index, count, &longer), None);
                if let Some((_, shorter)) = path.split_last() {
                    assert_eq!(root(&leaves[of], index, count, shorter), None);
                }
            }
        }
        assert_eq!(root(b"", 0, 0, &[]), None);
        assert_eq!(root(b"", 0, u64::MAX, &[[0; 32]; 65]), None);
    }
}
