//! What stands where a rule ends: literal verdicts are checked when the rule is compiled, and constant ones are built once.

use crate::problem::{Problem, ProblemKind};
use crate::verdict::{is_confidence, is_status, number_of, Verdict, STATUS_BYTES_MAX};
use rhai::{ASTFlags, Dynamic, Expr, Position, Stmt, StmtBlock, AST};

pub fn check(ast: AST) -> (AST, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut statements = ast.statements().to_vec();
    let end = statements.last().map_or(Position::NONE, Stmt::position);
    for statement in &mut statements {
        returns(statement, &mut problems);
    }
    ending(&mut statements, end, &mut problems);
    (AST::new(statements, ast.shared_lib().clone()), problems)
}

fn ending(statements: &mut [Stmt], place: Position, problems: &mut Vec<Problem>) {
    match statements.iter_mut().rev().find(|statement| !statement.is_noop()) {
        Some(last) => last_statement(last, problems),
        None => problems.push(Problem::new(ProblemKind::NoVerdict, place, "here the rule may end without a verdict; add one for this case")),
    }
}

fn block(block: &mut StmtBlock, place: Position, problems: &mut Vec<Problem>) {
    ending(block.statements_mut(), place, problems);
}

fn last_statement(statement: &mut Stmt, problems: &mut Vec<Problem>) {
    match statement {
        Stmt::Expr(expression) => value(expression, problems),
        Stmt::Block(inner) => {
            let place = inner.position();
            block(inner, place, problems);
        }
        Stmt::If(flow, position) => {
            block(&mut flow.body, *position, problems);
            block(&mut flow.branch, *position, problems);
        }
        Stmt::Switch(switch, position) => {
            for case in &mut switch.1.expressions {
                value(&mut case.rhs, problems);
            }
            if switch.1.def_case.is_none() {
                problems.push(Problem::new(ProblemKind::NoVerdict, *position, "this switch has no `_` case: for other values the rule ends without a verdict"));
            }
        }
        Stmt::Var(_, _, position) => problems.push(Problem::new(ProblemKind::NoVerdict, *position, "the rule ends here without a verdict")),
        _ => {}
    }
}

/// `return` may stand anywhere in the rule's own statements.
fn returns(statement: &mut Stmt, problems: &mut Vec<Problem>) {
    match statement {
        Stmt::Return(Some(expression), flags, _) if !flags.contains(ASTFlags::BREAK) => value(expression, problems),
        Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, ..) | Stmt::TryCatch(flow, _) => {
            for inner in flow.body.statements_mut().iter_mut().chain(flow.branch.statements_mut().iter_mut()) {
                returns(inner, problems);
            }
        }
        Stmt::For(parts, _) => parts.2.body.statements_mut().iter_mut().for_each(|inner| returns(inner, problems)),
        Stmt::Block(inner) => inner.statements_mut().iter_mut().for_each(|inner| returns(inner, problems)),
        _ => {}
    }
}

fn value(expression: &mut Expr, problems: &mut Vec<Problem>) {
    let place = expression.start_position();
    match expression {
        Expr::Map(entries, _) => {
            check_entries(&entries.0, place, problems);
            if let Some(verdict) = constant(&entries.0) {
                *expression = Expr::DynamicConstant(Dynamic::from(verdict).into(), place);
            }
        }
        Expr::FnCall(call, _) if call.name == "verdict" => {
            if let Some(status) = call.args.first() {
                check_status(status, problems);
            }
            if let Some(confidence) = call.args.get(1) {
                check_confidence(confidence, problems);
            }
        }
        Expr::Stmt(inner) => block(inner, place, problems),
        Expr::StringConstant(..)
        | Expr::InterpolatedString(..)
        | Expr::IntegerConstant(..)
        | Expr::FloatConstant(..)
        | Expr::BoolConstant(..)
        | Expr::Array(..)
        | Expr::Unit(_) => {
            problems.push(Problem::new(ProblemKind::Result, place, "a rule ends with #{ status: \"...\", confidence: 0.0 to 1.0 } or verdict(\"...\", 0.0 to 1.0)"));
        }
        _ => {}
    }
}

fn check_entries(entries: &[(rhai::Ident, Expr)], place: Position, problems: &mut Vec<Problem>) {
    for (key, value) in entries {
        match key.name.as_str() {
            "status" => check_status(value, problems),
            "confidence" => check_confidence(value, problems),
            "explanation" => {}
            other => problems.push(Problem::new(ProblemKind::Result, key.pos, format!("a verdict has no `{other}`: it has status, confidence and, if wanted, explanation"))),
        }
    }
    for required in ["status", "confidence"] {
        if !entries.iter().any(|(key, _)| key.name == required) {
            problems.push(Problem::new(ProblemKind::Result, place, format!("the verdict lacks its {required}")));
        }
    }
}

fn check_status(value: &Expr, problems: &mut Vec<Problem>) {
    if let Some(literal) = value.get_literal_value(None) {
        if !literal.as_immutable_string_ref().is_ok_and(|status| is_status(&status)) {
            problems.push(Problem::new(ProblemKind::Result, value.start_position(), format!("a status is a text of 1 to {STATUS_BYTES_MAX} bytes")));
        }
    }
}

fn check_confidence(value: &Expr, problems: &mut Vec<Problem>) {
    if let Some(literal) = value.get_literal_value(None) {
        if !number_of(&literal).is_some_and(is_confidence) {
            problems.push(Problem::new(ProblemKind::Result, value.start_position(), "a confidence is a number from 0 to 1"));
        }
    }
}

/// The verdict of a map of constants: built once here instead of once a row.
fn constant(entries: &[(rhai::Ident, Expr)]) -> Option<Verdict> {
    let literal = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value.get_literal_value(None));
    let text = |value: Dynamic| value.into_immutable_string().ok();
    let explanation = match literal("explanation") {
        None => None,
        Some(value) => Some(text(value?)?),
    };
    let known = entries.iter().all(|(key, _)| matches!(key.name.as_str(), "status" | "confidence" | "explanation"));
    known.then_some(Verdict { status: text(literal("status")??)?, confidence: number_of(&literal("confidence")??)?, explanation })
}
