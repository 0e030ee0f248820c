//! The comments of a document: everything behind a `#` that is no part of a scalar.

use crate::tree::Comment;

/// Byte offsets of a document's text; what a scalar covers is given in source order.
pub(super) struct Comments<'t> {
    all: Vec<Found<'t>>,
    next: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Found<'t> {
    pub(super) at: usize,
    /// Of the `#`, from zero.
    pub(super) column: usize,
    /// Nothing but blanks stands before it.
    pub(super) own_line: bool,
    /// What follows the `#`.
    pub(super) text: &'t str,
}

impl Found<'_> {
    pub(super) fn comment(&self, inline: bool) -> Comment {
        Comment { text: self.text.into(), inline }
    }
}

impl<'t> Comments<'t> {
    /// `covered` are the ranges of all scalars, sorted.
    pub(super) fn find(text: &'t str, start: usize, end: usize, covered: &[(usize, usize)]) -> Self {
        let text = &text[..end];
        let mut all = Vec::new();
        let mut covered = covered.iter().peekable();
        let mut at = start;
        while let Some(found) = text[at..].find('#') {
            let hash = at + found;
            while covered.next_if(|(_, end)| *end <= hash).is_some() {}
            if let Some((_, end)) = covered.peek().filter(|(start, _)| *start <= hash) {
                at = *end;
                continue;
            }
            at = hash + 1;
            if text[..hash].chars().next_back().is_none_or(|c| matches!(c, '\n' | ' ' | '\t')) {
                let line = text[..hash].rfind('\n').map_or(0, |at| at + 1);
                let before = &text[line..hash];
                let end = text[hash..].find('\n').map_or(text.len(), |length| hash + length);
                let comment = text[hash + 1..end].trim_end_matches('\r');
                let own_line = before.trim().is_empty();
                all.push(Found { at: hash, column: before.chars().count(), own_line, text: comment });
                at = end;
            }
        }
        Self { all, next: 0 }
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The next comment, if it stands before `limit` and is `wanted`.
    pub(super) fn take(&mut self, limit: usize, wanted: impl Fn(&Found<'t>) -> bool) -> Option<Found<'t>> {
        let found = *self.all.get(self.next).filter(|found| found.at < limit && wanted(found))?;
        self.next += 1;
        Some(found)
    }
}
