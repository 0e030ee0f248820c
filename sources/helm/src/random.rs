//! Bytes that follow from a seed: SHA-256 of the seed and a counter.
use sha2::{Digest, Sha256};

/// Remembers whether anybody asked.
#[derive(Debug, Clone)]
pub(crate) struct Entropy {
    seed: [u8; 32],
    counter: u64,
    left: Vec<u8>,
}

impl Entropy {
    pub(crate) fn new(seed: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in seed {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self { seed: digest.finalize().into(), counter: 0, left: Vec::new() }
    }

    pub(crate) fn was_asked(&self) -> bool {
        self.counter > 0
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.left.len() < count {
            let mut digest = Sha256::new();
            digest.update(self.seed);
            digest.update(self.counter.to_be_bytes());
            self.counter += 1;
            self.left.extend_from_slice(&digest.finalize());
        }
        self.left.drain(..count).collect()
    }

    /// A number below `bound`, which is at least 1; each as likely as the others.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let most = u64::MAX - u64::MAX % bound.max(1);
        loop {
            let mut number = [0; 8];
            number.copy_from_slice(&self.bytes(8));
            let number = u64::from_be_bytes(number);
            if number < most {
                return number % bound.max(1);
            }
        }
    }
}
