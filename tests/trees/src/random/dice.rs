//! Chance from a seed. What is decided at one place does not depend on what is decided at others, so that parts of a
//! tree can be left out and the rest stays as it was.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

pub struct Dice {
    state: u64,
    /// Where in the tree this is; what can be left out is known by it.
    place: String,
    taken: Rc<RefCell<Vec<String>>>,
    refused: Rc<BTreeSet<String>>,
}

impl Dice {
    /// `refused` are places that are left out.
    pub fn new(seed: u64, refused: BTreeSet<String>) -> Self {
        let taken = Rc::new(RefCell::new(Vec::new()));
        Self {
            state: mix(seed ^ 0x9e37_79b9_7f4a_7c15),
            place: String::new(),
            taken,
            refused: Rc::new(refused),
        }
    }

    /// The places that could have been left out.
    pub fn taken(&self) -> Vec<String> {
        self.taken.borrow().clone()
    }

    /// Chance of its own for a part.
    pub fn part(&self, name: &str) -> Dice {
        let place = format!("{}/{name}", self.place);
        let mut state = self.state;
        for byte in name.bytes() {
            state = mix(state ^ u64::from(byte));
        }
        Dice { state: mix(state), place, taken: self.taken.clone(), refused: self.refused.clone() }
    }

    /// A part that is there in so many of a hundred cases.
    pub fn maybe(&self, name: &str, percent: u64) -> Option<Dice> {
        let mut part = self.part(name);
        (part.below(100) < percent && part.stays()).then_some(part)
    }

    /// Up to so many parts, each of which can be left out.
    pub fn several(&self, name: &str, least: u64, most: u64) -> Vec<Dice> {
        let count = least + self.part(&format!("{name}#")).below(most - least + 1);
        (0..count).map(|at| self.part(&format!("{name}{at}"))).filter(Dice::stays).collect()
    }

    fn stays(&self) -> bool {
        if self.refused.contains(&self.place) {
            return false;
        }
        self.taken.borrow_mut().push(self.place.clone());
        true
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state) % most.max(1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// The finalizer of splitmix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
