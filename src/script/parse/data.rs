// SPDX-License-Identifier: GPL-2.0-only
//! Byte strings: `"abc" "x" * 5000 "\n"`.

use super::MAX_DATA;
use super::cursor::Cursor;
use crate::error::Error;
use crate::script::lex::Kind;

/// Takes one string or more, each with an optional `* N`. `used` is what the script's strings hold
/// together; it is charged before anything is built.
pub(super) fn bytes(c: &mut Cursor<'_>, used: &mut usize) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    let mut any = false;
    while let Some(Kind::Str(part)) = c.peek_kind() {
        let token = c.next();
        any = true;
        let times = match c.peek_kind() {
            Some(Kind::Times) => {
                c.next();
                c.number("a count", 0, u64::from(u32::MAX))?
            }
            _ => 1,
        };
        let times = usize::try_from(times).unwrap_or(usize::MAX);
        let total = part.len().checked_mul(times).and_then(|n| n.checked_add(*used));
        *used = total.filter(|n| *n <= MAX_DATA).ok_or_else(|| {
            let message = format!("the strings of this script hold more than {MAX_DATA} bytes");
            c.error_at(token, message).help("a smaller geometry shows the same with less")
        })?;
        all.extend_from_slice(&part.repeat(times));
    }
    if any { Ok(all) } else { Err(c.unexpected("a string in \" \"")) }
}
