//! The fast path: a rule without loops, calls or surprises as a flat program over raw cells.
//!
//! Registers are 64-bit words: floats and texts' numbers as bits of a 64-bit float, booleans as 0.0 or 1.0, integers as
//! two's complement. Types are known when the program is made, so nothing is tagged or tested when it runs. Whatever it
//! cannot decide (an integer overflow, a confidence of 2) it leaves to Rhai, which then makes the error.

use crate::epsilon;
use crate::texts::Texts;
use crate::verdict::is_confidence;
use rhai::ImmutableString;

/// A power of two, so that masking an operand replaces the bounds check.
pub const REGISTERS: usize = 64;

#[derive(Clone, Copy)]
pub enum Code {
    // branches: to `to` if the test over registers a and b comes out as `when`
    FloatGreater,
    FloatGreaterOrEqual,
    FloatLess,
    FloatLessOrEqual,
    FloatEqual,
    FloatDifferent,
    IntegerGreater,
    IntegerGreaterOrEqual,
    Same,
    /// Bit number b of the integer in register a.
    HasBit,
    IsTrue,
    Jump,
    // values: into register `to`
    Copy,
    ToFloat,
    FloatAdd,
    FloatSubtract,
    FloatMultiply,
    FloatDivide,
    FloatRemainder,
    FloatNegate,
    IntegerAdd,
    IntegerSubtract,
    IntegerMultiply,
    IntegerDivide,
    IntegerRemainder,
    IntegerNegate,
    // ends: leaf number `to` with the confidence in register a, or Rhai
    Verdict,
    LeaveToRhai,
}

/// Eight bytes, aligned: one load fetches it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Op {
    pub code: Code,
    pub when: bool,
    pub a: u8,
    pub b: u8,
    pub to: u16,
}

pub struct Load {
    pub slot: u8,
    pub register: u8,
    pub is_integer: bool,
}

pub enum Piece {
    Literal(Box<str>),
    Number(u8),
    Integer(u8),
    Text(u8),
    Boolean(u8),
}

pub struct Leaf {
    pub status: ImmutableString,
    /// The status' number in the present generation of texts.
    pub status_number: u32,
    /// The number of an explanation that is one text of the rule.
    pub explanation_number: Option<u32>,
    pub explanation: Option<Box<[Piece]>>,
}

pub struct Program {
    pub loads: Box<[Load]>,
    pub code: Box<[Op]>,
    pub leaves: Box<[Leaf]>,
    /// Registers that hold literal texts.
    pub literals: Box<[(u8, ImmutableString)]>,
    pub registers: Box<[u64; REGISTERS]>,
    /// Registers that are the same at each row: constants and literals.
    pub fixed: Box<[u8]>,
    pub generation: Option<u32>,
}

#[inline(always)]
fn float(registers: &[u64; REGISTERS], at: u8) -> f64 {
    f64::from_bits(registers[at as usize & (REGISTERS - 1)])
}

#[inline(always)]
fn integer(registers: &[u64; REGISTERS], at: u8) -> i64 {
    registers[at as usize & (REGISTERS - 1)] as i64
}

pub const TRUE: u64 = 1.0_f64.to_bits();

impl Program {
    /// Numbers the literals and statuses; to be called before rows are run when the texts' generation has changed.
    pub fn number_texts(&mut self, texts: &mut Texts, explanation_bytes_max: usize) {
        for (register, text) in &self.literals {
            self.registers[*register as usize] = f64::from(texts.intern(text)).to_bits();
        }
        for leaf in &mut self.leaves {
            leaf.status_number = texts.intern(&leaf.status);
            leaf.explanation_number = match leaf.explanation.as_deref() {
                Some([Piece::Literal(text)]) if !text.is_empty() && text.len() <= explanation_bytes_max => Some(texts.intern(text)),
                _ => None,
            };
        }
        self.generation = Some(texts.generation());
    }

    /// Judges one row: `columns[slot]` is where the rule's field lies in `cells`. Answers the leaf and the confidence;
    /// None: Rhai has to decide.
    #[inline]
    pub fn run(&mut self, cells: &[f64], columns: &[u32]) -> Option<(usize, f64)> {
        let registers = &mut *self.registers;
        for load in &self.loads {
            let cell = cells[columns[load.slot as usize] as usize];
            registers[load.register as usize & (REGISTERS - 1)] = if load.is_integer { cell as i64 as u64 } else { cell.to_bits() };
        }
        let ops = &*self.code;
        let mut at = 0;
        loop {
            let Op { code, when, a, b, to } = *ops.get(at)?;
            let (x, y) = (float(registers, a), float(registers, b));
            let (i, j) = (integer(registers, a), integer(registers, b));
            // One `match` for all: a second one for the values would be a second jump that the processor has to guess.
            let outcome = match code {
                Code::FloatGreater => Outcome::Test(epsilon::greater(x, y)),
                Code::FloatGreaterOrEqual => Outcome::Test(epsilon::greater_or_equal(x, y)),
                Code::FloatLess => Outcome::Test(epsilon::greater(y, x)),
                Code::FloatLessOrEqual => Outcome::Test(epsilon::greater_or_equal(y, x)),
                Code::FloatEqual => Outcome::Test(epsilon::equal(x, y)),
                Code::FloatDifferent => Outcome::Test(epsilon::different(x, y)),
                Code::IntegerGreater => Outcome::Test(i > j),
                Code::IntegerGreaterOrEqual => Outcome::Test(i >= j),
                Code::Same => Outcome::Test(i == j),
                Code::HasBit => Outcome::Test(i >> b & 1 == 1),
                Code::IsTrue => Outcome::Test(i as u64 == TRUE),
                Code::Jump => Outcome::Test(when),
                Code::Copy => Outcome::Value(i as u64),
                Code::ToFloat => Outcome::Value((i as f64).to_bits()),
                Code::FloatAdd => Outcome::Value((x + y).to_bits()),
                Code::FloatSubtract => Outcome::Value((x - y).to_bits()),
                Code::FloatMultiply => Outcome::Value((x * y).to_bits()),
                Code::FloatDivide => Outcome::Value((x / y).to_bits()),
                Code::FloatRemainder => Outcome::Value((x % y).to_bits()),
                Code::FloatNegate => Outcome::Value((-x).to_bits()),
                Code::IntegerAdd => Outcome::Value(i.checked_add(j)? as u64),
                Code::IntegerSubtract => Outcome::Value(i.checked_sub(j)? as u64),
                Code::IntegerMultiply => Outcome::Value(i.checked_mul(j)? as u64),
                Code::IntegerDivide => Outcome::Value(i.checked_div(j)? as u64),
                Code::IntegerRemainder => Outcome::Value(i.checked_rem(j)? as u64),
                Code::IntegerNegate => Outcome::Value(i.checked_neg()? as u64),
                // Register a holds the leaf's confidence.
                Code::Verdict => return is_confidence(x).then_some((to as usize, x)),
                Code::LeaveToRhai => return None,
            };
            at = match outcome {
                Outcome::Test(holds) if holds == when => to as usize,
                Outcome::Test(_) => at + 1,
                Outcome::Value(value) => {
                    registers[to as usize & (REGISTERS - 1)] = value;
                    at + 1
                }
            };
        }
    }
}

/// What an instruction came to; the compiler leaves nothing of it.
enum Outcome {
    Test(bool),
    Value(u64),
}
