//! Lowers expressions: values into registers, conditions into branches.

use crate::chart;
use crate::declarations::Kind;
use crate::program::{Code, Load, Op, REGISTERS, TRUE};
use crate::row::cell_of_index;
use crate::types::is_comparison;
use rhai::{Dynamic, Expr, FnCallExpr, ImmutableString, Stmt, Token};

/// A value in a register.
#[derive(Clone, Copy)]
pub struct Value {
    pub register: u8,
    pub kind: Kind,
}

struct Constant {
    bits: u64,
    kind: Kind,
    register: u8,
}

/// Everything that is emitted. Locals and temporaries grow from register 0 up, cells and constants from the top down; when
/// they meet, the rule is too large for the fast path.
#[derive(Default)]
pub struct Emitter {
    pub code: Vec<Op>,
    pub loads: Vec<Load>,
    pub literals: Vec<(u8, ImmutableString)>,
    constants: Vec<Constant>,
    pub locals: Vec<(ImmutableString, Value)>,
    /// Registers in use from 0 up; blocks give theirs back.
    pub low: usize,
    /// The most that `low` has been. Constants are set once, before the first row, so a constant that is found later must
    /// not lie where an earlier block had its variables.
    low_peak: usize,
    high: usize,
}

/// What the optimiser folded: a number, a text or a boolean that is wrapped as any value.
pub fn simple_constant(expression: &Expr) -> Option<Expr> {
    let Expr::DynamicConstant(value, position) = expression else { return None };
    match Expr::from_dynamic(Dynamic::clone(value), *position) {
        Expr::DynamicConstant(..) => None,
        simple => Some(simple),
    }
}

impl Emitter {
    pub fn emit(&mut self, code: Code, a: u8, b: u8, to: u16) {
        self.code.push(Op { code, when: true, a, b, to });
    }
    pub fn here(&self) -> Option<u16> {
        u16::try_from(self.code.len()).ok()
    }
    pub fn patch(&mut self, sites: &[usize]) -> Option<()> {
        let here = self.here()?;
        sites.iter().for_each(|&site| self.code[site].to = here);
        Some(())
    }
    /// A branch whose target is patched later.
    pub fn branch(&mut self, code: Code, a: u8, b: u8, when: bool) -> usize {
        self.code.push(Op { code, when, a, b, to: 0 });
        self.code.len() - 1
    }
    pub fn temporary(&mut self) -> Option<u8> {
        self.low += 1;
        self.low_peak = self.low_peak.max(self.low);
        (self.low_peak + self.high <= REGISTERS).then(|| (self.low - 1) as u8)
    }
    fn fixed(&mut self) -> Option<u8> {
        self.high += 1;
        (self.low_peak + self.high <= REGISTERS).then(|| (REGISTERS - self.high) as u8)
    }
    pub fn registers(&self) -> Box<[u64; REGISTERS]> {
        let mut registers = Box::new([0; REGISTERS]);
        for constant in &self.constants {
            registers[constant.register as usize] = constant.bits;
        }
        registers
    }

    pub fn fixed_registers(&self) -> Box<[u8]> {
        let literals = self.literals.iter().map(|(register, _)| *register);
        self.constants.iter().map(|constant| constant.register).chain(literals).collect()
    }

    fn constant(&mut self, bits: u64, kind: Kind) -> Option<Value> {
        if let Some(known) = self.constants.iter().find(|known| known.bits == bits && known.kind == kind) {
            return Some(Value { register: known.register, kind });
        }
        let register = self.fixed()?;
        self.constants.push(Constant { bits, kind, register });
        Some(Value { register, kind })
    }
    fn literal(&mut self, text: &ImmutableString) -> Option<Value> {
        let known = self.literals.iter().find(|(_, known)| known == text).map(|(register, _)| *register);
        let register = match known {
            Some(register) => register,
            None => {
                let register = self.fixed()?;
                self.literals.push((register, text.clone()));
                register
            }
        };
        Some(Value { register, kind: Kind::Text })
    }
    fn cell(&mut self, slot: usize, kind: Kind) -> Option<Value> {
        if let Some(load) = self.loads.iter().find(|load| load.slot as usize == slot) {
            return Some(Value { register: load.register, kind });
        }
        let register = self.fixed()?;
        self.loads.push(Load { slot: slot as u8, register, is_integer: kind == Kind::Integer });
        Some(Value { register, kind })
    }

    pub fn value(&mut self, expression: &Expr) -> Option<Value> {
        match expression {
            Expr::FloatConstant(number, _) => self.constant(number.to_bits(), Kind::Number),
            Expr::IntegerConstant(number, _) => self.constant(*number as u64, Kind::Integer),
            Expr::BoolConstant(flag, _) => self.constant(f64::from(u8::from(*flag)).to_bits(), Kind::Boolean),
            Expr::StringConstant(text, _) => self.literal(text),
            Expr::DynamicConstant(..) => self.value(&simple_constant(expression)?),
            Expr::Variable(variable, ..) => match variable.0.and_then(|index| cell_of_index(index.get())) {
                Some((slot, kind)) => self.cell(slot, kind),
                None => self.locals.iter().rev().find(|(name, _)| *name == variable.1).map(|(_, value)| *value),
            },
            Expr::Stmt(block) => match block.statements() {
                [Stmt::Expr(inner)] => self.value(inner),
                _ => None,
            },
            Expr::And(..) | Expr::Or(..) => self.truth_value(expression),
            Expr::FnCall(call, _) if chart::is_chart_function(&call.name) => self.truth_value(expression),
            Expr::FnCall(call, _) => match (call.op_token.as_ref()?, call.args.as_slice()) {
                (Token::Minus | Token::UnaryMinus, [operand]) => self.negated(operand),
                (Token::Bang, [_]) => self.truth_value(expression),
                (token, [_, _]) if is_comparison(token) => self.truth_value(expression),
                (token, [left, right]) => {
                    let (left, right) = (self.value(left)?, self.value(right)?);
                    self.arithmetic(token, left, right)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn negated(&mut self, operand: &Expr) -> Option<Value> {
        let operand = self.value(operand)?;
        let code = match operand.kind {
            Kind::Number => Code::FloatNegate,
            Kind::Integer => Code::IntegerNegate,
            _ => return None,
        };
        let register = self.temporary()?;
        self.emit(code, operand.register, operand.register, u16::from(register));
        Some(Value { register, kind: operand.kind })
    }

    /// The value as a float; integers are converted as Rhai does where it mixes them.
    pub fn as_float(&mut self, value: Value) -> Option<u8> {
        match value.kind {
            Kind::Number => Some(value.register),
            Kind::Integer => {
                if let Some(known) = self.constants.iter().find(|known| known.register == value.register) {
                    let bits = (known.bits as i64 as f64).to_bits();
                    return self.constant(bits, Kind::Number).map(|constant| constant.register);
                }
                let register = self.temporary()?;
                self.emit(Code::ToFloat, value.register, value.register, u16::from(register));
                Some(register)
            }
            _ => None,
        }
    }

    pub fn arithmetic(&mut self, token: &Token, left: Value, right: Value) -> Option<Value> {
        let both_integers = left.kind == Kind::Integer && right.kind == Kind::Integer;
        let (float, integer) = match token {
            Token::Plus => (Code::FloatAdd, Code::IntegerAdd),
            Token::Minus => (Code::FloatSubtract, Code::IntegerSubtract),
            Token::Multiply => (Code::FloatMultiply, Code::IntegerMultiply),
            Token::Divide => (Code::FloatDivide, Code::IntegerDivide),
            Token::Modulo => (Code::FloatRemainder, Code::IntegerRemainder),
            _ => return None,
        };
        let (code, a, b, kind) = if both_integers { (integer, left.register, right.register, Kind::Integer) } else { (float, self.as_float(left)?, self.as_float(right)?, Kind::Number) };
        let register = self.temporary()?;
        self.emit(code, a, b, u16::from(register));
        Some(Value { register, kind })
    }

    /// A condition as a value: 1.0 or 0.0 in a register.
    fn truth_value(&mut self, condition: &Expr) -> Option<Value> {
        let register = self.temporary()?;
        let (yes, no) = (self.constant(TRUE, Kind::Boolean)?, self.constant(0, Kind::Boolean)?);
        let when_false = self.condition(condition, false)?;
        self.emit(Code::Copy, yes.register, yes.register, u16::from(register));
        let end = self.branch(Code::Jump, 0, 0, true);
        self.patch(&when_false)?;
        self.emit(Code::Copy, no.register, no.register, u16::from(register));
        self.patch(&[end])?;
        Some(Value { register, kind: Kind::Boolean })
    }

    /// Branches taken when the condition comes out as `when`; otherwise the code falls through.
    pub fn condition(&mut self, condition: &Expr, when: bool) -> Option<Vec<usize>> {
        match condition {
            Expr::BoolConstant(flag, _) => Some(if *flag == when { vec![self.branch(Code::Jump, 0, 0, true)] } else { Vec::new() }),
            Expr::And(parts, _) => self.sequence(parts, false, when),
            Expr::Or(parts, _) => self.sequence(parts, true, when),
            Expr::Stmt(block) => match block.statements() {
                [Stmt::Expr(inner)] => self.condition(inner, when),
                _ => None,
            },
            Expr::FnCall(call, _) if chart::is_chart_function(&call.name) => self.chart_function(call, when),
            Expr::FnCall(call, _) => match (call.op_token.as_ref()?, call.args.as_slice()) {
                (Token::Bang, [inner]) => self.condition(inner, !when),
                (token, [left, right]) if is_comparison(token) => self.comparison(call, left, right, when),
                _ => None,
            },
            other => {
                let value = self.value(other).filter(|value| value.kind == Kind::Boolean)?;
                Some(vec![self.branch(Code::IsTrue, value.register, value.register, when)])
            }
        }
    }

    fn chart_function(&mut self, call: &FnCallExpr, when: bool) -> Option<Vec<usize>> {
        if call.capture_parent_scope {
            return None;
        }
        let mask = self.value(call.args.first()?).filter(|mask| mask.kind == Kind::Integer)?;
        match call.args.as_slice() {
            [_] if call.name == chart::VIOLATED => {
                let none = self.constant(0, Kind::Integer)?;
                Some(vec![self.branch(Code::Same, mask.register, none.register, !when)])
            }
            [_, Expr::IntegerConstant(test, _)] => {
                let bit = chart::bit_of(&call.name, *test)?;
                Some(vec![self.branch(Code::HasBit, mask.register, bit, when)])
            }
            _ => None,
        }
    }

    /// `&&` (deciding on false) or `||` (deciding on true): the first part that comes out as `decides` ends it.
    fn sequence(&mut self, parts: &[Expr], decides: bool, when: bool) -> Option<Vec<usize>> {
        if when == decides {
            let mut taken = Vec::new();
            for part in parts {
                taken.extend(self.condition(part, decides)?);
            }
            return Some(taken);
        }
        let (last, before) = parts.split_last()?;
        let mut skipped = Vec::new();
        for part in before {
            skipped.extend(self.condition(part, decides)?);
        }
        let taken = self.condition(last, when)?;
        self.patch(&skipped)?;
        Some(taken)
    }

    fn comparison(&mut self, call: &FnCallExpr, left: &Expr, right: &Expr, when: bool) -> Option<Vec<usize>> {
        let token = call.op_token.as_ref()?;
        let (left, right) = (self.value(left)?, self.value(right)?);
        let (a, b) = (left.register, right.register);
        let site = match (left.kind, right.kind) {
            (Kind::Integer, Kind::Integer) => match token {
                Token::GreaterThan => self.branch(Code::IntegerGreater, a, b, when),
                Token::GreaterThanEqualsTo => self.branch(Code::IntegerGreaterOrEqual, a, b, when),
                Token::LessThan => self.branch(Code::IntegerGreater, b, a, when),
                Token::LessThanEqualsTo => self.branch(Code::IntegerGreaterOrEqual, b, a, when),
                Token::EqualsTo => self.branch(Code::Same, a, b, when),
                _ => self.branch(Code::Same, a, b, !when),
            },
            (left_kind, right_kind) if left_kind.is_numeric() && right_kind.is_numeric() => {
                let (a, b) = (self.as_float(left)?, self.as_float(right)?);
                let code = match token {
                    Token::GreaterThan => Code::FloatGreater,
                    Token::GreaterThanEqualsTo => Code::FloatGreaterOrEqual,
                    Token::LessThan => Code::FloatLess,
                    Token::LessThanEqualsTo => Code::FloatLessOrEqual,
                    Token::EqualsTo => Code::FloatEqual,
                    _ => Code::FloatDifferent,
                };
                self.branch(code, a, b, when)
            }
            (left_kind, right_kind) if left_kind == right_kind => match token {
                Token::EqualsTo => self.branch(Code::Same, a, b, when),
                Token::NotEqualsTo => self.branch(Code::Same, a, b, !when),
                _ => return None,
            },
            _ => return None,
        };
        Some(vec![site])
    }
}
