//! `input.x...` and `params.x...` at the head of a chain of dots and brackets.
//!
//! Rhai nests chains to the right: `a.b.c` is Dot(a, Dot(b, c)), `a["b"].c` is Index(a, Dot("b", c)). The flag BREAK says
//! that the right side is the chain's last link; without it the right side's own left is the next link.

use rhai::{ASTFlags, BinaryExpr, Expr, Position};

/// The two maps that a script sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Input,
    Parameters,
}

impl Source {
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "input" => Some(Self::Input),
            "params" => Some(Self::Parameters),
            _ => None,
        }
    }
    pub fn of_variable(expression: &Expr) -> Option<Self> {
        match expression {
            Expr::Variable(variable, ..) => Self::of_name(&variable.1),
            _ => None,
        }
    }
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Parameters => "params",
        }
    }
}

/// The key of the first link if it is written out, and its place.
pub fn literal_key(link: &BinaryExpr, is_index: bool, flags: ASTFlags) -> Option<(&str, Position)> {
    let first = first_link(link, flags);
    match first {
        Expr::Property(property, position) if !is_index => Some((&property.2, *position)),
        Expr::StringConstant(key, position) if is_index => Some((key, *position)),
        _ => None,
    }
}

fn first_link(link: &BinaryExpr, flags: ASTFlags) -> &Expr {
    match &link.rhs {
        Expr::Dot(next, ..) | Expr::Index(next, ..) if !flags.contains(ASTFlags::BREAK) => &next.lhs,
        last => last,
    }
}

/// What is left of the chain when its head and first link become `value`.
pub fn replace_head(chain: Expr, value: Expr) -> Expr {
    let (Expr::Dot(link, flags, _) | Expr::Index(link, flags, _)) = chain else { return value };
    if flags.contains(ASTFlags::BREAK) {
        return value;
    }
    match link.rhs {
        Expr::Dot(mut next, next_flags, position) => {
            next.lhs = value;
            Expr::Dot(next, next_flags, position)
        }
        Expr::Index(mut next, next_flags, position) => {
            next.lhs = value;
            Expr::Index(next, next_flags, position)
        }
        _ => value,
    }
}

/// The variable at the left end of what is assigned to.
pub fn root(expression: &Expr) -> &Expr {
    match expression {
        Expr::Dot(link, ..) | Expr::Index(link, ..) => root(&link.lhs),
        other => other,
    }
}
