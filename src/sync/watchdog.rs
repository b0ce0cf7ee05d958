// SPDX-License-Identifier: GPL-2.0-only
//! A call of the host that may sleep for ever, with a limit: the tool's own business, no model's.

use std::sync::mpsc;
use std::time::Duration;

/// Makes `call` on a thread of its own. If it takes longer than `limit`, `rouse` is called, which
/// must make it return. Returns what `call` did, and whether it was in time; a panic is passed on.
pub fn with_limit<R: Send>(
    limit: Duration,
    call: impl FnOnce() -> R + Send,
    rouse: impl FnOnce(),
) -> (R, bool) {
    let (done, news) = mpsc::channel();
    let outcome = crossbeam::thread::scope(|scope| {
        let thread = scope.spawn(move |_| {
            let result = call();
            // Nobody listens any more if it was too late.
            let _ = done.send(());
            result
        });
        let in_time = news.recv_timeout(limit).is_ok();
        if !in_time {
            rouse();
        }
        thread.join().map(|result| (result, in_time))
    });
    match outcome.and_then(|joined| joined) {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_call_is_in_time_and_a_slow_one_is_roused() {
        let (quick, in_time) = with_limit(Duration::from_secs(60), || 7, || panic!("roused"));
        assert_eq!((quick, in_time), (7, true));
        let (tell, told) = mpsc::channel::<u8>();
        let (slow, in_time) = with_limit(
            Duration::from_millis(1),
            move || told.recv().ok(),
            move || {
                let _ = tell.send(9);
            },
        );
        assert_eq!((slow, in_time), (Some(9), false));
    }
}
