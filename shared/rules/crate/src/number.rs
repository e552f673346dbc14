//! Writes a float as Rhai does: the shortest decimals that read back as it, always with a point.

use rhai::Dynamic;
use std::fmt::Write;

/// Decimals that sensors send. More are left to the general algorithm, which takes some ten times as long.
const DECIMALS_MAX: usize = 6;
const MILLION: f64 = 1e6;

pub fn write_float(value: f64, to: &mut String) -> std::fmt::Result {
    if write_short(value, to) {
        Ok(())
    } else {
        write!(to, "{}", Dynamic::from_float(value))
    }
}

/// A value that is a whole number of millionths. With 15 digits at most no other decimal of that length reads back as the
/// same float, so without its last zeros it is the shortest one. False: not such a value, nothing was written.
fn write_short(value: f64, to: &mut String) -> bool {
    let magnitude = value.abs();
    if !(1e-4..1e9).contains(&magnitude) {
        return false;
    }
    let millionths = (magnitude * MILLION + 0.5) as i64;
    if millionths as f64 / MILLION != magnitude {
        return false;
    }
    let whole = magnitude as u32;
    let fraction = (millionths - i64::from(whole) * MILLION as i64) as u32;
    write_digits(value < 0.0, whole, fraction, to);
    true
}

/// WebAssembly divides 64 bits by the processor's slow division; 32 bits become a multiplication.
fn write_digits(is_negative: bool, mut whole: u32, mut fraction: u32, to: &mut String) {
    // A sign, nine digits, the point and six decimals fit.
    let mut bytes = [b'0'; 24];
    let mut at = bytes.len();
    let mut decimals = DECIMALS_MAX;
    if fraction % 1_000 == 0 {
        fraction /= 1_000;
        decimals -= 3;
    }
    while fraction % 10 == 0 && decimals > 1 {
        fraction /= 10;
        decimals -= 1;
    }
    for _ in 0..decimals {
        at -= 1;
        bytes[at] = b'0' + (fraction % 10) as u8;
        fraction /= 10;
    }
    at -= 1;
    bytes[at] = b'.';
    loop {
        at -= 1;
        bytes[at] = b'0' + (whole % 10) as u8;
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    if is_negative {
        at -= 1;
        bytes[at] = b'-';
    }
    to.push_str(std::str::from_utf8(&bytes[at..]).unwrap_or_default());
}
