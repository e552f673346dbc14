//! A list of rows of one block.

/// Rows of a block. Their numbers fit into a byte, so that no access to a column needs its bounds checked.
pub const ROWS: usize = 256;

/// Numbers of rows, each once, in any order.
#[derive(Clone, Copy)]
pub struct RowList {
    rows: [u8; ROWS],
    count: usize,
}

/// Every row in order.
const FIRST: [u8; ROWS] = {
    let mut rows = [0; ROWS];
    let mut row = 0;
    while row < ROWS {
        rows[row] = row as u8;
        row += 1;
    }
    rows
};

impl RowList {
    pub const EMPTY: Self = Self { rows: [0; ROWS], count: 0 };

    /// The first rows of a block.
    pub const fn first(count: usize) -> Self {
        Self { rows: FIRST, count }
    }
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// Moves all rows of another list here. The longer one stays where it is: copies of some hundred bytes would cost as
    /// much as an instruction over as many rows.
    pub fn take(self: &mut Box<Self>, other: &mut Box<Self>) {
        if other.count > self.count {
            std::mem::swap(self, other);
        }
        for at in 0..other.count {
            self.rows[(self.count + at) % ROWS] = other.rows[at % ROWS];
        }
        self.count += other.count;
        other.count = 0;
    }

    /// `whole` is how many rows the block has: with all of them here nothing needs to be looked up.
    #[inline(always)]
    pub fn each(&self, whole: usize, mut action: impl FnMut(usize)) {
        if self.count == whole {
            (0..whole.min(ROWS)).for_each(action);
        } else {
            self.rows[..self.count].iter().for_each(|row| action(usize::from(*row)));
        }
    }

    /// Moves the rows whose test comes out as `when` to another list.
    #[inline(always)]
    pub fn split(&mut self, whole: usize, other: &mut Self, when: bool, test: impl Fn(usize) -> bool) {
        if self.count == whole {
            self.split_by(other, |_, at| at as u8, |row| test(row) == when);
        } else {
            self.split_by(other, |rows, at| rows[at % ROWS], |row| test(row) == when);
        }
    }

    #[inline(always)]
    fn split_by(&mut self, other: &mut Self, row_at: impl Fn(&[u8; ROWS], usize) -> u8, goes: impl Fn(usize) -> bool) {
        let (mut kept, mut moved) = (0, other.count);
        for at in 0..self.count {
            let row = row_at(&self.rows, at);
            let goes = goes(usize::from(row));
            // Written to both, and counted where it belongs. What is still to be read lies behind, and a block's rows fit.
            other.rows[moved % ROWS] = row;
            self.rows[kept % ROWS] = row;
            moved += usize::from(goes);
            kept += usize::from(!goes);
        }
        (self.count, other.count) = (kept, moved);
    }

    /// Leaves the rows away for which the action answers false.
    #[inline(always)]
    pub fn keep(&mut self, action: impl Fn(usize) -> bool) {
        let mut kept = 0;
        for at in 0..self.count {
            let row = self.rows[at % ROWS];
            if action(usize::from(row)) {
                self.rows[kept % ROWS] = row;
                kept += 1;
            }
        }
        self.count = kept;
    }
}
