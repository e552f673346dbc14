//! The state of one instance: the engine, its rules, and the buffers that it shares with the host.

use crate::compile::compile;
use crate::declarations::RequestReader;
use crate::judge::Judge;
use crate::limits::Limits;
use crate::output::Output;
use crate::problem::{Problem, ProblemKind};
use crate::row::{Row, FIELDS_MAX};
use crate::rule::Rule;
use crate::sandbox::{engine, TokenCount, Watch};
use crate::sheet::Sheet;
use crate::texts::Texts;
use rhai::{Engine, Position, Scope};
use std::cell::RefCell;
use std::rc::Rc;

pub struct Machine {
    limits: Limits,
    engine: Engine,
    row: Rc<Row>,
    watch: Rc<Watch>,
    tokens: Rc<TokenCount>,
    texts: Rc<RefCell<Texts>>,
    rules: Vec<Option<Box<Rule>>>,
    free: Vec<usize>,
    scope: Scope<'static>,
    report: Vec<u8>,
    sheet: Sheet,
    output: Output,
}

/// Why an evaluation was refused: the host wrote something that it should not have.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum Refusal {
    UnknownRule = -1,
    BadPlan = -2,
}

impl Machine {
    pub fn new(limits: Limits) -> Self {
        let texts = Rc::new(RefCell::new(Texts::default()));
        let row = Rc::new(Row::new(texts.clone()));
        let watch = Rc::new(Watch::new(&limits));
        let tokens = Rc::new(TokenCount::default());
        let engine = engine(limits, row.clone(), watch.clone(), tokens.clone());
        let scope = Scope::new();
        Self { limits, engine, row, watch, tokens, texts, rules: Vec::new(), free: Vec::new(), scope, report: Vec::new(), sheet: Sheet::default(), output: Output::default() }
    }

    pub fn texts(&self) -> &RefCell<Texts> {
        &self.texts
    }
    pub fn report(&self) -> &[u8] {
        &self.report
    }

    /// Compiles the rule of a request (see `src/compile-request.ts`). Errors and warnings are in the report afterwards.
    pub fn compile(&mut self, request: &[u8], with_fast_path: bool) -> Option<usize> {
        self.report.clear();
        let mut reader = RequestReader(request);
        let (rule, problems) = match (reader.declarations(), reader.text()) {
            (Some(declarations), Some(source)) if declarations.fields.len() <= FIELDS_MAX => {
                compile(&self.engine, &self.tokens, &self.limits, &declarations, source, with_fast_path)
            }
            _ => (None, vec![Problem::new(ProblemKind::Limit, Position::NONE, "the rule's declaration cannot be read")]),
        };
        problems.iter().for_each(|problem| problem.encode(&mut self.report));
        let rule = Box::new(rule?);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.rules.push(None);
            self.rules.len() - 1
        });
        self.rules[slot] = Some(rule);
        Some(slot)
    }

    pub fn has_program(&self, slot: usize) -> bool {
        matches!(self.rules.get(slot), Some(Some(rule)) if rule.program.is_some())
    }

    pub fn release(&mut self, slot: usize) {
        if self.rules.get_mut(slot).and_then(Option::take).is_some() {
            self.free.push(slot);
        }
    }

    /// Judges all rows of `cells` (row-major, `width` cells each) with every rule of the plan. The plan is, for each rule:
    /// its slot, the number of its fields, and for each field its column.
    /// Records come rule by rule, row by row.
    pub fn evaluate(&mut self, cells: &[f64], width: usize, plan: &[u32]) -> Result<(), Refusal> {
        let rows = cells.len().checked_div(width).unwrap_or(0);
        let mut entries = 0;
        let mut rest = plan;
        while let Some((slot, columns, next)) = plan_entry(rest) {
            let rule = self.rules.get(slot).and_then(Option::as_ref).ok_or(Refusal::UnknownRule)?;
            if columns.len() != rule.field_count || columns.iter().any(|&column| column as usize >= width) {
                return Err(Refusal::BadPlan);
            }
            entries += 1;
            rest = next;
        }
        if !rest.is_empty() {
            return Err(Refusal::BadPlan);
        }
        self.output.begin(entries * rows, self.limits.explanation_bytes_max as usize);
        let Self { limits, engine, row, watch, texts, rules, scope, sheet, output, .. } = self;
        let mut judge = Judge { limits, engine, row, watch, texts, scope, sheet, output };
        let mut rest = plan;
        while let Some((slot, columns, next)) = plan_entry(rest) {
            if let Some(Some(rule)) = rules.get_mut(slot) {
                judge.judge(rule, cells, rows, width, columns);
            }
            rest = next;
        }
        output.finish();
        Ok(())
    }
}

#[inline(always)]
fn plan_entry(plan: &[u32]) -> Option<(usize, &[u32], &[u32])> {
    let (&[slot, fields], rest) = plan.split_first_chunk::<2>()?;
    let (columns, next) = rest.split_at_checked(fields as usize)?;
    Some((slot as usize, columns, next))
}
