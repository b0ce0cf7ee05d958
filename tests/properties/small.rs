// SPDX-License-Identifier: GPL-2.0-only
//! The small parts against what they stand for: tables, sets, sizes.

use crate::case::{MEDIUM, SMALL};
use crate::harness::holds;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use ttysim::geometry::Geometry;
use ttysim::sched::ThreadSet;
use ttysim::sched::op::SLOTS;
use ttysim::script::{Context, Script, parse};
use ttysim::sync::{Role, Runtime, Slab, Thread, run_threads};

#[test]
fn a_slab_is_a_list_counted_from_one() {
    holds(256, &vec(any::<u16>(), 0..300), |values| {
        let slab = Slab::default();
        for (i, &value) in values.iter().enumerate() {
            prop_assert_eq!(slab.push(|number| (number, value)), i + 1);
        }
        prop_assert_eq!(slab.get(0), None);
        prop_assert_eq!(slab.get(values.len() + 1), None);
        prop_assert_eq!(slab.get(usize::MAX), None);
        for (i, &value) in values.iter().enumerate() {
            prop_assert_eq!(slab.get(i + 1), Some(&(i + 1, value)));
        }
        Ok(())
    });
}

#[test]
fn a_slab_gives_each_of_several_threads_its_own_numbers() {
    holds(32, &vec(1..200_usize, 2..4), |counts| {
        let slab: Arc<Slab<(usize, usize)>> = Arc::default();
        let numbers: Arc<Mutex<Vec<usize>>> = Arc::default();
        let pusher = |(who, &count): (usize, &usize)| {
            let (slab, numbers) = (Arc::clone(&slab), Arc::clone(&numbers));
            let body = move || {
                for _ in 0..count {
                    let number = slab.push(|number| (who, number));
                    assert_eq!(slab.get(number), Some(&(who, number)));
                    numbers.lock().unwrap().push(number);
                }
            };
            Thread { name: format!("t{who}"), role: Role::Program, body: Box::new(body) }
        };
        run_threads(Runtime::Native, counts.iter().enumerate().map(pusher).collect());
        let mut numbers = numbers.lock().unwrap().clone();
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (1..=counts.iter().sum()).collect::<Vec<_>>());
        Ok(())
    });
}

#[test]
fn a_thread_set_is_a_set() {
    holds(512, &(any::<u16>(), any::<u16>(), 0..SLOTS as u8), |(a, b, t)| {
        let set = |bits: u16| (0..16).filter(move |i| bits & 1 << i != 0).collect::<BTreeSet<u8>>();
        let members = |set: ThreadSet| set.iter().collect::<BTreeSet<u8>>();
        let (x, y, sx, sy) = (ThreadSet(a), ThreadSet(b), set(a), set(b));
        prop_assert_eq!(members(x), sx.clone());
        prop_assert!(x.iter().is_sorted());
        prop_assert_eq!(members(x.and(y)), &sx & &sy);
        prop_assert_eq!(members(x.or(y)), &sx | &sy);
        prop_assert_eq!(members(x.minus(y)), &sx - &sy);
        prop_assert_eq!((x.len(), x.is_empty()), (sx.len(), sx.is_empty()));
        prop_assert_eq!(x.first(), sx.first().copied());
        prop_assert_eq!(x.contains(t), sx.contains(&t));
        prop_assert_eq!(x.nth(usize::from(t)), sx.iter().nth(usize::from(t)).copied());
        prop_assert_eq!(members(ThreadSet::only(t)), BTreeSet::from([t]));
        let mut more = x;
        more.insert(t);
        prop_assert_eq!(members(more), &sx | &BTreeSet::from([t]));
        Ok(())
    });
}

#[test]
fn sizes_that_are_drawn_are_valid_and_survive_a_script() {
    holds(256, &prop_oneof![SMALL.geometry(), MEDIUM.geometry()], |geometry| {
        prop_assert_eq!(geometry.validate(), Ok(()));
        let script = Script { geometry, ..Script::default() };
        let read = parse(&script.to_string(), &Context::file("sizes"));
        prop_assert_eq!(read.map(|s| s.geometry).map_err(|e| e.report()), Ok(geometry));
        Ok(())
    });
}

#[test]
fn a_size_that_breaks_a_rule_is_named() {
    let field = (0..7_usize, prop_oneof![0..6_usize, 0..(1_usize << 21)]);
    holds(512, &field, |(which, value)| {
        let mut geometry = Geometry::LINUX;
        let (name, _) = geometry.fields()[which];
        let slot = geometry.field_mut(name);
        prop_assert!(slot.is_some());
        *slot.unwrap() = value;
        prop_assert_eq!(geometry.fields()[which], (name, value));
        let power = ["n_tty_buf", "ttyb_align"].contains(&name);
        let least = match name {
            "n_tty_buf" => 2,
            "throttle" => 0,
            _ => 1,
        };
        let good = (least..=1 << 20).contains(&value) && (!power || value.is_power_of_two());
        match geometry.validate() {
            Ok(()) => prop_assert!(good),
            Err(e) => prop_assert!(!good && e.field == name && e.value == value, "{e}"),
        }
        Ok(())
    });
}
