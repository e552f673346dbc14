//! Judges rows with one rule: with its program, or with Rhai where there is none or it cannot decide.

use crate::explain::explain;
use crate::limits::Limits;
use crate::output::Output;
use crate::program::Leaf;
use crate::progress::PROGRESS;
use crate::row::Row;
use crate::row_list::ROWS;
use crate::rule::Rule;
use crate::sandbox::Watch;
use crate::sheet::{self, Records, Sheet};
use crate::texts::Texts;
use crate::verdict::{failure_of, verdict_of};
use rhai::{Engine, Scope};
use std::cell::RefCell;

/// What of the machine judging needs.
pub struct Judge<'a> {
    pub limits: &'a Limits,
    pub engine: &'a Engine,
    pub row: &'a Row,
    pub watch: &'a Watch,
    pub texts: &'a RefCell<Texts>,
    pub scope: &'a mut Scope<'static>,
    pub sheet: &'a mut Sheet,
    pub output: &'a mut Output,
}

impl Judge<'_> {
    /// Judges all rows of `cells` (row-major, `width` cells each): `columns[slot]` is where the rule's field lies in a row.
    /// `rows` is how many they are: a division for each of a thousand rules would cost a tenth of their time.
    #[inline(always)]
    pub fn judge(&mut self, rule: &mut Rule, cells: &[f64], rows: usize, width: usize, columns: &[u32]) {
        let first = self.output.take(rows);
        let mut is_in_blocks = false;
        if let Some(program) = &mut rule.program {
            let mut texts = self.texts.borrow_mut();
            if program.generation != Some(texts.generation()) {
                program.number_texts(&mut texts, self.limits.explanation_bytes_max as usize);
            }
            is_in_blocks = rows >= sheet::ROWS_MIN && program.code.len() <= sheet::CODE_MAX;
        }
        if is_in_blocks {
            self.in_blocks(rule, cells, rows, width, columns, first);
        } else {
            self.row_by_row(rule, cells, rows, width, columns, first);
        }
    }

    #[inline(always)]
    fn row_by_row(&mut self, rule: &mut Rule, cells: &[f64], rows: usize, width: usize, columns: &[u32], first: usize) {
        let mut runaways = 0;
        for row in 0..rows {
            let Some(cells) = cells.get(row * width..(row + 1) * width) else { return };
            let record = first + row;
            if runaways >= self.limits.runaways_max {
                self.output.stopped(record);
                continue;
            }
            if let Some(program) = &mut rule.program {
                if let Some((leaf, confidence)) = program.run(cells, columns) {
                    let (leaf, registers) = (&program.leaves[leaf], &program.registers);
                    if tell(self.output, record, self.limits, self.texts, leaf, confidence, |at| registers[usize::from(at)]) {
                        continue;
                    }
                }
            }
            self.ask_rhai(rule, cells, columns, record, &mut runaways);
        }
    }

    #[inline(never)]
    fn in_blocks(&mut self, rule: &mut Rule, cells: &[f64], rows: usize, width: usize, columns: &[u32], first: usize) {
        let mut runaways = 0;
        for (index, block) in cells.chunks(width * ROWS).enumerate() {
            let first = first + index * ROWS;
            let Self { limits, texts, sheet, output, .. } = self;
            if let Some(program) = &rule.program {
                if index == 0 {
                    sheet.begin(program, rows);
                }
                let to = Records { output, first, texts: &texts.borrow(), bytes_max: limits.string_bytes_max as usize };
                if sheet.run(program, block, width, columns, to) && runaways < limits.runaways_max {
                    continue;
                }
            }
            for (row, cells) in block.chunks_exact(width).enumerate() {
                if runaways >= self.limits.runaways_max {
                    self.output.stopped(first + row);
                } else if !self.sheet.is_told(row) {
                    self.ask_rhai(rule, cells, columns, first + row, &mut runaways);
                }
            }
        }
    }

    #[inline(never)]
    fn ask_rhai(&mut self, rule: &mut Rule, cells: &[f64], columns: &[u32], record: usize, runaways: &mut u32) {
        PROGRESS.enter(record);
        let result = rule.run(self.engine, self.scope, self.row, self.watch, cells, columns);
        PROGRESS.leave();
        if let Ok(value) = &result {
            if let Some(constant) = rule.constants.of(value, &mut self.texts.borrow_mut()) {
                return self.output.told(record, constant.status_number, constant.verdict.confidence, constant.explanation_number);
            }
        }
        match result.map_err(|error| failure_of(&error)).and_then(verdict_of) {
            Ok(verdict) => {
                let status = rule.status_number(&verdict.status, &mut self.texts.borrow_mut());
                match &verdict.explanation {
                    None => self.output.told(record, status, verdict.confidence, None),
                    Some(text) => self.output.explained(record, status, verdict.confidence, text),
                }
            }
            Err(failure) => {
                *runaways += u32::from(failure.kind.is_runaway());
                self.output.failed(record, &failure);
            }
        }
    }
}

/// Puts down what the program came to. False: its explanation is longer than a text may be, so there is no record.
#[inline(always)]
fn tell(output: &mut Output, record: usize, limits: &Limits, texts: &RefCell<Texts>, leaf: &Leaf, confidence: f64, register: impl Fn(u8) -> u64) -> bool {
    match (leaf.explanation_number, &leaf.explanation) {
        (None, Some(pieces)) => {
            let bytes_max = limits.string_bytes_max as usize;
            output.explained_by(record, leaf.status_number, confidence, |numbers, to| explain(pieces, register, &texts.borrow(), bytes_max, numbers, to))
        }
        (number, _) => {
            output.told(record, leaf.status_number, confidence, number);
            true
        }
    }
}
