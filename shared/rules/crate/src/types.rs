//! Finds mistakes of type that Rhai would pass over in silence: `"70" < 80` is simply false there, for ever.

use crate::chart;
use crate::declarations::Kind;
use crate::problem::{Problem, ProblemKind};
use crate::row::cell_of_index;
use rhai::{ASTNode, Expr, FnCallExpr, Position, Stmt, Token, AST};

/// The kind of an expression over fields and constants; None where only running it would tell.
fn kind_of(expression: &Expr) -> Option<Kind> {
    match expression {
        Expr::BoolConstant(..) | Expr::And(..) | Expr::Or(..) => Some(Kind::Boolean),
        Expr::IntegerConstant(..) => Some(Kind::Integer),
        Expr::FloatConstant(..) => Some(Kind::Number),
        Expr::StringConstant(..) | Expr::InterpolatedString(..) => Some(Kind::Text),
        Expr::Variable(variable, ..) => variable.0.and_then(|index| cell_of_index(index.get())).map(|(_, kind)| kind),
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Expr(inner)] => kind_of(inner),
            _ => None,
        },
        Expr::FnCall(call, _) if chart::is_chart_function(&call.name) => Some(Kind::Boolean),
        Expr::FnCall(call, _) => kind_of_operator(call),
        _ => None,
    }
}

pub fn is_comparison(token: &Token) -> bool {
    matches!(token, Token::EqualsTo | Token::NotEqualsTo | Token::GreaterThan | Token::GreaterThanEqualsTo | Token::LessThan | Token::LessThanEqualsTo)
}

fn is_arithmetic(token: &Token) -> bool {
    matches!(token, Token::Plus | Token::Minus | Token::Multiply | Token::Divide | Token::Modulo)
}

fn kind_of_operator(call: &FnCallExpr) -> Option<Kind> {
    match (call.op_token.as_ref()?, call.args.as_slice()) {
        (Token::Bang, [_]) => Some(Kind::Boolean),
        (Token::Minus | Token::UnaryMinus, [value]) => kind_of(value).filter(|kind| kind.is_numeric()),
        (token, [_, _]) if is_comparison(token) => Some(Kind::Boolean),
        (token, [left, right]) if is_arithmetic(token) => match (kind_of(left)?, kind_of(right)?) {
            (Kind::Integer, Kind::Integer) => Some(Kind::Integer),
            (left, right) if left.is_numeric() && right.is_numeric() => Some(Kind::Number),
            _ => None,
        },
        _ => None,
    }
}

pub fn check(ast: &AST) -> Vec<Problem> {
    let mut problems = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(ASTNode::Expr(Expr::FnCall(call, position))) => {
                operator(call, *position, &mut problems);
                chart_function(call, *position, &mut problems);
            }
            Some(ASTNode::Expr(Expr::And(parts, _) | Expr::Or(parts, _))) => parts.iter().for_each(|part| truth(part, "`&&` and `||`", &mut problems)),
            Some(ASTNode::Stmt(Stmt::If(flow, _))) => truth(&flow.expr, "`if`", &mut problems),
            _ => {}
        }
        true
    });
    problems
}

fn truth(condition: &Expr, where_: &str, problems: &mut Vec<Problem>) {
    if let Some(kind) = kind_of(condition).filter(|kind| *kind != Kind::Boolean) {
        let message = format!("{where_} needs true or false, and this is {}; compare it with something", kind.name());
        problems.push(Problem::new(ProblemKind::Type, condition.start_position(), message));
    }
}

/// A mask that is no integer, a test that does not exist: such a call would fail at every reading.
fn chart_function(call: &FnCallExpr, position: Position, problems: &mut Vec<Problem>) {
    if !chart::is_chart_function(&call.name) {
        return;
    }
    let name = &call.name;
    if let Some(kind) = call.args.first().and_then(kind_of).filter(|kind| *kind != Kind::Integer) {
        let message = format!("`{name}` looks at the mask of an input from a chart, which is an integer, and this is {}", kind.name());
        problems.push(Problem::new(ProblemKind::Type, position, message));
    }
    if let (Some(_), Some(Expr::IntegerConstant(test, place))) = (chart::tests_of(name), call.args.get(1)) {
        if chart::bit_of(name, *test).is_none() {
            problems.push(Problem::new(ProblemKind::Type, *place, chart::no_such_test(name, *test)));
        }
    }
}

fn operator(call: &FnCallExpr, position: Position, problems: &mut Vec<Problem>) {
    let (Some(token), [left, right]) = (call.op_token.as_ref(), call.args.as_slice()) else { return };
    let (Some(left), Some(right)) = (kind_of(left), kind_of(right)) else { return };
    let both_numeric = left.is_numeric() && right.is_numeric();
    if is_comparison(token) {
        if left != right && !both_numeric {
            let outcome = if matches!(token, Token::NotEqualsTo) { "always true" } else { "never true" };
            let message = format!("`{}` between {} and {} is {outcome}; compare values of one kind", call.name, left.name(), right.name());
            problems.push(Problem::new(ProblemKind::Type, position, message));
        }
    } else if is_arithmetic(token) && !both_numeric && left != Kind::Text && right != Kind::Text {
        let message = format!("`{}` does not work between {} and {}", call.name, left.name(), right.name());
        problems.push(Problem::new(ProblemKind::Type, position, message));
    } else if matches!(token, Token::Divide) && left == Kind::Integer && right == Kind::Integer {
        let message = "a division of integers drops what is behind the point (7 / 2 is 3); declare one side a number or write 2.0".to_owned();
        problems.push(Problem::new(ProblemKind::IntegerDivision, position, message));
    }
}
