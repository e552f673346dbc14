//! Writes a float as Rhai does: the shortest decimals that read back as it, always with a point.

use rhai::Dynamic;
use std::fmt::Write;

/// Decimals that sensors send. More are left to the general algorithm, which takes some ten times as long.
const DECIMALS_MAX: usize = 6;

pub fn write_float(value: f64, to: &mut String) -> std::fmt::Result {
    if write_short(value, to) {
        Ok(())
    } else {
        write!(to, "{}", Dynamic::from_float(value))
    }
}

/// A value that is a whole number over a power of ten. With 15 digits at most no other decimal of that length reads back as
/// the same float, so the first power that fits gives the shortest one. False: not such a value, nothing was written.
fn write_short(value: f64, to: &mut String) -> bool {
    let magnitude = value.abs();
    if !(1e-4..1e9).contains(&magnitude) {
        return false;
    }
    let mut scale = 1.0;
    for decimals in 0..=DECIMALS_MAX {
        let whole = (magnitude * scale + 0.5) as u64;
        if whole as f64 / scale == magnitude {
            write_digits(value < 0.0, whole, decimals, to);
            return true;
        }
        scale *= 10.0;
    }
    false
}

fn write_digits(is_negative: bool, mut whole: u64, decimals: usize, to: &mut String) {
    // 15 digits, a zero before the point, the point and the sign fit.
    let mut bytes = [b'0'; 24];
    let mut at = bytes.len();
    if decimals == 0 {
        at -= 2;
        bytes[at] = b'.';
    }
    let mut written = 0;
    loop {
        at -= 1;
        // WebAssembly divides 64 bits by the processor's slow division; 32 bits become a multiplication.
        let digit = if whole <= u64::from(u32::MAX) {
            let small = whole as u32;
            whole = u64::from(small / 10);
            small % 10
        } else {
            let digit = (whole % 10) as u32;
            whole /= 10;
            digit
        };
        bytes[at] = b'0' + digit as u8;
        written += 1;
        if written == decimals {
            at -= 1;
            bytes[at] = b'.';
        }
        if whole == 0 && written > decimals {
            break;
        }
    }
    if is_negative {
        at -= 1;
        bytes[at] = b'-';
    }
    to.push_str(std::str::from_utf8(&bytes[at..]).unwrap_or_default());
}
