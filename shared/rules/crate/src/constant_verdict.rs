//! Verdicts that are the same each time, by number. Rhai would copy such a value, with its allocations, at every row; here the
//! rule ends with a tagged "nothing" instead, and its tag says which verdict is meant.

use crate::texts::Texts;
use crate::verdict::Verdict;
use rhai::{ASTFlags, Dynamic, Expr, Stmt, AST};

pub struct ConstantVerdict {
    pub verdict: Verdict,
    pub status_number: u32,
    /// Of the explanation, if it has one.
    pub explanation_number: Option<u32>,
}

#[derive(Default)]
pub struct ConstantVerdicts {
    verdicts: Vec<ConstantVerdict>,
    generation: Option<u32>,
}

impl ConstantVerdicts {
    /// Takes the constant verdicts out of the places where a rule ends. To be called with the optimised rule.
    pub fn taken_from(ast: AST, explanation_bytes_max: usize) -> (AST, Self) {
        let mut taken = Taken { verdicts: Vec::new(), explanation_bytes_max };
        let mut statements = ast.statements().to_vec();
        statements.iter_mut().for_each(|statement| taken.returns(statement));
        taken.ending(&mut statements);
        (AST::new(statements, ast.shared_lib().clone()), Self { verdicts: taken.verdicts, generation: None })
    }

    /// The verdict that the value of a rule stands for. Scripts cannot tag values (`sandbox`).
    #[inline]
    pub fn of(&mut self, value: &Dynamic, texts: &mut Texts) -> Option<&ConstantVerdict> {
        if !value.is_unit() || value.tag() <= 0 {
            return None;
        }
        if self.generation != Some(texts.generation()) {
            for constant in &mut self.verdicts {
                constant.status_number = texts.intern(&constant.verdict.status);
                constant.explanation_number = constant.verdict.explanation.as_ref().filter(|text| !text.is_empty()).map(|text| texts.intern(text));
            }
            self.generation = Some(texts.generation());
        }
        self.verdicts.get(value.tag() as usize - 1)
    }
}

struct Taken {
    verdicts: Vec<ConstantVerdict>,
    explanation_bytes_max: usize,
}

impl Taken {
    fn ending(&mut self, statements: &mut [Stmt]) {
        match statements.iter_mut().rev().find(|statement| !statement.is_noop()) {
            Some(Stmt::Expr(expression)) => self.value(expression),
            Some(Stmt::Block(block)) => self.ending(block.statements_mut()),
            Some(Stmt::If(flow, _)) => {
                self.ending(flow.body.statements_mut());
                self.ending(flow.branch.statements_mut());
            }
            Some(Stmt::Switch(switch, _)) => switch.1.expressions.iter_mut().for_each(|case| self.value(&mut case.rhs)),
            _ => {}
        }
    }

    fn returns(&mut self, statement: &mut Stmt) {
        match statement {
            Stmt::Return(Some(expression), flags, _) if !flags.contains(ASTFlags::BREAK) => self.value(expression),
            Stmt::If(flow, _) => {
                let both = flow.body.statements_mut().iter_mut().chain(flow.branch.statements_mut().iter_mut());
                both.for_each(|inner| self.returns(inner));
            }
            Stmt::Block(block) => block.statements_mut().iter_mut().for_each(|inner| self.returns(inner)),
            _ => {}
        }
    }

    fn value(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Stmt(block) => self.ending(block.statements_mut()),
            Expr::DynamicConstant(value, place) => {
                let place = *place;
                let Some(verdict) = Dynamic::clone(value).try_cast::<Verdict>().filter(|verdict| self.is_whole(verdict)) else { return };
                let Ok(tag) = (self.verdicts.len() + 1).try_into() else { return };
                self.verdicts.push(ConstantVerdict { verdict, status_number: 0, explanation_number: None });
                let mut tagged = Dynamic::UNIT;
                tagged.set_tag(tag);
                *expression = Expr::DynamicConstant(tagged.into(), place);
            }
            _ => {}
        }
    }

    /// One that is refused or cut goes the usual way.
    fn is_whole(&self, verdict: &Verdict) -> bool {
        verdict.is_sound() && verdict.explanation.as_ref().is_none_or(|text| text.len() <= self.explanation_bytes_max)
    }
}
