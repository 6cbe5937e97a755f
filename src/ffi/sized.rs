//! Structs that grow: the caller says how large its own is.

use std::mem::{align_of, size_of, MaybeUninit};
use std::ptr;

use crate::ffi::guard::Fail;
use crate::ffi::results::EVCP_E_UNSUPPORTED;

/// A struct of the C API that begins with `uint32_t struct_size`.
///
/// # Safety
/// The type is `repr(C)`, begins with a `u32`, and is valid with all bytes zero.
pub(super) unsafe trait Sized32: Sized {
    /// Whether a struct of that size ends with one of the fields: a caller knows a field or does not.
    fn ends_at(size: usize) -> bool;
}

/// Says of a struct of the C API where its fields end.
///
/// What is promised is what [`Sized32`] asks for.
macro_rules! sized32 {
    ($name:ident { $($field:ident)* }) => {
        // SAFETY: every use of this macro says why.
        unsafe impl $crate::ffi::sized::Sized32 for $name {
            fn ends_at(size: usize) -> bool {
                // A field that is missing does not compile here.
                #[allow(dead_code)]
                fn every_field_is_named(it: $name) {
                    let $name { $($field: _),* } = it;
                }
                let it = std::mem::MaybeUninit::<$name>::uninit();
                let start = it.as_ptr();
                // SAFETY: only addresses are taken, inside of `it`.
                unsafe {
                    false $(|| $crate::ffi::sized::ends::<$name, _>(
                        start, std::ptr::addr_of!((*start).$field), size,
                    ))*
                }
            }
        }
    };
}
pub(super) use sized32;

/// Whether a struct whose last field is this one has that size, with padding behind it or not.
pub(super) fn ends<T, F>(start: *const T, field: *const F, size: usize) -> bool {
    let end = field as usize - start as usize + size_of::<F>();
    let align = align_of::<T>();
    size == end || size == end.div_ceil(align) * align
}

/// More than any struct of ours will ever have.
const MOST: usize = 4096;

/// The size that the caller wrote into its struct.
///
/// # Safety
/// `from` is NULL or points to at least four readable bytes.
unsafe fn size_at<T: Sized32>(from: *const u8, what: &str) -> Result<usize, Fail> {
    if from.is_null() {
        return Err(Fail::invalid(format!("{what} is NULL")));
    }
    // SAFETY: four bytes are readable, as the caller of this function promises.
    let size = unsafe { from.cast::<u32>().read_unaligned() } as usize;
    if !(8..=MOST).contains(&size) {
        return Err(Fail::invalid(format!("{what}: struct_size is {size}")));
    }
    if size < size_of::<T>() && !T::ends_at(size) {
        let text = format!("{what}: struct_size {size} ends in the middle of a field");
        return Err(Fail::invalid(text));
    }
    Ok(size)
}

/// Copies a caller's struct: what it does not have is zero, what we do not know must be.
///
/// # Safety
/// `from` is NULL or points to `struct_size` readable bytes.
pub(super) unsafe fn read<T: Sized32>(from: *const T, what: &str) -> Result<T, Fail> {
    let bytes = from.cast::<u8>();
    // SAFETY: as the caller promises.
    let size = unsafe { size_at::<T>(bytes, what) }?;
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are readable at `bytes`, and writable in `value`; no `&T` to the
    // caller's memory, which may be shorter than T, is ever made.
    let tail = unsafe {
        ptr::copy_nonoverlapping(bytes, value.as_mut_ptr().cast(), known);
        std::slice::from_raw_parts(bytes.add(known), size - known)
    };
    if tail.iter().any(|byte| *byte != 0) {
        let text = format!("{what} uses a field that this library does not know");
        return Err(Fail(EVCP_E_UNSUPPORTED, text));
    }
    // SAFETY: T is valid with zero bytes, and with what a caller that follows the header wrote.
    Ok(unsafe { value.assume_init() })
}

/// Copies a struct out, as much of it as the caller has room for; its `struct_size` stays.
///
/// # Safety
/// `to` is NULL or points to `struct_size` writable bytes.
pub(super) unsafe fn write<T: Sized32>(to: *mut T, value: &T, what: &str) -> Result<(), Fail> {
    let bytes = to.cast::<u8>();
    // SAFETY: as the caller promises.
    let size = unsafe { size_at::<T>(bytes, what) }?;
    let known = size.min(size_of::<T>());
    let from = (value as *const T).cast::<u8>();
    // SAFETY: both regions have `known` bytes; the first four, the caller's size, are skipped.
    unsafe {
        ptr::copy_nonoverlapping(from.add(4), bytes.add(4), known - 4);
        ptr::write_bytes(bytes.add(known), 0, size - known);
    }
    Ok(())
}

/// The fewest bytes of an element that a caller can know of: those of the first version.
const FEWEST: usize = 16;

/// Whether the elements of a caller's array can be of that size: all of ours, with more behind it perhaps, or
/// those of an older version.
pub(super) fn stride<T>(size: usize, what: &str) -> Result<(), Fail> {
    let known = size_of::<T>();
    if !(FEWEST..=MOST).contains(&size) || (size < known && size % align_of::<T>() != 0) {
        return Err(Fail::invalid(format!(
            "{what} is {size}: it must be {known}"
        )));
    }
    Ok(())
}

/// Writes an element of a caller's array: as much of it as the caller knows; what we do not know is zero.
///
/// # Safety
/// `array` has room for more than `at` elements of `size` bytes, a size that [`stride`] let pass; `T` has no
/// padding.
pub(super) unsafe fn put<T>(array: *mut T, at: usize, size: usize, value: &T) {
    let known = size.min(size_of::<T>());
    let from = (value as *const T).cast::<u8>();
    // SAFETY: as the caller promises; the element need not be aligned as ours.
    unsafe {
        let to = array.cast::<u8>().add(at * size);
        ptr::copy_nonoverlapping(from, to, known);
        ptr::write_bytes(to.add(known), 0, size - known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Debug, PartialEq)]
    struct New {
        struct_size: u32,
        old: u32,
        added: u64,
    }

    // repr(C), begins with u32, plain numbers.
    sized32!(New { struct_size old added });

    fn take(bytes: &[u32]) -> Result<New, i32> {
        // SAFETY: each array is as long as its first element says, or that is refused.
        unsafe { read(bytes.as_ptr().cast::<New>(), "it") }.map_err(|fail| fail.0)
    }

    #[test]
    fn an_old_caller_leaves_new_fields_zero() {
        assert_eq!(
            take(&[8, 7]),
            Ok(New {
                struct_size: 8,
                old: 7,
                added: 0
            })
        );
    }

    #[test]
    fn a_newer_caller_is_fine_until_it_uses_what_is_new() {
        assert!(take(&[24, 7, 1, 0, 0, 0]).is_ok());
        assert_eq!(take(&[24, 7, 1, 0, 0, 9]), Err(EVCP_E_UNSUPPORTED));
    }

    #[test]
    fn a_size_in_the_middle_of_a_field_is_refused() {
        let code = |taken: Result<New, i32>| taken.err();
        let invalid = Some(crate::ffi::results::EVCP_E_INVALID);
        for size in [9, 10, 11, 12, 13, 14, 15] {
            assert_eq!(code(take(&[size, 7, 1, 0])), invalid, "{size}");
            let mut room = [size, 0, 0xAAAA_AAAA, 0xAAAA_AAAA];
            let value = New {
                struct_size: 16,
                old: 7,
                added: 1,
            };
            // SAFETY: there is more room than is announced.
            let wrote = unsafe { write(room.as_mut_ptr().cast::<New>(), &value, "it") };
            assert_eq!(wrote.map_err(|fail| fail.0).err(), invalid, "{size}");
            assert_eq!(room, [size, 0, 0xAAAA_AAAA, 0xAAAA_AAAA]);
        }
        for size in [8, 16] {
            assert_eq!(code(take(&[size, 7, 1, 0])), None, "{size}");
        }
    }

    #[test]
    fn an_array_has_the_stride_of_the_caller() {
        let mut room = [0xAAAA_AAAA_u32; 8];
        let value = New {
            struct_size: 1,
            old: 2,
            added: 3,
        };
        // SAFETY: one element of 24 bytes, and one behind it that is not touched.
        unsafe { put(room.as_mut_ptr().cast::<New>(), 0, 24, &value) };
        assert_eq!((room[0], room[1]), (1, 2));
        assert_eq!(room[4..], [0, 0, 0xAAAA_AAAA, 0xAAAA_AAAA]);
        let fits = |size| stride::<New>(size, "it").is_ok();
        assert!(fits(16) && fits(24) && !fits(0) && !fits(8) && !fits(usize::MAX));
    }

    #[test]
    fn a_size_that_was_not_set_is_refused() {
        assert_eq!(take(&[0, 7]), Err(crate::ffi::results::EVCP_E_INVALID));
        assert_eq!(take(&[5000, 7]), Err(crate::ffi::results::EVCP_E_INVALID));
    }

    #[test]
    fn only_as_much_is_written_as_the_caller_has_room_for() {
        let mut room = [8_u32, 0, 0xAAAA_AAAA, 0xAAAA_AAAA];
        let value = New {
            struct_size: 16,
            old: 7,
            added: 1,
        };
        // SAFETY: there is more room than the eight bytes that are announced.
        let wrote = unsafe { write(room.as_mut_ptr().cast::<New>(), &value, "it") };
        assert!(wrote.is_ok());
        assert_eq!(room, [8, 7, 0xAAAA_AAAA, 0xAAAA_AAAA]);
    }
}
