//! The C interface. The host asks for room in one of three buffers, writes there, and calls; buffers move when they grow
//! (and the memory with them), so an address is good until the next call that asks for more room.

use crate::limits::Limits;
use crate::machine::{Machine, Refusal};
use crate::progress::PROGRESS;
use std::cell::RefCell;

#[derive(Default)]
struct Buffers {
    bytes: Vec<u8>,
    cells: Vec<f64>,
    plan: Vec<u32>,
}

thread_local! {
    static MACHINE: RefCell<Option<Machine>> = const { RefCell::new(None) };
    static BUFFERS: RefCell<Buffers> = const { RefCell::new(Buffers { bytes: Vec::new(), cells: Vec::new(), plan: Vec::new() }) };
}

fn with_machine<T>(otherwise: T, action: impl FnOnce(&mut Machine, &Buffers) -> T) -> T {
    MACHINE.with_borrow_mut(|machine| match machine {
        Some(machine) => BUFFERS.with_borrow(|buffers| action(machine, buffers)),
        None => otherwise,
    })
}

fn room<T: Clone + Default>(buffer: &mut Vec<T>, length: usize) -> *mut T {
    if buffer.len() < length {
        buffer.resize(length.next_power_of_two(), T::default());
    }
    buffer.as_mut_ptr()
}

/// Address of at least `length` bytes for a request or a text.
#[no_mangle]
pub extern "C" fn bytes_room(length: usize) -> *mut u8 {
    BUFFERS.with_borrow_mut(|buffers| room(&mut buffers.bytes, length))
}

/// Address of at least `length` 64-bit floats for rows.
#[no_mangle]
pub extern "C" fn cells_room(length: usize) -> *mut f64 {
    BUFFERS.with_borrow_mut(|buffers| room(&mut buffers.cells, length))
}

/// Address of at least `length` words for a plan (or, before `start`, for the limits).
#[no_mangle]
pub extern "C" fn plan_room(length: usize) -> *mut u32 {
    BUFFERS.with_borrow_mut(|buffers| room(&mut buffers.plan, length))
}

/// Makes the machine with the limits at the start of the plan's buffer. 0: their number is not what this module expects.
#[no_mangle]
pub extern "C" fn start(limit_count: usize) -> u32 {
    let limits = BUFFERS.with_borrow(|buffers| buffers.plan.get(..limit_count).and_then(Limits::from_words));
    MACHINE.set(limits.map(Machine::new));
    u32::from(limits.is_some())
}

/// Compiles the request of `length` bytes in the bytes' buffer. The rule's slot, or -1; see the report in both cases.
#[no_mangle]
pub extern "C" fn compile(length: usize, with_fast_path: u32) -> i32 {
    with_machine(-1, |machine, buffers| {
        let slot = buffers.bytes.get(..length).and_then(|request| machine.compile(request, with_fast_path != 0));
        slot.map_or(-1, |slot| slot as i32)
    })
}

#[no_mangle]
pub extern "C" fn report_address() -> *const u8 {
    with_machine(std::ptr::null(), |machine, _| machine.report().as_ptr())
}

#[no_mangle]
pub extern "C" fn report_length() -> usize {
    with_machine(0, |machine, _| machine.report().len())
}

/// 1: the rule in this slot has a fast path.
#[no_mangle]
pub extern "C" fn has_fast_path(slot: usize) -> u32 {
    with_machine(0, |machine, _| u32::from(machine.has_program(slot)))
}

#[no_mangle]
pub extern "C" fn release(slot: usize) {
    with_machine((), |machine, _| machine.release(slot));
}

/// The number of the text of `length` bytes in the bytes' buffer; u32::MAX if it is no UTF-8.
#[no_mangle]
pub extern "C" fn text_number(length: usize) -> u32 {
    with_machine(u32::MAX, |machine, buffers| {
        let text = buffers.bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.map_or(u32::MAX, |text| machine.texts().borrow_mut().intern(text))
    })
}

#[no_mangle]
pub extern "C" fn text_address(number: u32) -> *const u8 {
    with_machine(std::ptr::null(), |machine, _| machine.texts().borrow().get(number).map_or(std::ptr::null(), |text| text.as_ptr()))
}

#[no_mangle]
pub extern "C" fn text_length(number: u32) -> usize {
    with_machine(0, |machine, _| machine.texts().borrow().get(number).map_or(0, |text| text.len()))
}

/// Bytes that the texts take.
#[no_mangle]
pub extern "C" fn text_bytes() -> usize {
    with_machine(0, |machine, _| machine.texts().borrow().bytes())
}

/// Forgets all texts' numbers.
#[no_mangle]
pub extern "C" fn texts_forget() {
    with_machine((), |machine, _| machine.texts().borrow_mut().forget());
}

/// Judges `rows` rows of `width` cells with the plan of `plan_length` words.
/// 0, or why not (below 0). Records and texts are where the progress words say, until the next evaluation.
#[no_mangle]
pub extern "C" fn evaluate(rows: usize, width: usize, plan_length: usize) -> i32 {
    with_machine(Refusal::BadPlan as i32, |machine, buffers| {
        let cells = rows.checked_mul(width).and_then(|count| buffers.cells.get(..count));
        let (Some(cells), Some(plan)) = (cells, buffers.plan.get(..plan_length)) else { return Refusal::BadPlan as i32 };
        match machine.evaluate(cells, width, plan) {
            Ok(()) => 0,
            Err(refusal) => refusal as i32,
        }
    })
}

/// Address of the progress words, which may be read even after a trap: the record at work, address of
/// records, address of texts, memory exhausted, bytes of texts.
#[no_mangle]
pub extern "C" fn progress_address() -> usize {
    (&raw const PROGRESS) as usize
}
