//! A rule's declared fields and parameters, and the reader of the host's compile request.

use rhai::{Dynamic, Expr, FloatWrapper, ImmutableString, Position};

/// Numbers are part of the interface to the host (`src/rule-source.ts`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Number = 0,
    Integer = 1,
    Text = 2,
    Boolean = 3,
}

impl Kind {
    pub const fn from_word(word: u32) -> Option<Self> {
        match word {
            0 => Some(Self::Number),
            1 => Some(Self::Integer),
            2 => Some(Self::Text),
            3 => Some(Self::Boolean),
            _ => None,
        }
    }
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Number | Self::Integer)
    }
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Integer => "an integer",
            Self::Text => "a text",
            Self::Boolean => "true or false",
        }
    }
}

pub struct Field {
    pub name: ImmutableString,
    pub kind: Kind,
}

/// Parameters are numbers (always floating-point, as JSON's are), texts or booleans.
pub struct Parameter {
    pub name: ImmutableString,
    pub value: Dynamic,
}

impl Parameter {
    pub fn constant(&self, position: Position) -> Expr {
        if let Ok(number) = self.value.as_float() {
            return Expr::FloatConstant(FloatWrapper::new(number), position);
        }
        if let Ok(flag) = self.value.as_bool() {
            return Expr::BoolConstant(flag, position);
        }
        Expr::StringConstant(self.value.clone().into_immutable_string().unwrap_or_default(), position)
    }
}

pub struct Declarations {
    pub fields: Vec<Field>,
    pub parameters: Vec<Parameter>,
}

/// Reads little-endian words, 64-bit floats and length-prefixed UTF-8; None where the request is cut short.
pub struct RequestReader<'a>(pub &'a [u8]);

impl<'a> RequestReader<'a> {
    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
    pub fn word(&mut self) -> Option<u32> {
        self.bytes(4)?.try_into().ok().map(u32::from_le_bytes)
    }
    fn float(&mut self) -> Option<f64> {
        self.bytes(8)?.try_into().ok().map(f64::from_le_bytes)
    }
    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.word()? as usize;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    pub fn declarations(&mut self) -> Option<Declarations> {
        let mut fields = Vec::new();
        for _ in 0..self.word()? {
            let kind = Kind::from_word(self.word()?)?;
            fields.push(Field { name: self.text()?.into(), kind });
        }
        let mut parameters = Vec::new();
        for _ in 0..self.word()? {
            let kind = Kind::from_word(self.word()?)?;
            let name = self.text()?.into();
            let value = match kind {
                Kind::Number | Kind::Integer => Dynamic::from_float(self.float()?),
                Kind::Text => Dynamic::from(ImmutableString::from(self.text()?)),
                Kind::Boolean => Dynamic::from_bool(self.word()? != 0),
            };
            parameters.push(Parameter { name, value });
        }
        Some(Declarations { fields, parameters })
    }
}
