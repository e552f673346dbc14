//! Lowers a rule's statements to a program, or gives up: then Rhai runs the rule.

use crate::declarations::Kind;
use crate::lower_switch::hash_of;
use crate::lower_value::{simple_constant, Emitter, Value};
use crate::number::float_text;
use crate::program::{Code, Leaf, Piece, Program};
use crate::verdict::verdict_of;
use rhai::{ASTFlags, Dynamic, Expr, ImmutableString, Position, Stmt, AST};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Lowering {
    pub emitter: Emitter,
    leaves: Vec<Leaf>,
    /// What stands in the source, by hash; see `lower_switch`.
    pub literals: BTreeMap<u64, Dynamic>,
}

/// None: the rule has something that the fast path does not know (a loop, a function, a method...).
pub fn lower(ast: &AST, literals: Vec<Dynamic>) -> Option<Program> {
    if !ast.shared_lib().is_empty() {
        return None;
    }
    let mut lowering = Lowering { literals: literals.into_iter().map(|literal| (hash_of(&literal), literal)).collect(), ..Lowering::default() };
    if lowering.block(ast.statements(), true)? {
        lowering.emitter.emit(Code::LeaveToRhai, 0, 0, 0);
    }
    lowering.emitter.here()?;
    let (registers, fixed) = (lowering.emitter.registers(), lowering.emitter.fixed_registers());
    Some(Program {
        loads: lowering.emitter.loads.into(),
        code: lowering.emitter.code.into(),
        leaves: lowering.leaves.into(),
        literals: lowering.emitter.literals.into(),
        registers,
        fixed,
        generation: None,
    })
}

impl Lowering {
    /// Lowers statements in a scope of their own. The answer says whether the end of the block can be reached.
    pub fn block(&mut self, statements: &[Stmt], is_ending: bool) -> Option<bool> {
        let (locals, low) = (self.emitter.locals.len(), self.emitter.low);
        let last = statements.iter().rposition(|statement| !statement.is_noop());
        let mut is_reachable = true;
        for (index, statement) in statements.iter().enumerate() {
            is_reachable = self.statement(statement, is_ending && Some(index) == last)?;
            if !is_reachable {
                break;
            }
        }
        self.emitter.locals.truncate(locals);
        self.emitter.low = low;
        Some(is_reachable)
    }

    fn statement(&mut self, statement: &Stmt, is_ending: bool) -> Option<bool> {
        match statement {
            Stmt::Noop(_) => Some(true),
            Stmt::Block(block) => self.block(block.statements(), is_ending),
            Stmt::If(flow, _) => {
                let when_false = self.emitter.condition(&flow.expr, false)?;
                let body_ends = self.block(flow.body.statements(), is_ending)?;
                if body_ends && is_ending {
                    self.emitter.emit(Code::LeaveToRhai, 0, 0, 0);
                }
                let end = (body_ends && !is_ending && !flow.branch.is_empty()).then(|| self.emitter.branch(Code::Jump, 0, 0, true));
                self.emitter.patch(&when_false)?;
                let branch_ends = self.block(flow.branch.statements(), is_ending)?;
                if let Some(end) = end {
                    self.emitter.patch(&[end])?;
                }
                Some((body_ends && !is_ending) || branch_ends)
            }
            Stmt::Switch(switch, _) => self.switch(&switch.0, &switch.1, is_ending),
            Stmt::Var(variable, _, _) => {
                let low = self.emitter.low;
                let value = self.emitter.value(&variable.1)?;
                // What was just computed into a register that nothing else has is the variable's from here on.
                let is_own = (low..self.emitter.low).contains(&usize::from(value.register));
                let local = if is_own { value } else { self.local(value)? };
                self.emitter.locals.push((variable.0.name.clone(), local));
                Some(true)
            }
            Stmt::Assignment(assignment) => {
                let Expr::Variable(target, ..) = &assignment.1.lhs else { return None };
                let local = self.emitter.locals.iter().rev().find(|(name, _)| *name == target.1).map(|(_, local)| *local)?;
                let mut value = self.emitter.value(&assignment.1.rhs)?;
                if let Some((_, _, _, _, operator, _)) = assignment.0.get_op_assignment_info() {
                    value = self.emitter.arithmetic(operator, local, value)?;
                }
                // A variable of another kind from here on would need its kind tracked along both ways of every `if`.
                if local.kind != value.kind {
                    return None;
                }
                self.emitter.emit(Code::Copy, value.register, value.register, u16::from(local.register));
                Some(true)
            }
            Stmt::Return(Some(expression), flags, _) if !flags.contains(ASTFlags::BREAK) => self.verdict(expression).map(|()| false),
            Stmt::Expr(expression) if is_ending => self.ending(expression),
            Stmt::FnCall(call, _) if is_ending && call.name == "verdict" => self.call(&call.args).map(|()| false),
            // A value that nobody takes: what the optimiser leaves of an `if` without a body. It may still fail.
            Stmt::Expr(expression) => self.emitter.value(expression).map(|_| true),
            Stmt::FnCall(call, position) if !is_ending && call.is_operator_call() => {
                self.emitter.value(&Expr::FnCall(call.clone(), *position)).map(|_| true)
            }
            _ => None,
        }
    }

    /// A register of its own, low, for a variable: it may be assigned to, and it outlives the temporaries below it.
    fn local(&mut self, value: Value) -> Option<Value> {
        let register = self.emitter.temporary()?;
        self.emitter.emit(Code::Copy, value.register, value.register, u16::from(register));
        Some(Value { register, kind: value.kind })
    }

    pub fn ending(&mut self, expression: &Expr) -> Option<bool> {
        match expression {
            Expr::Stmt(block) => self.block(block.statements(), true),
            other => self.verdict(other).map(|()| false),
        }
    }

    fn verdict(&mut self, expression: &Expr) -> Option<()> {
        match expression {
            Expr::DynamicConstant(value, _) => {
                let verdict = verdict_of(Dynamic::clone(value)).ok()?;
                let confidence = Expr::FloatConstant(rhai::FloatWrapper::new(verdict.confidence), Position::NONE);
                let explanation = verdict.explanation.map(|text| Expr::StringConstant(text, Position::NONE));
                self.leaf(verdict.status, &confidence, explanation.as_ref())
            }
            Expr::FnCall(call, _) if call.name == "verdict" => self.call(&call.args),
            Expr::Map(entries, _) => {
                let entry = |name: &str| entries.0.iter().find(|(key, _)| key.name == name).map(|(_, value)| value);
                match entry("status")? {
                    Expr::StringConstant(status, _) => self.leaf(status.clone(), entry("confidence")?, entry("explanation")),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn call(&mut self, arguments: &[Expr]) -> Option<()> {
        match arguments {
            [Expr::StringConstant(status, _), confidence] => self.leaf(status.clone(), confidence, None),
            [Expr::StringConstant(status, _), confidence, explanation] => self.leaf(status.clone(), confidence, Some(explanation)),
            _ => None,
        }
    }

    fn leaf(&mut self, status: ImmutableString, confidence: &Expr, explanation: Option<&Expr>) -> Option<()> {
        let confidence = self.emitter.value(confidence)?;
        let confidence = self.emitter.as_float(confidence)?;
        let explanation = match explanation {
            None => None,
            Some(Expr::InterpolatedString(parts, _)) => Some(joined(parts.iter().map(|part| self.template_piece(part)).collect::<Option<Vec<_>>>()?)),
            Some(other) => match self.piece(other)? {
                piece @ (Piece::Literal(_) | Piece::Text(_)) => Some(Box::from([piece])),
                _ => return None,
            },
        };
        let number = u16::try_from(self.leaves.len()).ok()?;
        self.leaves.push(Leaf { status, status_number: 0, explanation_number: None, explanation });
        self.emitter.emit(Code::Verdict, confidence, confidence, number);
        Some(())
    }

    /// In a template numbers become texts too, and those that never change become them once, here.
    fn template_piece(&mut self, part: &Expr) -> Option<Piece> {
        let simple = simple_constant(part);
        match simple.as_ref().unwrap_or(part) {
            Expr::FloatConstant(number, _) => Some(Piece::Literal(float_text(**number).into())),
            Expr::IntegerConstant(number, _) => Some(Piece::Literal(number.to_string().into())),
            Expr::BoolConstant(flag, _) => Some(Piece::Literal(flag.to_string().into())),
            other => self.piece(other),
        }
    }

    fn piece(&mut self, part: &Expr) -> Option<Piece> {
        if let Expr::StringConstant(text, _) = part {
            return Some(Piece::Literal(text.as_str().into()));
        }
        if let Some(simple) = simple_constant(part) {
            return self.piece(&simple);
        }
        let value = self.emitter.value(part)?;
        Some(match value.kind {
            Kind::Number => Piece::Number(value.register),
            Kind::Integer => Piece::Integer(value.register),
            Kind::Text => Piece::Text(value.register),
            Kind::Boolean => Piece::Boolean(value.register),
        })
    }
}

/// Neighbouring literals as one: a piece less at each row.
fn joined(pieces: Vec<Piece>) -> Box<[Piece]> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(text)) => *before = [&**before, &*text].concat().into(),
            (_, piece) => joined.push(piece),
        }
    }
    joined.into()
}
