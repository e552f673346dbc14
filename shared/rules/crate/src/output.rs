//! Outcomes of one call: three 64-bit words a row, and the texts that they point into.
//!
//! word 0: code (0 = verdict, else the failure's kind) | status number or line << 32
//! word 1: confidence, or the column, as a 64-bit float
//! word 2: offset of the explanation or message | length in bytes << 32 (length 0: none), or number of a text | NUMBERED << 32
//!
//! Records stand in the order of rules and rows; they are written in any order, and their texts lie in the order of writing.

use crate::number::NumberTexts;
use crate::progress::PROGRESS;
use crate::text_buffer::TextBuffer;
use crate::verdict::{Failure, FailureKind};

#[derive(Default)]
pub struct Output {
    records: Vec<[u64; 3]>,
    /// Records that were given out by `take`.
    taken: usize,
    texts: TextBuffer,
    numbers: NumberTexts,
    text_bytes_max: usize,
}

/// In place of a length: the explanation is a text with a number, which the host has read before.
const NUMBERED: u32 = u32::MAX;

const fn pack(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

/// A verdict whose explanation is the text of a number, or which has none.
#[inline(always)]
pub const fn verdict(status: u32, confidence: f64, text: Option<u32>) -> [u64; 3] {
    let place = match text {
        Some(number) => pack(number, NUMBERED),
        None => 0,
    };
    [pack(0, status), confidence.to_bits(), place]
}

impl Output {
    pub fn begin(&mut self, records: usize, text_bytes_max: usize) {
        // Every record is written, so what earlier calls left need not be wiped out.
        if self.records.len() < records {
            self.records.resize(records, [0; 3]);
        }
        self.taken = 0;
        self.texts.clear();
        self.text_bytes_max = text_bytes_max;
    }
    /// To be called after the last record: the host looks for them where this says.
    pub fn finish(&self) {
        PROGRESS.records_at(self.records.as_ptr() as usize);
        PROGRESS.explanations_at(self.texts.address(), self.texts.len());
    }
    /// The first of as many records as a rule has rows.
    pub fn take(&mut self, rows: usize) -> usize {
        let first = self.taken;
        self.taken += rows;
        first
    }
    /// As many records from the first on: for verdicts with an explanation that all rows share, or with none.
    #[inline(always)]
    pub fn records(&mut self, first: usize, rows: usize) -> &mut [[u64; 3]] {
        self.records.get_mut(first..first + rows).unwrap_or_default()
    }
    #[inline(always)]
    fn write(&mut self, record: usize, words: [u64; 3]) {
        if let Some(to) = self.records.get_mut(record) {
            *to = words;
        }
    }
    #[inline(always)]
    pub fn told(&mut self, record: usize, status: u32, confidence: f64, text: Option<u32>) {
        self.write(record, verdict(status, confidence, text));
    }
    pub fn explained(&mut self, record: usize, status: u32, confidence: f64, explanation: &str) {
        let place = self.append(explanation);
        self.write(record, [pack(0, status), confidence.to_bits(), place]);
    }
    /// With an explanation that is written where the host reads it. False: `write` gave up, and there is no record.
    #[inline(always)]
    pub fn explained_by(&mut self, record: usize, status: u32, confidence: f64, write: impl FnOnce(&mut NumberTexts, &mut TextBuffer) -> bool) -> bool {
        let offset = self.texts.len();
        if !write(&mut self.numbers, &mut self.texts) {
            self.texts.truncate(offset);
            return false;
        }
        let place = self.cut(offset);
        self.write(record, [pack(0, status), confidence.to_bits(), place]);
        true
    }
    pub fn failed(&mut self, record: usize, failure: &Failure) {
        let line = failure.position.line().unwrap_or(0) as u32;
        let column = failure.position.position().unwrap_or(0) as f64;
        let place = self.append(&failure.message);
        self.write(record, [pack(failure.kind as u32, line), column.to_bits(), place]);
    }
    pub fn stopped(&mut self, record: usize) {
        self.write(record, [pack(FailureKind::Stopped as u32, 0), 0, 0]);
    }
    fn append(&mut self, text: &str) -> u64 {
        let offset = self.texts.len();
        self.texts.push(text);
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
            self.texts.push("…");
        }
        pack(offset as u32, (self.texts.len() - offset) as u32)
    }
}
