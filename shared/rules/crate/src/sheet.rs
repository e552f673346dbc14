//! Runs a program over a block of rows at once: each instruction over all rows that come to it, before the next.
//!
//! Row by row a processor has to guess the next instruction at every one of them, and where each reading will branch. Here
//! registers are columns, an instruction is one short loop, and a branch sorts the numbers of rows into two lists. All
//! branches go forward, so one pass over the program brings every row to its end.

use crate::epsilon;
use crate::explain::explain;
use crate::number::NumberTexts;
use crate::output::{verdict, Output};
use crate::program::{Code, Leaf, Op, Program, REGISTERS, TRUE};
use crate::row_list::{RowList, ROWS};
use crate::text_buffer::TextBuffer;
use crate::texts::Texts;
use crate::verdict::is_confidence;
use std::cell::Cell;

/// Fewer rows are not worth the setting up.
pub const ROWS_MIN: usize = 8;
/// Longer programs run row by row: the lists of waiting rows of such a one would take megabytes.
pub const CODE_MAX: usize = 2_048;

type Column = [Cell<u64>; ROWS];

pub struct Sheet {
    columns: Box<[Column; REGISTERS]>,
    /// Rows that jumped to an instruction and wait there; by the instruction's place.
    waiting: Vec<Box<RowList>>,
    /// Rows that have their record. Of the others Rhai has to decide.
    told: [bool; ROWS],
}

/// Where a block's verdicts go.
pub struct Records<'a> {
    pub output: &'a mut Output,
    /// The record of the block's first row.
    pub first: usize,
    pub texts: &'a Texts,
    /// The longest text that Rhai would make.
    pub bytes_max: usize,
}

impl Default for Sheet {
    fn default() -> Self {
        Self { columns: Box::new([const { [const { Cell::new(0) }; ROWS] }; REGISTERS]), waiting: Vec::new(), told: [false; ROWS] }
    }
}

impl Sheet {
    pub fn is_told(&self, row: usize) -> bool {
        self.told[row % ROWS]
    }

    /// To be called before the blocks of a call are run.
    pub fn begin(&mut self, program: &Program, rows: usize) {
        let rows = rows.min(ROWS);
        for register in &program.fixed {
            let at = usize::from(*register) % REGISTERS;
            self.columns[at][..rows].fill(Cell::new(program.registers[at]));
        }
        // One more: a jump behind the last instruction ends there.
        let places = program.code.len() + 1;
        if self.waiting.len() < places {
            self.waiting.resize(places, Box::new(RowList::EMPTY));
        }
    }

    /// Judges up to `ROWS` rows of `width` cells: `columns[slot]` is where the rule's field lies in a row. The answer says
    /// whether all rows have their records.
    pub fn run(&mut self, program: &Program, cells: &[f64], width: usize, columns: &[u32], mut to: Records) -> bool {
        let rows = (cells.len() / width).min(ROWS);
        for load in &program.loads {
            let column = &self.columns[usize::from(load.register) % REGISTERS];
            let cells = cells[columns[usize::from(load.slot)] as usize..].chunks(width);
            let each = column.iter().zip(cells);
            if load.is_integer {
                each.for_each(|(to, cells)| to.set(cells[0] as i64 as u64));
            } else {
                each.for_each(|(to, cells)| to.set(cells[0].to_bits()));
            }
        }
        self.told[..rows].fill(false);
        let mut told = 0;
        let mut here = Box::new(RowList::first(rows));
        for (at, op) in program.code.iter().enumerate() {
            here.take(&mut self.waiting[at]);
            if here.is_empty() {
                continue;
            }
            match op.code {
                Code::Verdict => {
                    told += self.end(&program.leaves[usize::from(op.to)], op.a, &here, rows, &mut to);
                    here.clear();
                }
                Code::LeaveToRhai => here.clear(),
                _ => self.step(*op, &mut here, rows),
            }
        }
        // Who comes behind the last instruction has no verdict.
        self.waiting[program.code.len()].clear();
        told == rows
    }

    /// Puts down a leaf's verdict for the rows that came to it, each with its own confidence. How many could be put down.
    fn end(&mut self, leaf: &Leaf, confidence: u8, ended: &RowList, rows: usize, to: &mut Records) -> usize {
        let Self { columns, told, .. } = self;
        let confidences = &columns[usize::from(confidence) % REGISTERS];
        let mut count = 0;
        let mut note = |row: usize, is_told: bool| {
            told[row] = is_told;
            count += usize::from(is_told);
        };
        let status = leaf.status_number;
        match (leaf.explanation_number, &leaf.explanation) {
            (None, Some(pieces)) => ended.each(rows, |row| {
                let confidence = f64::from_bits(confidences[row].get());
                let register = |at: u8| columns[usize::from(at) % REGISTERS][row].get();
                let write = |numbers: &mut NumberTexts, text: &mut TextBuffer| explain(pieces, register, to.texts, to.bytes_max, numbers, text);
                note(row, is_confidence(confidence) && to.output.explained_by(to.first + row, status, confidence, write));
            }),
            (number, _) => {
                let records = to.output.records(to.first, rows);
                ended.each(rows, |row| {
                    let confidence = f64::from_bits(confidences[row].get());
                    let is_sound = is_confidence(confidence);
                    if is_sound {
                        records[row] = verdict(status, confidence, number);
                    }
                    note(row, is_sound);
                });
            }
        }
        count
    }

    /// One instruction over the rows that are at it; those that go on are left in the list.
    #[inline(always)]
    fn step(&mut self, Op { code, when, a, b, to }: Op, here: &mut Box<RowList>, rows: usize) {
        let columns = &*self.columns;
        let (left, right) = (&columns[usize::from(a) % REGISTERS], &columns[usize::from(b) % REGISTERS]);
        let x = |row: usize| f64::from_bits(left[row].get());
        let y = |row: usize| f64::from_bits(right[row].get());
        let i = |row: usize| left[row].get() as i64;
        let j = |row: usize| right[row].get() as i64;
        // A place in the program for branches, a register for values.
        let place = usize::from(to);
        let target = &columns[place % REGISTERS];
        let waiting = &mut self.waiting;
        match code {
            Code::FloatGreater => here.split(rows, &mut waiting[place], when, |row| epsilon::greater(x(row), y(row))),
            Code::FloatGreaterOrEqual => here.split(rows, &mut waiting[place], when, |row| epsilon::greater_or_equal(x(row), y(row))),
            Code::FloatLess => here.split(rows, &mut waiting[place], when, |row| epsilon::greater(y(row), x(row))),
            Code::FloatLessOrEqual => here.split(rows, &mut waiting[place], when, |row| epsilon::greater_or_equal(y(row), x(row))),
            Code::FloatEqual => here.split(rows, &mut waiting[place], when, |row| epsilon::equal(x(row), y(row))),
            Code::FloatDifferent => here.split(rows, &mut waiting[place], when, |row| epsilon::different(x(row), y(row))),
            Code::IntegerGreater => here.split(rows, &mut waiting[place], when, |row| i(row) > j(row)),
            Code::IntegerGreaterOrEqual => here.split(rows, &mut waiting[place], when, |row| i(row) >= j(row)),
            Code::Same => here.split(rows, &mut waiting[place], when, |row| i(row) == j(row)),
            Code::HasBit => here.split(rows, &mut waiting[place], when, |row| i(row) >> b & 1 == 1),
            Code::IsTrue => here.split(rows, &mut waiting[place], when, |row| i(row) as u64 == TRUE),
            Code::Jump => waiting[place].take(here),
            Code::Copy => here.each(rows, |row| target[row].set(left[row].get())),
            Code::ToFloat => here.each(rows, |row| target[row].set((i(row) as f64).to_bits())),
            Code::FloatAdd => here.each(rows, |row| target[row].set((x(row) + y(row)).to_bits())),
            Code::FloatSubtract => here.each(rows, |row| target[row].set((x(row) - y(row)).to_bits())),
            Code::FloatMultiply => here.each(rows, |row| target[row].set((x(row) * y(row)).to_bits())),
            Code::FloatDivide => here.each(rows, |row| target[row].set((x(row) / y(row)).to_bits())),
            Code::FloatRemainder => here.each(rows, |row| target[row].set((x(row) % y(row)).to_bits())),
            Code::FloatNegate => here.each(rows, |row| target[row].set((-x(row)).to_bits())),
            Code::IntegerAdd => here.keep(|row| set(target, row, i(row).checked_add(j(row)))),
            Code::IntegerSubtract => here.keep(|row| set(target, row, i(row).checked_sub(j(row)))),
            Code::IntegerMultiply => here.keep(|row| set(target, row, i(row).checked_mul(j(row)))),
            Code::IntegerDivide => here.keep(|row| set(target, row, i(row).checked_div(j(row)))),
            Code::IntegerRemainder => here.keep(|row| set(target, row, i(row).checked_rem(j(row)))),
            Code::IntegerNegate => here.keep(|row| set(target, row, i(row).checked_neg())),
            // Both are ends, which `run` takes.
            Code::Verdict | Code::LeaveToRhai => here.clear(),
        }
    }
}

/// False where there is no value: the row goes no further, and Rhai makes the error.
#[inline(always)]
fn set(target: &Column, row: usize, value: Option<i64>) -> bool {
    if let Some(value) = value {
        target[row].set(value as u64);
    }
    value.is_some()
}
