//! What a rule asks of a control chart: an input that holds a mask, with bit n - 1 set when the newest reading violates
//! test n. The tests themselves are the host's (`edge/server/src/windows/chart-tests.ts`); here are only their names.

use rhai::{Engine, EvalAltResult};

/// Functions of a mask and a test's number, and how many tests there are.
const TESTS: [(&str, i64); 2] = [("nelson", 8), ("western_electric", 4)];

/// True when any test is violated.
pub const VIOLATED: &str = "violated";

pub fn tests_of(name: &str) -> Option<i64> {
    TESTS.iter().find(|(known, _)| *known == name).map(|(_, tests)| *tests)
}

pub fn is_chart_function(name: &str) -> bool {
    name == VIOLATED || tests_of(name).is_some()
}

/// The bit that a test has in the mask; None: there is no such test.
pub fn bit_of(name: &str, test: i64) -> Option<u8> {
    tests_of(name).filter(|tests| (1..=*tests).contains(&test)).map(|_| (test - 1) as u8)
}

pub fn no_such_test(name: &str, test: i64) -> String {
    format!("`{name}` has the tests 1 to {}, and not {test}", tests_of(name).unwrap_or(0))
}

pub fn register(engine: &mut Engine) {
    for (name, _) in TESTS {
        engine.register_fn(name, move |mask: i64, test: i64| -> Result<bool, Box<EvalAltResult>> {
            match bit_of(name, test) {
                Some(bit) => Ok(mask >> bit & 1 == 1),
                None => Err(no_such_test(name, test).into()),
            }
        });
    }
    engine.register_fn(VIOLATED, |mask: i64| mask != 0);
}
