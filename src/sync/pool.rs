// SPDX-License-Identifier: GPL-2.0-only
//! Many independent executions side by side: the tool's own parallelism, not the model's.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Maps `f` over `items` on `jobs` OS threads. The results are in the items' order, whoever
/// computed them; a panic of `f` is passed on.
pub fn parallel_map<T: Sync, R: Send>(
    jobs: usize,
    items: &[T],
    f: impl Fn(usize, &T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let worker = || {
        loop {
            // Relaxed: the counter only hands out numbers; the scope's end orders the results.
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(i) else { return };
            let result = f(i, item);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((i, result));
        }
    };
    let outcome = crossbeam::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|_| worker());
        }
    });
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}
