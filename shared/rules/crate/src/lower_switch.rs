//! Lowers `switch`: tests that jump to the cases' bodies, then the bodies, each once.
//!
//! Rhai keeps a hash of each case's value and not the value. The value is found again among the literals of the source by
//! its hash; a case whose value is not there (an array, a map) leaves the rule to Rhai.

use crate::declarations::Kind;
use crate::lower::Lowering;
use crate::lower_value::Value;
use crate::program::Code;
use rhai::{Dynamic, Expr, Position, RangeCase, SwitchCasesCollection};
use std::hash::{Hash, Hasher};

/// Rhai's `calc_switch_value_hash`, which it keeps to itself: the same hasher of the same build.
pub fn hash_of(value: &Dynamic) -> u64 {
    let mut hasher = ahash::AHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

fn kind_of(literal: &Dynamic) -> Option<Kind> {
    if literal.is_int() {
        Some(Kind::Integer)
    } else if literal.is_float() {
        Some(Kind::Number)
    } else if literal.is_bool() {
        Some(Kind::Boolean)
    } else if literal.is_string() {
        Some(Kind::Text)
    } else {
        None
    }
}

/// Jumps to a case's body that are patched when it is emitted.
type Sites = Vec<Vec<usize>>;

impl Lowering {
    /// The answer says whether what follows the `switch` can be reached.
    pub fn switch(&mut self, scrutinee: &Expr, cases: &SwitchCasesCollection, is_ending: bool) -> Option<bool> {
        let low = self.emitter.low;
        let value = self.emitter.value(scrutinee)?;
        let mut sites: Sites = vec![Vec::new(); cases.expressions.len()];
        self.cases(value, cases, &mut sites)?;
        self.ranges(value, cases, &mut sites)?;
        let mut ends = Vec::new();
        match cases.def_case {
            Some(index) => sites.get_mut(index)?.push(self.emitter.branch(Code::Jump, 0, 0, true)),
            // Rhai goes on with no value, which at the end of a rule is an error.
            None if is_ending => self.emitter.emit(Code::LeaveToRhai, 0, 0, 0),
            None => ends.push(self.emitter.branch(Code::Jump, 0, 0, true)),
        }
        self.emitter.low = low;
        for (case, sites) in cases.expressions.iter().zip(&sites) {
            if sites.is_empty() {
                continue;
            }
            self.emitter.patch(sites)?;
            let body_ends = self.body(&case.rhs, is_ending)?;
            self.emitter.low = low;
            if body_ends && is_ending {
                self.emitter.emit(Code::LeaveToRhai, 0, 0, 0);
            } else if body_ends {
                ends.push(self.emitter.branch(Code::Jump, 0, 0, true));
            }
        }
        self.emitter.patch(&ends)?;
        Some(!ends.is_empty())
    }

    fn body(&mut self, body: &Expr, is_ending: bool) -> Option<bool> {
        match body {
            _ if is_ending => self.ending(body),
            Expr::Stmt(block) => self.block(block.statements(), false),
            Expr::Unit(_) => Some(true),
            other => self.emitter.value(other).map(|_| true),
        }
    }

    fn cases(&mut self, value: Value, cases: &SwitchCasesCollection, sites: &mut Sites) -> Option<()> {
        // The map's order is that of hashes; a build's own order would not be another build's.
        let mut by_first_block = cases.cases.iter().collect::<Vec<_>>();
        by_first_block.sort_by_key(|(hash, case)| (case.blocks.first().copied(), **hash));
        for (hash, case) in by_first_block {
            let Some(literal) = self.literals.get(hash).cloned() else {
                // Rhai lists ranges among the values too, where no value ever meets them.
                let is_range = case.blocks.iter().all(|block| cases.ranges.iter().any(|range| range.index() == *block));
                if is_range {
                    continue;
                }
                return None;
            };
            // A case of another kind is never met.
            if kind_of(&literal)? != value.kind {
                continue;
            }
            let constant = self.emitter.value(&Expr::from_dynamic(literal, Position::NONE))?;
            if let [index] = case.blocks.as_slice() {
                if matches!(cases.expressions.get(*index)?.lhs, Expr::BoolConstant(true, _)) {
                    sites.get_mut(*index)?.push(self.emitter.branch(Code::Same, value.register, constant.register, true));
                    continue;
                }
            }
            let others = self.emitter.branch(Code::Same, value.register, constant.register, false);
            for index in &case.blocks {
                self.when(&cases.expressions.get(*index)?.lhs, sites.get_mut(*index)?)?;
            }
            self.emitter.patch(&[others])?;
        }
        Some(())
    }

    fn ranges(&mut self, value: Value, cases: &SwitchCasesCollection, sites: &mut Sites) -> Option<()> {
        if cases.ranges.is_empty() || !value.kind.is_numeric() {
            return Some(());
        }
        // Rhai turns the bounds into floats then, and compares without its tolerance.
        if value.kind == Kind::Number {
            return None;
        }
        for range in &cases.ranges {
            let (start, end, last, index) = match range {
                RangeCase::ExclusiveInt(range, index) => (range.start, range.end, Code::IntegerGreater, *index),
                RangeCase::InclusiveInt(range, index) => (*range.start(), *range.end(), Code::IntegerGreaterOrEqual, *index),
            };
            let start = self.emitter.value(&Expr::IntegerConstant(start, Position::NONE))?;
            let end = self.emitter.value(&Expr::IntegerConstant(end, Position::NONE))?;
            let outside = [
                self.emitter.branch(Code::IntegerGreaterOrEqual, value.register, start.register, false),
                self.emitter.branch(last, end.register, value.register, false),
            ];
            self.when(&cases.expressions.get(index)?.lhs, sites.get_mut(index)?)?;
            self.emitter.patch(&outside)?;
        }
        Some(())
    }

    /// Jumps to the body when the case's own condition holds.
    fn when(&mut self, condition: &Expr, sites: &mut Vec<usize>) -> Option<()> {
        let low = self.emitter.low;
        sites.extend(self.emitter.condition(condition, true)?);
        self.emitter.low = low;
        Some(())
    }
}
