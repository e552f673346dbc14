//! Source to rule: parse, bind, check, optimise, lower.

use crate::bind::bind;
use crate::constant_verdict::ConstantVerdicts;
use crate::declarations::Declarations;
use crate::limits::Limits;
use crate::lower::lower;
use crate::problem::{Problem, ProblemKind};
use crate::rule::Rule;
use crate::sandbox::TokenCount;
use crate::{result, types};
use rhai::{Dynamic, Engine, LexError, OptimizationLevel, ParseError, ParseErrorType, Scope};

pub fn compile(engine: &Engine, tokens: &TokenCount, limits: &Limits, declarations: &Declarations, source: &str, with_fast_path: bool) -> (Option<Rule>, Vec<Problem>) {
    if source.len() > limits.source_bytes_max as usize {
        let message = format!("the rule has {} bytes; {} are allowed: split it", source.len(), limits.source_bytes_max);
        return (None, vec![Problem::new(ProblemKind::Limit, rhai::Position::NONE, message)]);
    }
    tokens.restart();
    // The names must be known to the parser, which refuses unknown ones; their values come later.
    let mut known = Scope::new();
    known.push_dynamic("input", Dynamic::UNIT).push_dynamic("params", Dynamic::UNIT);
    let parsed = match engine.compile_with_scope(&known, source) {
        Ok(ast) => ast,
        Err(error) => return (None, vec![syntax(&error)]),
    };
    let (bound, binding) = bind(&parsed, declarations);
    let mut problems = binding.problems;
    problems.extend(types::check(&bound));
    let (checked, result_problems) = result::check(bound);
    problems.extend(result_problems);
    if problems.iter().any(|problem| !problem.kind.is_warning()) {
        return (None, problems);
    }
    let ast = engine.optimize_ast(&Scope::new(), checked, OptimizationLevel::Full);
    let program = if with_fast_path { lower(&ast, tokens.literals()) } else { None };
    let (ast, constants) = ConstantVerdicts::taken_from(ast, limits.explanation_bytes_max as usize);
    (Some(Rule::new(engine, ast, program, constants, declarations, binding.reads, binding.needs_maps)), problems)
}

fn syntax(error: &ParseError) -> Problem {
    let kind = match error.err_type() {
        ParseErrorType::BadInput(LexError::Runtime(_) | LexError::StringTooLong(_))
        | ParseErrorType::ExprTooDeep
        | ParseErrorType::TooManyFunctions
        | ParseErrorType::LiteralTooLarge(..) => ProblemKind::Limit,
        _ => ProblemKind::Syntax,
    };
    Problem::new(kind, error.position(), error.err_type().to_string())
}
