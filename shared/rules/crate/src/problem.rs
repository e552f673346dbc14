//! What the compiler has to say about a rule, with its place.

use rhai::Position;

/// Numbers are part of the interface to the host (`src/compile-problem.ts`).
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum ProblemKind {
    Syntax = 1,
    Limit = 2,
    UnknownField = 3,
    UnknownParameter = 4,
    ReservedName = 5,
    ReadOnly = 6,
    Type = 7,
    Result = 8,
    IntegerDivision = 32,
    NoVerdict = 33,
}

impl ProblemKind {
    /// A warning lets the rule be compiled.
    pub const fn is_warning(self) -> bool {
        matches!(self, Self::IntegerDivision | Self::NoVerdict)
    }
}

pub struct Problem {
    pub kind: ProblemKind,
    pub position: Position,
    pub message: String,
}

impl Problem {
    pub fn new(kind: ProblemKind, position: Position, message: impl Into<String>) -> Self {
        Self { kind, position, message: message.into() }
    }

    /// Appends kind, line, column, length (32-bit words, little-endian; 0 = unknown place) and the message in UTF-8.
    pub fn encode(&self, to: &mut Vec<u8>) {
        let line = self.position.line().unwrap_or(0) as u32;
        let column = self.position.position().unwrap_or(0) as u32;
        for word in [self.kind as u32, line, column, self.message.len() as u32] {
            to.extend_from_slice(&word.to_le_bytes());
        }
        to.extend_from_slice(self.message.as_bytes());
    }
}
