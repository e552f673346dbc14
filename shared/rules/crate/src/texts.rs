//! Texts by number, so that cells, literals and statuses are compared as numbers and cross to the host once.

use rhai::ImmutableString;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Texts {
    // A tree and no hash table: keys come from outside, and a hash without a secret seed could be flooded.
    numbers: BTreeMap<ImmutableString, u32>,
    texts: Vec<ImmutableString>,
    bytes: usize,
    generation: u32,
}

/// What a text takes beside its own bytes: two handles, the string's header, its place in the tree.
const BOOKKEEPING_BYTES: usize = 64;

impl Texts {
    pub fn intern(&mut self, text: &str) -> u32 {
        match self.numbers.get(text) {
            Some(&number) => number,
            None => self.add(text.into()),
        }
    }
    fn add(&mut self, text: ImmutableString) -> u32 {
        let number = self.texts.len() as u32;
        self.bytes += text.len() + BOOKKEEPING_BYTES;
        self.numbers.insert(text.clone(), number);
        self.texts.push(text);
        number
    }
    #[inline]
    pub fn get(&self, number: u32) -> Option<&ImmutableString> {
        self.texts.get(number as usize)
    }
    pub fn bytes(&self) -> usize {
        self.bytes
    }
    /// Rules compare this with the generation in which they numbered their own texts.
    #[inline]
    pub fn generation(&self) -> u32 {
        self.generation
    }
    /// Forgets all numbers. The host does so between evaluations when the table has outgrown what is in use.
    pub fn forget(&mut self) {
        self.numbers.clear();
        self.texts.clear();
        self.bytes = 0;
        self.generation += 1;
    }
}
