// SPDX-License-Identifier: GPL-2.0-only
//! Panics inside executions: what one says is in the [`super::Execution`], and reported from there. So only
//! the first is printed as well, for the place where it happened: an exploration can have a million.

use super::exec::CURRENT;
use super::region;
use std::panic::{set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Prints no more than the first from here on.
pub(crate) fn silence_panics() {
    static ONCE: Once = Once::new();
    static PRINTED: AtomicBool = AtomicBool::new(false);
    ONCE.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |info| {
            let inside = !CURRENT.get().is_null();
            if !inside || !PRINTED.swap(true, Ordering::Relaxed) {
                region::outside(|| hook(info));
            }
        }));
    });
}
