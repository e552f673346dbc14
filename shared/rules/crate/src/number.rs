//! Writes numbers as Rhai does: a float as the shortest decimals that read back as it, always with a point.

use crate::text_buffer::TextBuffer;
use rhai::Dynamic;

const MILLION: f64 = 1e6;
/// Of what `write_short` and `write_integer` write themselves: at most a sign, nine digits, the point and six decimals.
const BYTES: usize = 24;
const INTEGER_MAX: i64 = 999_999_999;

pub fn float_text(value: f64) -> String {
    Dynamic::from_float(value).to_string()
}

/// A power of two. Fewer: readings push each other out; more: the processor's first cache has other things to hold.
const PLACES: usize = 256;
const KEPT_BYTES: usize = 23;

/// What a number was written as. 32 bytes.
#[derive(Clone, Copy)]
struct Written {
    bits: u64,
    length: u8,
    text: [u8; KEPT_BYTES],
}

/// Numbers that were written lately: limits and what sensors of a few digits send come again and again.
pub struct NumberTexts(Box<[Written; PLACES]>);

impl Default for NumberTexts {
    fn default() -> Self {
        let mut text = [0; KEPT_BYTES];
        text[..3].copy_from_slice(b"0.0");
        Self(Box::new([Written { bits: 0, length: 3, text }; PLACES]))
    }
}

impl NumberTexts {
    #[inline(always)]
    pub fn write_float(&mut self, value: f64, to: &mut TextBuffer) {
        let bits = value.to_bits();
        // Fibonacci's hashing: the upper bits of the product depend on all bits.
        let place = (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize % PLACES;
        let written = &mut self.0[place];
        if written.bits != bits && !written.set(value) {
            return to.push(&float_text(value));
        }
        to.push_some::<KEPT_BYTES>(|room| {
            *room = written.text;
            usize::from(written.length)
        });
    }
}

impl Written {
    /// False: the text is too long to be kept.
    #[inline(never)]
    fn set(&mut self, value: f64) -> bool {
        let mut room = [0; BYTES];
        let mut length = write_short(value, &mut room);
        if length == 0 {
            // The general algorithm takes some ten times as long.
            let text = float_text(value);
            length = text.len();
            match room.get_mut(..length) {
                Some(to) => to.copy_from_slice(text.as_bytes()),
                None => return false,
            }
        }
        let Some(text) = room.first_chunk().filter(|_| length <= KEPT_BYTES) else { return false };
        *self = Self { bits: value.to_bits(), length: length as u8, text: *text };
        true
    }
}

#[inline(always)]
pub fn write_integer(value: i64, to: &mut TextBuffer) {
    if (-INTEGER_MAX..=INTEGER_MAX).contains(&value) {
        to.push_some::<BYTES>(|room| {
            room[0] = b'-';
            digits(value.unsigned_abs() as u32, usize::from(value < 0), room)
        });
    } else {
        to.push(&value.to_string());
    }
}

/// A value that is a whole number of hundredths or millionths (of the zeros the one without a sign). With 15 digits at most no other decimal of that length reads back as the
/// same float, so without its last zeros it is the shortest one. The bytes written; 0: not such a value.
#[inline(always)]
fn write_short(value: f64, to: &mut [u8; BYTES]) -> usize {
    let magnitude = value.abs();
    if !(1e-4..1e9).contains(&magnitude) && value.to_bits() != 0 {
        return 0;
    }
    to[0] = b'-';
    let at = usize::from(value < 0.0);
    // Most sensors send two decimals, and for those all fits into 32 bits.
    let hundredths = (magnitude * 100.0 + 0.5) as i32;
    if f64::from(hundredths) / 100.0 == magnitude {
        let (whole, fraction) = (hundredths as u32 / 100, hundredths as u32 % 100);
        let at = digits(whole, at, to);
        to[at] = b'.';
        pair(fraction, at + 1, to);
        return at + if fraction % 10 == 0 { 2 } else { 3 };
    }
    let millionths = (magnitude * MILLION + 0.5) as i64;
    if millionths as f64 / MILLION != magnitude {
        return 0;
    }
    let whole = magnitude as u32;
    let fraction = (millionths - i64::from(whole) * MILLION as i64) as u32;
    let at = digits(whole, at, to);
    to[at] = b'.';
    at + 1 + decimals(fraction, at + 1, to)
}

/// The millionths without the last zeros, at least one digit. How many digits.
#[inline(always)]
fn decimals(fraction: u32, at: usize, to: &mut [u8; BYTES]) -> usize {
    let (head, rest) = (fraction / 10_000, fraction % 10_000);
    pair(head, at, to);
    pair(rest / 100, at + 2, to);
    pair(rest % 100, at + 4, to);
    let mut count = 6;
    while count > 1 && to[at + count - 1] == b'0' {
        count -= 1;
    }
    count
}

/// A whole number below 1e9 in decimal at `at`. Where it ends. WebAssembly divides 64 bits by the processor's slow division;
/// 32 bits by a constant become a multiplication.
#[inline(always)]
fn digits(number: u32, at: usize, to: &mut [u8; BYTES]) -> usize {
    if number < 10_000 {
        return few_digits(number, at, to);
    }
    let (high, low) = (number / 10_000, number % 10_000);
    let at = if high < 10_000 {
        few_digits(high, at, to)
    } else {
        let at = few_digits(high / 10_000, at, to);
        pair(high % 10_000 / 100, at, to);
        pair(high % 100, at + 2, to);
        at + 4
    };
    pair(low / 100, at, to);
    pair(low % 100, at + 2, to);
    at + 4
}

#[inline(always)]
fn few_digits(number: u32, at: usize, to: &mut [u8; BYTES]) -> usize {
    let mut at = at;
    let mut low = number;
    if number >= 1_000 {
        pair(number / 100, at, to);
        (at, low) = (at + 2, number % 100);
    } else if number >= 100 {
        to[at] = b'0' + (number / 100) as u8;
        (at, low) = (at + 1, number % 100);
    } else if number < 10 {
        to[at] = b'0' + number as u8;
        return at + 1;
    }
    pair(low, at, to);
    at + 2
}

/// Two digits of a number below 100.
#[inline(always)]
fn pair(number: u32, at: usize, to: &mut [u8; BYTES]) {
    to[at] = b'0' + (number / 10) as u8;
    to[at + 1] = b'0' + (number % 10) as u8;
}
