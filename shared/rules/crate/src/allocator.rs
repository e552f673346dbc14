//! Free lists by size class over the default allocator. Rhai makes and drops many small boxes a row; the default
//! allocator's searching took a third of the time of a row.

use crate::progress::PROGRESS;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

const CLASS_BYTES: usize = 16;
const SMALL_BYTES_MAX: usize = 512;
const CLASSES: usize = SMALL_BYTES_MAX / CLASS_BYTES + 1;
/// Taken from the default allocator at once. Smaller: more calls; larger: more memory for an idle engine.
const CHUNK_BYTES: usize = 32 * 1024;

struct Lists {
    free: [*mut u8; CLASSES],
    chunk: usize,
    chunk_end: usize,
}

pub struct SizeClasses(UnsafeCell<Lists>);

// SAFETY: the module is built without threads; one instance is entered by one caller at a time.
unsafe impl Sync for SizeClasses {}

#[global_allocator]
static ALLOCATOR: SizeClasses = SizeClasses(UnsafeCell::new(Lists { free: [null_mut(); CLASSES], chunk: 0, chunk_end: 0 }));

#[inline(always)]
const fn is_small(layout: &Layout) -> bool {
    layout.size() <= SMALL_BYTES_MAX && layout.align() <= CLASS_BYTES
}

#[inline(always)]
const fn class_of(size: usize) -> usize {
    size.div_ceil(CLASS_BYTES)
}

#[inline(always)]
unsafe fn system(layout: Layout) -> *mut u8 {
    let address = System.alloc(layout);
    if address.is_null() {
        PROGRESS.memory_exhausted();
    }
    address
}

impl SizeClasses {
    #[cold]
    #[inline(never)]
    unsafe fn refill(lists: &mut Lists, size: usize) -> *mut u8 {
        let chunk = system(Layout::from_size_align_unchecked(CHUNK_BYTES, CLASS_BYTES));
        if chunk.is_null() {
            return chunk;
        }
        lists.chunk = chunk as usize + size;
        lists.chunk_end = chunk as usize + CHUNK_BYTES;
        chunk
    }
}

// SAFETY: a small block is handed out from one class and goes back to the same class, because its size and alignment
// are those of the layout in both calls; everything else is the default allocator's.
unsafe impl GlobalAlloc for SizeClasses {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_small(&layout) {
            return system(layout);
        }
        let lists = &mut *self.0.get();
        let class = class_of(layout.size());
        let head = lists.free[class];
        if !head.is_null() {
            lists.free[class] = *head.cast::<*mut u8>();
            return head;
        }
        let size = class * CLASS_BYTES;
        if lists.chunk + size <= lists.chunk_end {
            let block = lists.chunk;
            lists.chunk += size;
            return block as *mut u8;
        }
        Self::refill(lists, size)
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !is_small(&layout) {
            return System.dealloc(block, layout);
        }
        let lists = &mut *self.0.get();
        let class = class_of(layout.size());
        *block.cast::<*mut u8>() = lists.free[class];
        lists.free[class] = block;
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let target = Layout::from_size_align_unchecked(size, layout.align());
        match (is_small(&layout), is_small(&target)) {
            (true, true) if class_of(layout.size()) == class_of(size) => block,
            (false, false) => {
                let moved = System.realloc(block, layout, size);
                if moved.is_null() {
                    PROGRESS.memory_exhausted();
                }
                moved
            }
            _ => {
                let moved = self.alloc(target);
                if !moved.is_null() {
                    std::ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                moved
            }
        }
    }
}
