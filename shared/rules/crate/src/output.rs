//! Outcomes of one call: three 64-bit words a row, and the texts that they point into.
//!
//! word 0: code (0 = verdict, else the failure's kind) | status number or line << 32
//! word 1: confidence, or the column, as a 64-bit float
//! word 2: offset of the explanation or message | length in bytes << 32 (length 0: none), or number of a text | NUMBERED << 32

use crate::progress::PROGRESS;
use crate::verdict::{Failure, FailureKind};

#[derive(Default)]
pub struct Output {
    words: Vec<u64>,
    texts: String,
    text_bytes_max: usize,
}

/// In place of a length: the explanation is a text with a number, which the host has read before.
const NUMBERED: u32 = u32::MAX;

const fn pack(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

impl Output {
    pub fn begin(&mut self, records: usize, text_bytes_max: usize) {
        self.words.clear();
        self.texts.clear();
        self.text_bytes_max = text_bytes_max;
        self.words.reserve(records * 3);
    }
    /// To be called after the last record: the host looks for them where this says.
    pub fn finish(&self) {
        PROGRESS.records_at(self.words.as_ptr() as usize);
        PROGRESS.explanations_at(self.texts.as_ptr() as usize);
    }
    /// Records so far, which is the number of the next one.
    pub fn records(&self) -> usize {
        self.words.len() / 3
    }
    #[inline(always)]
    pub fn plain(&mut self, status: u32, confidence: f64) {
        self.words.extend_from_slice(&[pack(0, status), confidence.to_bits(), 0]);
    }
    #[inline(always)]
    pub fn explained_by_number(&mut self, status: u32, confidence: f64, text: u32) {
        self.words.extend_from_slice(&[pack(0, status), confidence.to_bits(), pack(text, NUMBERED)]);
    }
    pub fn explained(&mut self, status: u32, confidence: f64, explanation: &str) {
        let place = self.append(explanation);
        self.words.extend_from_slice(&[pack(0, status), confidence.to_bits(), place]);
    }
    /// With an explanation that is written where the host reads it. False: `write` gave up, and there is no record.
    #[inline(always)]
    pub fn explained_by(&mut self, status: u32, confidence: f64, write: impl FnOnce(&mut String) -> bool) -> bool {
        let offset = self.texts.len();
        if !write(&mut self.texts) {
            self.texts.truncate(offset);
            return false;
        }
        let place = self.cut(offset);
        self.words.extend_from_slice(&[pack(0, status), confidence.to_bits(), place]);
        true
    }
    pub fn failed(&mut self, failure: &Failure) {
        let line = failure.position.line().unwrap_or(0) as u32;
        let column = failure.position.position().unwrap_or(0) as f64;
        let place = self.append(&failure.message);
        self.words.extend_from_slice(&[pack(failure.kind as u32, line), column.to_bits(), place]);
    }
    pub fn stopped(&mut self) {
        self.words.extend_from_slice(&[pack(FailureKind::Stopped as u32, 0), 0, 0]);
    }
    fn append(&mut self, text: &str) -> u64 {
        let offset = self.texts.len();
        self.texts.push_str(text);
        self.cut(offset)
    }
    /// Cuts the last text at the limit, between characters, and says so with an ellipsis.
    #[inline(always)]
    fn cut(&mut self, offset: usize) -> u64 {
        if self.texts.len() - offset > self.text_bytes_max {
            let mut end = offset + self.text_bytes_max;
            while !self.texts.is_char_boundary(end) {
                end -= 1;
            }
            self.texts.truncate(end);
            self.texts.push('…');
        }
        pack(offset as u32, (self.texts.len() - offset) as u32)
    }
}
