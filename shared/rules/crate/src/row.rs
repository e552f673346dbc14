//! The row that Rhai is judging now. A bound `input.x` is a variable whose index names a cell of it, so nothing is
//! built for a row beforehand, and what a rule does not read costs nothing.

use crate::declarations::Kind;
use crate::texts::Texts;
use rhai::Dynamic;
use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;

/// Fields a rule may declare. Higher: larger register files and rows; rules with more inputs should be split.
pub const FIELDS_MAX: usize = 64;

/// Indices from here on are cells. Far above any scope: `variables_max` keeps those below.
const CELL_INDEX_BASE: usize = 1 << 16;

/// The variable index that stands for a field: `CELL_INDEX_BASE + 4 * slot + kind`.
pub fn cell_index(slot: usize, kind: Kind) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(CELL_INDEX_BASE - 1 + 4 * slot + kind as usize)
}

/// The slot and kind that a variable index stands for, if it stands for a cell.
pub fn cell_of_index(index: usize) -> Option<(usize, Kind)> {
    let code = index.checked_sub(CELL_INDEX_BASE)?;
    Some((code / 4, Kind::from_word((code % 4) as u32)?))
}

pub struct Row {
    cells: [Cell<f64>; FIELDS_MAX],
    texts: Rc<RefCell<Texts>>,
}

impl Row {
    pub fn new(texts: Rc<RefCell<Texts>>) -> Self {
        Self { cells: [const { Cell::new(0.0) }; FIELDS_MAX], texts }
    }
    #[inline(always)]
    pub fn set(&self, slot: usize, cell: f64) {
        self.cells[slot].set(cell);
    }
    /// A cell as Rhai's value. Cells are 64-bit floats: integers are safe ones, booleans 0 or 1, texts their number.
    #[inline]
    pub fn value(&self, slot: usize, kind: Kind) -> Dynamic {
        let cell = self.cells[slot].get();
        match kind {
            Kind::Number => Dynamic::from_float(cell),
            Kind::Integer => Dynamic::from_int(cell as i64),
            Kind::Boolean => Dynamic::from_bool(cell != 0.0),
            Kind::Text => self.texts.borrow().get(cell as u32).cloned().unwrap_or_default().into(),
        }
    }
}
