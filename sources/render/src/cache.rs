use crate::built::Builds;
use crate::declared::DeclaredUnit;
use crate::external::Externals;
use crate::folder::Folder;
use crate::outcome::Outcome;
use crate::reads::{Reads, digest, files, still_holds};
use crate::rules;
use crate::sources::Source;
use crate::views::Views;
use mainstay_kustomize::ParseCache;
use mainstay_native::Expansions;
use mainstay_object::{Digest, DigestKey, GroupKind};
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{Desired, Pattern, Unit, UnitId};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Earlier readings: files, declarations and renders, with what each of them looked at. Dropping it costs time, never
/// truth. What the last reading did not use is forgotten.
pub struct Cache {
    renders: HashMap<Digest, Kept>,
    /// What renders looked at: units out of one template looked at the same.
    looked: HashMap<Digest, Looked>,
    /// What a unit's render was asked with.
    questions: HashMap<UnitId, (Arc<Unit>, bool, Digest)>,
    /// What renders asked of the world when they were made last, by question.
    externals: HashMap<Digest, (Externals, u64)>,
    /// By folder, from its second render on: what its objects look like.
    patterns: HashMap<(String, TreePath), Option<Pattern>>,
    pub(crate) root: Option<(TreePath, Arc<Folder>)>,
    pub(crate) expansions: Expansions,
    pub(crate) declared: HashMap<UnitId, Arc<DeclaredUnit>>,
    /// Counts readings.
    generation: u64,
    rendered: usize,
    key: DigestKey,
    /// Parsed files by content, shared between renders.
    pub(crate) parsed: ParseCache,
    pub(crate) built: Builds,
    pub(crate) rules: Option<rules::Kept>,
    pub(crate) views: Views,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            renders: HashMap::new(),
            looked: HashMap::new(),
            questions: HashMap::new(),
            externals: HashMap::new(),
            patterns: HashMap::new(),
            root: None,
            expansions: Expansions::default(),
            declared: HashMap::new(),
            generation: 0,
            rendered: 0,
            key: DigestKey::default(),
            parsed: ParseCache::new(PARSED),
            built: Builds::default(),
            rules: None,
            views: Views::default(),
        }
    }
}

/// Parsed files that are kept.
const PARSED: usize = 10_000;

struct Kept {
    looked: Digest,
    outcome: Arc<Outcome>,
    generation: u64,
}

struct Looked {
    folder: TreePath,
    folder_id: String,
    /// What lies outside of the folder.
    outside: Reads,
    all: Arc<Reads>,
    /// Files of the platform repository, as they are shown.
    files: Arc<BTreeSet<String>>,
    /// Whether a tree would answer as before. The tree is held: another one could take its place in memory.
    holds: Option<(Arc<dyn Tree>, bool)>,
    generation: u64,
}

impl Cache {
    /// How many renders the last reading could not take from here.
    pub fn rendered(&self) -> usize {
        self.rendered
    }

    /// For readings whose digests are keyed.
    pub fn keyed(key: DigestKey) -> Self {
        Self { key, ..Self::default() }
    }

    pub fn key(&self) -> DigestKey {
        self.key
    }

    pub(crate) fn begin(&mut self, key: DigestKey) {
        if self.key != key {
            self.questions.clear();
            self.key = key;
        }
        self.generation += 1;
        self.rendered = 0;
    }

    pub(crate) fn end(&mut self) {
        self.built.clear();
        self.views.end();
        let now = self.generation;
        self.renders.retain(|_, kept| kept.generation == now);
        self.looked.retain(|_, looked| {
            looked.holds = None;
            looked.generation == now
        });
        self.externals.retain(|_, (_, generation)| *generation == now);
        let (renders, externals) = (&self.renders, &self.externals);
        self.questions
            .retain(|_, (_, _, question)| renders.contains_key(question) || externals.contains_key(question));
        let folders: BTreeSet<&TreePath> = self.looked.values().map(|looked| &looked.folder).collect();
        self.patterns.retain(|(_, folder), _| folders.contains(folder));
    }

    /// The question of a unit that is the very same as before, if nothing else is in it.
    pub(crate) fn question(
        &mut self,
        unit: &Arc<Unit>,
        is_entry: bool,
        closed: bool,
        ask: impl FnOnce() -> Digest,
    ) -> Digest {
        if !closed {
            return ask();
        }
        match self.questions.get(&unit.id) {
            Some((known, entry, question)) if Arc::ptr_eq(known, unit) && *entry == is_entry => *question,
            Some(_) | None => {
                let question = ask();
                self.questions.insert(unit.id.clone(), (unit.clone(), is_entry, question));
                question
            }
        }
    }

    pub(crate) fn externals(&mut self, base: &Digest) -> Option<Externals> {
        let (externals, generation) = self.externals.get_mut(base)?;
        *generation = self.generation;
        Some(externals.clone())
    }

    pub(crate) fn put_externals(&mut self, base: Digest, externals: Externals) {
        // Most folders ask nothing.
        if externals == Externals::default() {
            self.externals.remove(&base);
        } else {
            self.externals.insert(base, (externals, self.generation));
        }
    }

    /// Kinds whose scope some chart of this reading had to be told.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = &GroupKind> {
        let now = self.externals.values().filter(|(_, generation)| *generation == self.generation);
        now.flat_map(|(externals, _)| &externals.scopes)
    }

    pub(crate) fn get(&mut self, question: &Digest, tree: &Arc<dyn Tree>) -> Option<Arc<Outcome>> {
        let kept = self.renders.get_mut(question)?;
        let looked = self.looked.get_mut(&kept.looked)?;
        if kept.generation != self.generation && !looked.still_holds(tree) {
            return None;
        }
        kept.generation = self.generation;
        looked.generation = self.generation;
        Some(kept.outcome.clone())
    }

    /// Notes what a new render looked at; answers with its files.
    pub(crate) fn look(
        &mut self,
        folder: &TreePath,
        source: &Source,
        reads: &Arc<Reads>,
    ) -> (Digest, Arc<BTreeSet<String>>) {
        let mut bytes = format!("{folder}\0{:?}\0", source.origin).into_bytes();
        digest(reads, &mut bytes);
        let id = Digest::of_bytes(&bytes);
        let generation = self.generation;
        let looked = self.looked.entry(id).or_insert_with(|| {
            let outside = reads.iter().filter(|((path, _), _)| !path.is_within(folder));
            let files = files(reads).filter(|path| source.origin.is_platform(path));
            Looked {
                folder: folder.clone(),
                folder_id: folder_id(source.tree.as_ref(), folder),
                outside: outside.map(|(key, answer)| (key.clone(), answer.clone())).collect(),
                files: Arc::new(files.map(|path| source.origin.file(path)).collect()),
                all: reads.clone(),
                holds: None,
                generation,
            }
        });
        looked.generation = generation;
        // The same was seen in another tree, perhaps.
        looked.folder_id = folder_id(source.tree.as_ref(), folder);
        (id, looked.files.clone())
    }

    pub(crate) fn put(&mut self, question: Digest, looked: Digest, outcome: Arc<Outcome>) {
        self.rendered += 1;
        self.renders.insert(question, Kept { looked, outcome, generation: self.generation });
    }

    /// What the objects of a folder look like, once more than one unit renders it.
    pub(crate) fn pattern(
        &mut self,
        source: &Source,
        folder: &TreePath,
        objects: &[Desired],
    ) -> Option<Pattern> {
        let place = (source.origin.name().to_owned(), folder.clone());
        match self.patterns.get_mut(&place) {
            None => {
                self.patterns.insert(place, None);
                None
            }
            Some(Some(pattern)) => Some(pattern.clone()),
            Some(none) => {
                *none = Some(Pattern::of(objects));
                none.clone()
            }
        }
    }
}

impl Looked {
    fn still_holds(&mut self, tree: &Arc<dyn Tree>) -> bool {
        if let Some((of, holds)) = &self.holds
            && Arc::ptr_eq(of, tree)
        {
            return *holds;
        }
        let folder_id = folder_id(tree.as_ref(), &self.folder);
        let same = folder_id == self.folder_id && still_holds(&self.outside, tree.as_ref());
        let holds = same || still_holds(&self.all, tree.as_ref());
        if holds {
            self.folder_id = folder_id;
        }
        self.holds = Some((tree.clone(), holds));
        holds
    }
}

fn folder_id(tree: &dyn Tree, folder: &TreePath) -> String {
    tree.entry(folder).ok().flatten().map(|entry| entry.id).unwrap_or_default()
}
