//! Texts one after the other as bytes, appended without a call for each: most pieces of an explanation have a few bytes, and
//! copying those through `memcpy` costs more than all else that is done for them.

#[derive(Default)]
pub struct TextBuffer {
    /// Zeros behind `end`, so that writing needs no other growing than this.
    bytes: Vec<u8>,
    end: usize,
}

impl TextBuffer {
    pub fn clear(&mut self) {
        self.end = 0;
    }
    pub fn len(&self) -> usize {
        self.end
    }
    pub fn truncate(&mut self, length: usize) {
        self.end = self.end.min(length);
    }
    pub fn address(&self) -> usize {
        self.bytes.as_ptr() as usize
    }
    /// True where a character begins, or nothing is.
    pub fn is_char_boundary(&self, at: usize) -> bool {
        self.bytes[..self.end].get(at).is_none_or(|byte| byte & 0b1100_0000 != 0b1000_0000)
    }

    #[inline(always)]
    pub fn push(&mut self, text: &str) {
        let bytes = text.as_bytes();
        copy(bytes, self.room(bytes.len()));
        self.end += bytes.len();
    }

    /// Appends what `write` puts at the beginning of `N` bytes: as many of them as it answers.
    #[inline(always)]
    pub fn push_some<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N]) -> usize) {
        let Some(room) = self.room(N).first_chunk_mut() else { return };
        let length = write(room);
        self.end += length.min(N);
    }

    #[inline(always)]
    fn room(&mut self, length: usize) -> &mut [u8] {
        let end = self.end + length;
        if end > self.bytes.len() {
            self.grow(end);
        }
        &mut self.bytes[self.end..end]
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, length: usize) {
        self.bytes.resize(length.next_power_of_two(), 0);
    }
}

/// Copies `from` into `to` of the same length; up to 32 bytes as two or four words that may overlap.
#[inline(always)]
fn copy(from: &[u8], to: &mut [u8]) {
    let length = from.len();
    if length > 32 || to.len() != length {
        to.copy_from_slice(from);
    } else if length >= 16 {
        ends::<16>(from, to);
    } else if length >= 8 {
        ends::<8>(from, to);
    } else if length >= 4 {
        ends::<4>(from, to);
    } else if length >= 2 {
        ends::<2>(from, to);
    } else if let ([to], [byte]) = (to, from) {
        *to = *byte;
    }
}

/// The first and the last N bytes, which together are all of them.
#[inline(always)]
fn ends<const N: usize>(from: &[u8], to: &mut [u8]) {
    let (Some(head), Some(tail)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else { return };
    if let Some(to) = to.first_chunk_mut::<N>() {
        *to = *head;
    }
    if let Some(to) = to.last_chunk_mut::<N>() {
        *to = *tail;
    }
}
