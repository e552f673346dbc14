//! What the host reads after a trap, when no export can be called any more: plain words at a fixed address.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const NO_RECORD: u32 = u32::MAX;

#[repr(C)]
pub struct Progress {
    /// The record that Rhai is working on, or NO_RECORD: what breaks down outside of Rhai is no rule's fault.
    record: AtomicU32,
    /// Where the records of the last evaluation lie.
    records_address: AtomicU32,
    /// Where the texts lie that they point into.
    explanations_address: AtomicU32,
    /// 1 once an allocation was refused: the trap that follows is the memory limit's.
    memory_exhausted: AtomicU32,
    /// How many bytes those texts have together.
    explanations_length: AtomicU32,
}

pub static PROGRESS: Progress = Progress {
    record: AtomicU32::new(NO_RECORD),
    records_address: AtomicU32::new(0),
    explanations_address: AtomicU32::new(0),
    memory_exhausted: AtomicU32::new(0),
    explanations_length: AtomicU32::new(0),
};

impl Progress {
    pub fn records_at(&self, address: usize) {
        self.records_address.store(address as u32, Relaxed);
    }
    #[inline(always)]
    pub fn enter(&self, record: usize) {
        self.record.store(record as u32, Relaxed);
    }
    #[inline(always)]
    pub fn leave(&self) {
        self.record.store(NO_RECORD, Relaxed);
    }
    pub fn explanations_at(&self, address: usize, length: usize) {
        self.explanations_address.store(address as u32, Relaxed);
        self.explanations_length.store(length as u32, Relaxed);
    }
    pub fn memory_exhausted(&self) {
        self.memory_exhausted.store(1, Relaxed);
    }
}
