//! The Rhai engine that a rule may use: pure functions over numbers, texts, arrays and maps, all of it bounded.

use crate::chart;
use crate::limits::Limits;
use crate::row::{cell_of_index, Row};
use crate::verdict::Verdict;
use rhai::packages::{BasicArrayPackage, BasicMapPackage, BasicMathPackage, CorePackage, LogicPackage, MoreStringPackage, Package};
use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, LexError, OptimizationLevel, Token};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    /// Milliseconds from any origin, never going back. Only the deadline sees it, never a script.
    #[link_name = "now_ms"]
    safe fn now_ms() -> f64;
}

/// Operations between two looks at the clock. A single operation on values of the largest size takes some 10 us, so a
/// deadline is missed by a few milliseconds at most; a look at the clock costs as much as several operations.
const OPERATIONS_PER_CLOCK_READ: u32 = 256;

/// Counts a row's operations over all nested calls. Rhai's own counter starts again in each call-back of `map`, `filter`
/// or `sort`, so three nested ones would pass any limit.
pub struct Watch {
    operations: Cell<u32>,
    operations_max: u32,
    time_ms_max: f64,
    deadline_ms: Cell<f64>,
}

impl Watch {
    pub fn new(limits: &Limits) -> Self {
        Self { operations: Cell::new(0), operations_max: limits.operations_max, time_ms_max: f64::from(limits.time_ms_max), deadline_ms: Cell::new(0.0) }
    }
    #[inline(always)]
    pub fn restart(&self) {
        self.operations.set(0);
    }
    /// Some(true): out of time; Some(false): out of operations. Rows that end before the first look at the clock never
    /// pay for one: the deadline counts from there.
    #[inline(always)]
    fn tick(&self) -> Option<bool> {
        let operations = self.operations.get() + 1;
        self.operations.set(operations);
        if operations % OPERATIONS_PER_CLOCK_READ != 0 && operations <= self.operations_max {
            return None;
        }
        self.look(operations)
    }
    #[cold]
    fn look(&self, operations: u32) -> Option<bool> {
        if operations > self.operations_max {
            return Some(false);
        }
        let now = now_ms();
        if operations == OPERATIONS_PER_CLOCK_READ {
            self.deadline_ms.set(now + self.time_ms_max);
        }
        (now > self.deadline_ms.get()).then_some(true)
    }
}

/// Tokens of the source that is being compiled. Parsing is quadratic in places (the cases of a `switch`), so the source's
/// size alone does not bound its time.
#[derive(Default)]
pub struct TokenCount {
    tokens: Cell<u32>,
    switch_cases: Cell<u32>,
    /// Literals of a source with a `switch`, of whose cases Rhai keeps only hashes.
    literals: RefCell<Vec<Dynamic>>,
}

impl TokenCount {
    pub fn restart(&self) {
        self.tokens.set(0);
        self.switch_cases.set(0);
        self.literals.borrow_mut().clear();
    }
    /// What stood in the source, and for numbers what `-` before it would make of them.
    pub fn literals(&self) -> Vec<Dynamic> {
        self.literals.borrow().clone()
    }
    fn keep(&self, token: &Token) {
        let mut literals = self.literals.borrow_mut();
        match token {
            Token::IntegerConstant(number) => literals.extend([Dynamic::from_int(*number), Dynamic::from_int(number.wrapping_neg())]),
            Token::FloatConstant(number) => literals.extend([Dynamic::from_float(*number.0), Dynamic::from_float(-*number.0)]),
            Token::StringConstant(text) => literals.push(text.as_str().into()),
            Token::True => literals.push(Dynamic::TRUE),
            Token::False => literals.push(Dynamic::FALSE),
            _ => {}
        }
    }
    fn refuse(&self, token: &Token, limits: &Limits) -> Option<String> {
        self.keep(token);
        self.tokens.set(self.tokens.get() + 1);
        if matches!(token, Token::DoubleArrow) {
            self.switch_cases.set(self.switch_cases.get() + 1);
        }
        if self.tokens.get() > limits.tokens_max {
            return Some(format!("the rule has more than {} words and signs; split it", limits.tokens_max));
        }
        if self.switch_cases.get() > limits.switch_cases_max {
            return Some(format!("the rule has more than {} switch cases; split it", limits.switch_cases_max));
        }
        None
    }
}

pub fn engine(limits: Limits, row: Rc<Row>, watch: Rc<Watch>, tokens: Rc<TokenCount>) -> Engine {
    let mut engine = Engine::new_raw();
    CorePackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    for symbol in ["eval", "print", "debug"] {
        engine.disable_symbol(symbol);
    }
    bound(&mut engine, &limits);
    watch_over(&mut engine, limits, row, watch, tokens);
    register_verdict(&mut engine);
    chart::register(&mut engine);
    take_away(&mut engine);
    engine
}

/// Functions of Rhai's packages that a rule must not have; a registered function goes before a package's.
fn take_away(engine: &mut Engine) {
    type Refused = Result<(), Box<EvalAltResult>>;
    engine.register_fn("sleep", |_: i64| -> Refused { Err("a rule cannot wait".into()) });
    engine.register_fn("sleep", |_: f64| -> Refused { Err("a rule cannot wait".into()) });
    engine.register_fn("exit", || -> Refused { Err("a rule ends with return".into()) });
    // A tag of the rule's last value says which of its constant verdicts is meant (`constant_verdict`).
    engine.register_fn("set_tag", |_: &mut Dynamic, _: i64| -> Refused { Err("a rule cannot tag values".into()) });
    engine.register_set("tag", |_: &mut Dynamic, _: i64| -> Refused { Err("a rule cannot tag values".into()) });
    engine.register_fn("exit", |_: Dynamic| -> Refused { Err("a rule ends with return".into()) });
}

fn bound(engine: &mut Engine, limits: &Limits) {
    // The tree is optimised after the declared names are bound in it, not while it is parsed.
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_max_call_levels(limits.call_levels_max as usize);
    engine.set_max_expr_depths(limits.expression_depth_max as usize, limits.function_expression_depth_max as usize);
    engine.set_max_string_size(limits.string_bytes_max as usize);
    engine.set_max_array_size(limits.array_items_max as usize);
    engine.set_max_map_size(limits.map_items_max as usize);
    engine.set_max_variables(limits.variables_max as usize);
    engine.set_max_functions(limits.functions_max as usize);
}

#[allow(deprecated)] // on_var and on_parse_token are marked "volatile": Rhai's version is pinned
fn watch_over(engine: &mut Engine, limits: Limits, row: Rc<Row>, watch: Rc<Watch>, tokens: Rc<TokenCount>) {
    engine.on_progress(move |_| watch.tick().map(Dynamic::from_bool));
    engine.on_var(move |_, index, _| Ok(cell_of_index(index).map(|(slot, kind)| row.value(slot, kind))));
    engine.on_parse_token(move |token, _, _| match tokens.refuse(&token, &limits) {
        None => token,
        Some(reason) => Token::LexError(LexError::Runtime(reason).into()),
    });
}

fn register_verdict(engine: &mut Engine) {
    engine.register_type_with_name::<Verdict>("verdict");
    engine.register_fn("verdict", |status: ImmutableString, confidence: f64| Verdict { status, confidence, explanation: None });
    engine.register_fn("verdict", |status: ImmutableString, confidence: i64| Verdict { status, confidence: confidence as f64, explanation: None });
    engine.register_fn("verdict", |status: ImmutableString, confidence: f64, explanation: ImmutableString| Verdict { status, confidence, explanation: Some(explanation) });
    engine.register_fn("verdict", |status: ImmutableString, confidence: i64, explanation: ImmutableString| Verdict {
        status,
        confidence: confidence as f64,
        explanation: Some(explanation),
    });
}
