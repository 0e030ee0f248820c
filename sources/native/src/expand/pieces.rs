use super::context::Context;
use super::{Expanded, NativeUnit};
use crate::kinds::DependencyRef;
use crate::{Declarations, Document, Place};
use mainstay_unit::{Dependency, Unit};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// What documents expanded to. It is good among the same Platform, tenants and clusters; dropping it costs time alone.
#[derive(Default)]
pub struct Expansions {
    /// The documents that every other one is read with.
    among: Vec<Arc<dyn Any + Send + Sync>>,
    /// By where a document is in memory: it stays there as long as it is kept here.
    pieces: HashMap<usize, Piece>,
    /// Units with their dependencies, by where the unit without them is.
    resolved: HashMap<usize, (Arc<Unit>, Arc<Unit>)>,
    generation: u64,
}

struct Piece {
    document: Arc<dyn Any + Send + Sync>,
    out: Arc<Expanded>,
    generation: u64,
}

/// All documents together, and for each unit what it depends on and where that is written.
pub(super) struct Whole<'a> {
    pub out: Expanded,
    pub depends_on: Vec<(&'a [DependencyRef], &'a Place)>,
}

/// What every kind of document that declares units has.
pub(super) trait Dependent {
    fn depends_on(&self) -> &[DependencyRef];
}

impl Expansions {
    pub(super) fn begin(&mut self, declarations: &Declarations) {
        self.generation += 1;
        let mut among: Vec<Arc<dyn Any + Send + Sync>> = Vec::new();
        among.extend(declarations.platforms.iter().map(|d| d.clone() as _));
        among.extend(declarations.tenants.iter().map(|d| d.clone() as _));
        among.extend(declarations.clusters.iter().map(|d| d.clone() as _));
        let same = among.len() == self.among.len()
            && among.iter().zip(&self.among).all(|(new, old)| Arc::ptr_eq(new, old));
        if !same {
            self.pieces.clear();
            self.resolved.clear();
            self.among = among;
        }
    }

    pub(super) fn end(&mut self) {
        let now = self.generation;
        self.pieces.retain(|_, piece| piece.generation == now);
    }

    pub(super) fn expand<'a, S: Dependent + Send + Sync + 'static>(
        &mut self,
        document: &'a Arc<Document<S>>,
        context: &mut Context<'a>,
        whole: &mut Whole<'a>,
        expand: impl Fn(&'a Document<S>, &mut Context<'a>),
    ) {
        let place = Arc::as_ptr(document).addr();
        let shared = document.clone() as Arc<dyn Any + Send + Sync>;
        let known = self.pieces.get_mut(&place).filter(|piece| Arc::ptr_eq(&piece.document, &shared));
        let out = match known {
            Some(piece) => {
                piece.generation = self.generation;
                piece.out.clone()
            }
            None => {
                expand(document, context);
                let out = Arc::new(std::mem::take(&mut context.out));
                let piece = Piece { document: shared, out: out.clone(), generation: self.generation };
                self.pieces.insert(place, piece);
                out
            }
        };
        let depends_on = (document.spec.depends_on(), &document.place);
        whole.depends_on.extend(out.units.iter().map(|_| depends_on));
        whole.out.units.extend(out.units.iter().cloned());
        whole.out.repositories.extend(out.repositories.iter().map(|(id, need)| (id.clone(), need.clone())));
        whole.out.diagnostics.extend(out.diagnostics.iter().cloned());
        whole.out.unread.extend(out.unread.iter().cloned());
    }

    /// The unit with these dependencies beside its own: the very same one where it had them before.
    pub(super) fn resolved(&mut self, native: &NativeUnit, more: Vec<Dependency>) -> Arc<Unit> {
        let place = Arc::as_ptr(&native.unit).addr();
        let own = native.unit.depends_on.len();
        if let Some((before, with)) = self.resolved.get(&place)
            && Arc::ptr_eq(before, &native.unit)
            && with.depends_on.get(own..) == Some(&*more)
        {
            return with.clone();
        }
        let mut with = Unit::clone(&native.unit);
        with.depends_on.extend(more);
        let with = Arc::new(with);
        self.resolved.insert(place, (native.unit.clone(), with.clone()));
        with
    }

    /// Forgets units that were not among the last ones.
    pub(super) fn keep(&mut self, units: &[Arc<Unit>]) {
        let used: std::collections::HashSet<usize> = units.iter().map(|u| Arc::as_ptr(u).addr()).collect();
        self.resolved.retain(|place, _| used.contains(place));
    }
}
