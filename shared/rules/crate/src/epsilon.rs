//! Rhai's comparison of floats, which has a relative tolerance of one epsilon (`func/builtin.rs` of Rhai 1.27).
//!
//! Rhai divides the difference by the larger magnitude and compares with epsilon. Here the magnitude is multiplied by
//! epsilon instead: epsilon is a power of two and the magnitude at least 2^-537 (else the product below is zero and 1 is
//! taken), so the multiplication is exact, and a rounded quotient is beyond epsilon exactly when the difference is
//! beyond the product. The differential fuzz test holds both equal.

const EPSILON: f64 = f64::EPSILON;

#[inline(always)]
fn magnitude(x: f64, y: f64) -> f64 {
    // With one operand NaN Rust's max takes the other one, as it does in Rhai.
    if x * y == 0.0 {
        1.0
    } else {
        x.abs().max(y.abs())
    }
}

// Two corners where a quotient is NaN and the product is not: an infinite difference over an infinite magnitude (Rhai:
// neither greater, equal nor different), and NaN beside zero, whose magnitude is zero (Rhai: equal).
#[inline(always)]
fn corner(difference: f64, magnitude: f64) -> Option<bool> {
    if difference.is_finite() {
        None
    } else if magnitude == 0.0 {
        Some(true)
    } else if magnitude.is_infinite() {
        Some(false)
    } else {
        None
    }
}

/// At least the magnitude of both, and far cheaper: only what lies within it needs the exact tolerance.
#[inline(always)]
fn wide_tolerance(x: f64, y: f64) -> f64 {
    (x.abs() + y.abs() + 1.0) * EPSILON
}

// Sums of truths and no branches: which way a reading falls is what nobody can guess, a processor neither. Only what is so
// near that the exact tolerance decides is a branch, and that is hardly ever taken.

#[inline(always)]
pub fn greater(x: f64, y: f64) -> bool {
    let difference = x - y;
    let is_far = difference > wide_tolerance(x, y);
    // Written so that NaN is no "yes" either.
    let is_near = (difference > 0.0) & !is_far;
    is_far | (is_near && narrowly_greater(x, y))
}

#[cold]
#[inline(never)]
fn narrowly_greater(x: f64, y: f64) -> bool {
    x - y > magnitude(x, y) * EPSILON
}

#[inline(always)]
pub fn greater_or_equal(x: f64, y: f64) -> bool {
    let difference = x - y;
    let is_over = (difference >= 0.0) & (difference < f64::INFINITY);
    let is_under = difference < -wide_tolerance(x, y);
    is_over | (!(is_over | is_under) && narrowly_greater_or_equal(x, y))
}

#[cold]
#[inline(never)]
fn narrowly_greater_or_equal(x: f64, y: f64) -> bool {
    let (difference, magnitude) = (x - y, magnitude(x, y));
    corner(difference, magnitude).unwrap_or(difference > -(magnitude * EPSILON))
}

#[inline(always)]
pub fn equal(x: f64, y: f64) -> bool {
    let (difference, magnitude) = ((x - y).abs(), magnitude(x, y));
    corner(difference, magnitude).unwrap_or(difference <= magnitude * EPSILON)
}

#[inline(always)]
pub fn different(x: f64, y: f64) -> bool {
    (x - y).abs() > magnitude(x, y) * EPSILON
}
