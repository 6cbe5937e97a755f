//! Structure out of bytes, always from the front, so that a seed can be written by hand: a number
//! is little-endian, a text is its length in two bytes and then itself.

use arbitrary::Unstructured;

/// A number below `most`, from one byte.
pub fn below(u: &mut Unstructured<'_>, most: usize) -> usize {
    usize::from(byte(u)) % most
}

pub fn byte(u: &mut Unstructured<'_>) -> u8 {
    u.arbitrary().unwrap_or(0)
}

pub fn flag(u: &mut Unstructured<'_>) -> bool {
    byte(u) & 1 == 1
}

pub fn short(u: &mut Unstructured<'_>) -> u16 {
    u.arbitrary().unwrap_or(0)
}

pub fn long(u: &mut Unstructured<'_>) -> i64 {
    u.arbitrary().unwrap_or(0)
}

/// A number whose size is drawn first: small ones are as likely as huge ones.
pub fn number(u: &mut Unstructured<'_>) -> i64 {
    match below(u, 5) {
        0 => i64::from(byte(u)),
        1 => i64::from(short(u)),
        2 => i64::from(u.arbitrary::<i32>().unwrap_or(0)),
        3 => [i64::MIN, i64::MAX, -1, i64::from(u32::MAX)][below(u, 4)],
        _ => long(u),
    }
}

pub fn raw<'a>(u: &mut Unstructured<'a>) -> &'a [u8] {
    let len = usize::from(short(u)).min(u.len());
    u.bytes(len).unwrap_or(&[])
}

/// A text; what is not UTF-8 in it is replaced.
pub fn text(u: &mut Unstructured<'_>) -> String {
    String::from_utf8_lossy(raw(u)).into_owned()
}

/// One of these.
pub fn one<T: Copy>(u: &mut Unstructured<'_>, of: &[T]) -> T {
    of[below(u, of.len())]
}

/// Something, or nothing.
pub fn maybe<'a, T>(
    u: &mut Unstructured<'a>,
    make: impl FnOnce(&mut Unstructured<'a>) -> T,
) -> Option<T> {
    flag(u).then(|| make(u))
}
