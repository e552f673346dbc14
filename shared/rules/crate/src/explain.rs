//! Explanations of the fast path: what Rhai's string interpolation would make of a template.

use crate::number::{write_integer, NumberTexts};
use crate::program::{Piece, TRUE};
use crate::text_buffer::TextBuffer;
use crate::texts::Texts;

/// Appends an explanation. False: longer than a string may be, which is Rhai's error; what was appended by then is the
/// caller's to take back.
#[inline(always)]
pub fn explain(pieces: &[Piece], register: impl Fn(u8) -> u64, texts: &Texts, bytes_max: usize, numbers: &mut NumberTexts, to: &mut TextBuffer) -> bool {
    let end_max = to.len() + bytes_max;
    for piece in pieces {
        match piece {
            Piece::Literal(text) => to.push(text),
            Piece::Number(at) => numbers.write_float(f64::from_bits(register(*at)), to),
            Piece::Integer(at) => write_integer(register(*at) as i64, to),
            Piece::Boolean(at) => to.push(if register(*at) == TRUE { "true" } else { "false" }),
            Piece::Text(at) => to.push(texts.get(f64::from_bits(register(*at)) as u32).map_or("", |text| text.as_str())),
        }
        if to.len() > end_max {
            return false;
        }
    }
    true
}
