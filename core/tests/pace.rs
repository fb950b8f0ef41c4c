//! The pacer from outside: what it learns, who goes when, and that nothing breaks it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

use std::time::Duration;

use kinde_migrate::pace::{Answer, Ceilings, Class, Heard, Pacer, Ticket};
use proptest::prelude::*;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const CLASSES: [Class; 3] = [Class::SignIn, Class::Outbox, Class::Bulk];

/// A server whose minutes begin with the first call after the last.
struct Window {
    limit: u32,
    opened: i64,
    used: u32,
    refused: u32,
}

impl Window {
    fn new(limit: u32) -> Window {
        Window { limit, opened: -MINUTE, used: 0, refused: 0 }
    }

    fn answer(&mut self, now: i64) -> Heard {
        if now >= self.opened + MINUTE {
            (self.opened, self.used) = (now, 0);
        }
        if self.used < self.limit {
            self.used += 1;
            return Heard::Ok;
        }
        self.refused += 1;
        let left = u64::try_from(self.opened + MINUTE - now).unwrap();
        Heard::Limited { reset: Some(Duration::from_secs(left.div_ceil(1_000_000))) }
    }
}

/// Callers that call all the time, one after another; each call takes a hundredth of a second. How often each went.
fn saturate(pacer: &mut Pacer, server: &mut Window, callers: &[Class], from: i64, length: i64) -> Vec<u32> {
    let mut went = vec![0; callers.len()];
    let mut tickets: Vec<Option<Ticket>> = vec![None; callers.len()];
    let mut next: Vec<i64> = vec![from; callers.len()];
    loop {
        let caller = (0..callers.len()).min_by_key(|caller| next[*caller]).unwrap();
        let now = next[caller];
        if now >= from + length {
            return went;
        }
        match pacer.ask(now, callers[caller], 0, &Ceilings::default(), tickets[caller].take()) {
            Answer::NotBefore { at, ticket, .. } => (next[caller], tickets[caller]) = (at, ticket),
            Answer::Go => {
                let heard = server.answer(now);
                pacer.done(now + SECOND / 100, now, heard, 1, 0.5);
                went[caller] += u32::from(heard == Heard::Ok);
                next[caller] = now + SECOND / 100;
            }
        }
    }
}

fn learnt(limit: u32) -> (Pacer, Window) {
    let (mut pacer, mut server) = (Pacer::default(), Window::new(limit));
    saturate(&mut pacer, &mut server, &[Class::Outbox; 4], 0, 5 * MINUTE);
    (pacer, server)
}

#[test]
fn learns_the_limit_of_a_minute() {
    for limit in [120, 600, 3000] {
        let (pacer, server) = learnt(limit);
        let known = pacer.learnt().calls_per_minute.unwrap();
        assert!((known / f64::from(limit) - 1.0).abs() < 0.01, "{known} of {limit}");
        assert!(server.refused <= 4, "{} refused of {limit}", server.refused);
    }
}

#[test]
fn nothing_is_learnt_and_nothing_is_held_up_at_first() {
    let mut pacer = Pacer::default();
    let ceilings = Ceilings::default();
    assert!(pacer.unlimited(0, &ceilings));
    for _ in 0..1000 {
        assert_eq!(pacer.ask(0, Class::SignIn, 100, &ceilings, None), Answer::Go);
    }
    pacer.sent(SECOND, 5);
    pacer.done(SECOND, SECOND, Heard::Limited { reset: Some(Duration::from_secs(30)) }, 1, 0.5);
    assert!(!pacer.unlimited(2 * SECOND, &ceilings));
    assert!(pacer.paused_until(2 * SECOND).is_some_and(|until| until >= 31 * SECOND));
}

#[test]
fn a_429_after_a_few_calls_is_somebody_elses() {
    let mut pacer = Pacer::default();
    pacer.sent(0, 3);
    pacer.done(SECOND, SECOND / 2, Heard::Limited { reset: Some(Duration::from_secs(40)) }, 1, 0.5);
    assert_eq!(pacer.learnt().calls_per_minute, None);
    assert!(pacer.unlimited(42 * SECOND, &Ceilings::default()));
}

#[test]
fn a_quota_cut_in_half_is_found_again_when_it_is_back() {
    let (mut pacer, mut server) = learnt(600);
    server.limit = 300;
    saturate(&mut pacer, &mut server, &[Class::Outbox; 4], 5 * MINUTE, 5 * MINUTE);
    assert!(pacer.learnt().calls_per_minute.is_some_and(|known| known < 325.0));
    server.limit = 600;
    saturate(&mut pacer, &mut server, &[Class::Outbox; 4], 10 * MINUTE, 5 * MINUTE + 3 * SECOND);
    assert!(pacer.learnt().calls_per_minute.is_some_and(|known| known > 590.0));
}

#[test]
fn everybody_gets_the_same() {
    let (mut pacer, mut server) = learnt(600);
    let went = saturate(&mut pacer, &mut server, &[Class::Bulk; 40], 5 * MINUTE, 4 * MINUTE);
    let (least, most) = (went.iter().min().unwrap(), went.iter().max().unwrap());
    assert!(most - least <= 3, "{least} to {most}");
}

#[test]
fn higher_classes_go_first_and_none_starves() {
    let (mut pacer, mut server) = learnt(600);
    let callers = [[Class::Outbox; 8], [Class::Bulk; 8]].concat();
    let went = saturate(&mut pacer, &mut server, &callers, 5 * MINUTE, 10 * MINUTE);
    let (outbox, bulk) = (went[..8].iter().sum::<u32>(), went[8..].iter().sum::<u32>());
    let share = f64::from(bulk) / f64::from(outbox + bulk);
    assert!((0.03..0.10).contains(&share), "{outbox} and {bulk}");
}

#[test]
fn a_sign_in_goes_at_once_over_a_bulk_run() {
    let (mut pacer, mut server) = learnt(600);
    saturate(&mut pacer, &mut server, &[Class::Bulk; 8], 5 * MINUTE, 3 * MINUTE);
    for sign_in in 0..20 {
        let now = 8 * MINUTE + sign_in * SECOND;
        saturate(&mut pacer, &mut server, &[Class::Bulk; 8], now, SECOND);
        for _ in 0..3 {
            let answer = pacer.ask(now + SECOND, Class::SignIn, 4, &Ceilings::default(), None);
            assert_eq!(answer, Answer::Go, "sign-in {sign_in}");
            server.answer(now + SECOND);
        }
    }
    assert!(server.refused <= 4);
}

#[test]
fn the_slots_of_the_dead_pass() {
    let (mut pacer, _) = learnt(600);
    let now = 5 * MINUTE;
    let dead = (0..50).filter(|_| pacer.ask(now, Class::Bulk, 0, &Ceilings::default(), None) != Answer::Go);
    assert!(dead.count() >= 49);
    let (mut at, mut ticket) = (now, None);
    while let Answer::NotBefore { at: later, ticket: kept, .. } =
        pacer.ask(at, Class::Bulk, 0, &Ceilings::default(), ticket)
    {
        (at, ticket) = (later, kept);
    }
    assert!(at - now <= 6 * SECOND, "after fifty slots of a tenth of a second: {}", at - now);
}

#[test]
fn what_is_given_back_leaves_no_gap() {
    let (mut pacer, _) = learnt(600);
    let now = 5 * MINUTE;
    while pacer.ask(now, Class::Bulk, 0, &Ceilings::default(), None) == Answer::Go {}
    let mut first = None;
    for _ in 0..100 {
        let Answer::NotBefore { at, ticket, .. } = pacer.ask(now, Class::Bulk, 0, &Ceilings::default(), None)
        else {
            panic!("there was no room")
        };
        assert_eq!(*first.get_or_insert(at), at);
        pacer.give_back(ticket.unwrap());
    }
}

#[test]
fn a_limit_of_zero_lets_nothing_go() {
    let default = Ceilings::default();
    for ceilings in [
        Ceilings { max_calls_per_minute: Some(0.0), ..default },
        Ceilings { max_calls_per_minute: Some(-5.0), ..default },
        Ceilings { max_in_flight: Some(0), ..default },
        Ceilings { use_at_most: 0.0, ..default },
    ] {
        let mut pacer = Pacer::default();
        for class in CLASSES {
            assert_eq!(
                pacer.ask(SECOND, class, 0, &ceilings, None),
                Answer::NotBefore { at: 61 * SECOND, due: 61 * SECOND, ticket: None }
            );
        }
    }
}

#[test]
fn a_share_of_what_is_learnt() {
    let (pacer, _) = learnt(600);
    let ceilings = Ceilings { use_at_most: 0.5, ..Ceilings::default() };
    let (mut pacer, mut at, mut ticket, mut went) = (pacer, 7 * MINUTE, None, 0);
    while at < 8 * MINUTE {
        match pacer.ask(at, Class::Outbox, 0, &ceilings, ticket.take()) {
            Answer::Go => went += 1,
            Answer::NotBefore { at: later, ticket: kept, .. } => (at, ticket) = (later, kept),
        }
    }
    assert!((295..=301).contains(&went), "{went}");
}

#[test]
fn a_reboot_keeps_what_is_learnt_and_drops_what_was_to_come() {
    let (mut pacer, _) = learnt(600);
    let known = pacer.learnt();
    let limited = Heard::Limited { reset: Some(Duration::from_secs(60)) };
    pacer.done(5 * MINUTE, 5 * MINUTE - 1, limited, 1, 0.5);
    let Answer::NotBefore { ticket: Some(ticket), .. } =
        pacer.ask(5 * MINUTE, Class::SignIn, 0, &Ceilings::default(), None)
    else {
        panic!("there was no pause")
    };
    let mut pacer = Pacer::from_bytes(&pacer.to_bytes());
    assert_eq!(pacer.ask(SECOND, Class::SignIn, 0, &Ceilings::default(), Some(ticket)), Answer::Go);
    assert_eq!(pacer.paused_until(SECOND), None);
    let after = pacer.learnt().calls_per_minute.unwrap();
    assert!((after / known.calls_per_minute.unwrap() - 1.0).abs() < 0.05);
}

#[test]
fn another_ones_bytes_are_a_new_pacer() {
    let bytes = learnt(600).0.to_bytes();
    assert!(bytes.len() <= 1024, "{}", bytes.len());
    assert_eq!(Pacer::from_bytes(&[]), Pacer::default());
    assert_eq!(Pacer::from_bytes(&bytes[1..]), Pacer::default());
    assert_eq!(Pacer::from_bytes(&[&bytes[..], &[0]].concat()), Pacer::default());
    let other = [&[bytes[0] ^ 0x80], &bytes[1..]].concat();
    assert_eq!(Pacer::from_bytes(&other), Pacer::default());
}

/// Whatever can be done to a pacer.
#[derive(Clone, Debug)]
enum Step {
    Ask(usize, u32, bool),
    Done(i64, Heard, u32, f64),
    Sent(u32),
    GiveBack,
    Wait(i64),
    Jump(i64),
}

fn heard() -> impl Strategy<Value = Heard> {
    let reset = prop_oneof![
        Just(None),
        Just(Some(Duration::ZERO)),
        Just(Some(Duration::MAX)),
        (0u64..200_000).prop_map(|millis| Some(Duration::from_millis(millis))),
    ];
    prop_oneof![Just(Heard::Ok), Just(Heard::Other), reset.prop_map(|reset| Heard::Limited { reset })]
}

fn step() -> impl Strategy<Value = Step> {
    let odd = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), -1.0..2.0f64];
    let far = prop_oneof![Just(i64::MIN), Just(i64::MAX), -20 * 60 * MINUTE..20 * 60 * MINUTE, any::<i64>()];
    prop_oneof![
        8 => (0..3usize, prop_oneof![0u32..8, any::<u32>()], any::<bool>()).prop_map(|(c, n, t)| Step::Ask(c, n, t)),
        4 => (any::<i64>(), heard(), any::<u32>(), odd.clone()).prop_map(|(s, h, n, r)| Step::Done(s, h, n, r)),
        4 => (0i64..2 * SECOND, heard(), 1u32..8, odd).prop_map(|(s, h, n, r)| Step::Done(-s, h, n, r)),
        1 => any::<u32>().prop_map(Step::Sent),
        1 => Just(Step::GiveBack),
        8 => (0..10 * SECOND).prop_map(Step::Wait),
        1 => far.prop_map(Step::Jump),
    ]
}

fn ceilings() -> impl Strategy<Value = Ceilings> {
    let share = prop_oneof![Just(1.0), Just(f64::NAN), -1.0..2.0f64];
    let rate = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), -10.0..10_000.0f64];
    (prop::option::of(rate), prop::option::of(0u32..100), share).prop_map(|(rate, in_flight, share)| {
        Ceilings { max_calls_per_minute: rate, max_in_flight: in_flight, use_at_most: share }
    })
}

fn take(pacer: &mut Pacer, now: &mut i64, ceilings: &Ceilings, tickets: &mut Vec<Ticket>, step: Step) {
    match step {
        Step::Ask(class, in_flight, with) => {
            let ticket = if with { tickets.pop() } else { None };
            let answer = pacer.ask(*now, CLASSES[class], in_flight, ceilings, ticket);
            if let Answer::NotBefore { at, ticket, .. } = answer {
                assert!(at > *now || *now > i64::MAX / 8, "{at} is not after {now}");
                tickets.extend(ticket);
            }
        }
        // A time before now, or any.
        Step::Done(sent, heard, in_flight, random) => {
            pacer.done(*now, now.saturating_add(sent), heard, in_flight, random);
        }
        Step::Sent(calls) => pacer.sent(*now, calls),
        Step::GiveBack => {
            if let Some(ticket) = tickets.pop() {
                pacer.give_back(ticket);
            }
        }
        Step::Wait(time) => *now = now.saturating_add(time),
        Step::Jump(time) => *now = now.saturating_add(time),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Nothing panics, all of it survives being kept, and from wherever it comes to it lets a sign-in go in time.
    #[test]
    fn any_course_of_events(
        steps in prop::collection::vec(step(), 1..200),
        ceilings in ceilings(),
        start in prop_oneof![Just(0i64), any::<i64>()],
    ) {
        let (mut pacer, mut now, mut tickets) = (Pacer::default(), start, Vec::new());
        for step in steps {
            take(&mut pacer, &mut now, &ceilings, &mut tickets, step);
            let bytes = pacer.to_bytes();
            prop_assert!(bytes.len() <= 1024);
            prop_assert_eq!(&Pacer::from_bytes(&bytes), &pacer);
        }
        now = now.clamp(-(1 << 50), 1 << 50);
        let (mut at, mut ticket, mut asked) = (now, None, 0);
        while let Answer::NotBefore { at: later, ticket: kept, .. } =
            pacer.ask(at, Class::SignIn, 0, &Ceilings::default(), ticket)
        {
            (at, ticket, asked) = (later, kept, asked + 1);
            prop_assert!(asked < 1000);
        }
        prop_assert!(at - now <= 20 * MINUTE, "{}", at - now);
    }

    /// Never more than the ceiling in any 60 seconds.
    #[test]
    fn the_ceiling_holds(
        ceiling in 1u32..2000,
        waits in prop::collection::vec(0i64..3 * SECOND, 100..400),
        answers in prop::collection::vec(heard(), 100..400),
    ) {
        let ceilings = Ceilings { max_calls_per_minute: Some(f64::from(ceiling)), ..Ceilings::default() };
        let (mut pacer, mut now, mut went) = (Pacer::default(), 0, Vec::new());
        for (turn, (wait, heard)) in waits.into_iter().zip(answers).enumerate() {
            now += wait;
            for _ in 0..20 {
                if pacer.ask(now, CLASSES[turn % 3], 0, &ceilings, None) == Answer::Go {
                    went.push(now);
                    pacer.done(now + 1000, now, heard, 1, 0.5);
                }
            }
        }
        for (n, first) in went.iter().enumerate() {
            if let Some(last) = went.get(n + ceiling as usize) {
                prop_assert!(last - first >= MINUTE, "{} calls in {}", ceiling + 1, last - first);
            }
        }
    }

    /// Bytes from anywhere: read, or a new one; and then nothing panics either.
    #[test]
    fn any_bytes(noise in prop::collection::vec(any::<u8>(), 0..1024), place in 0usize..1024) {
        let _ = Pacer::from_bytes(&noise);
        let mut bytes = Pacer::default().to_bytes();
        let place = place % bytes.len();
        let end = bytes.len().min(place + noise.len().min(9));
        bytes[place..end].copy_from_slice(&noise[..end - place]);
        let mut pacer = Pacer::from_bytes(&bytes);
        for class in CLASSES {
            let _ = pacer.ask(SECOND, class, 1, &Ceilings::default(), None);
            pacer.done(2 * SECOND, SECOND, Heard::Limited { reset: Some(Duration::from_secs(9)) }, 2, 0.5);
        }
        let _ = Pacer::from_bytes(&pacer.to_bytes());
    }
}

#[test]
fn a_limit_that_nobody_uses_is_doubted_and_forgotten_in_the_end() {
    let (mut pacer, _) = learnt(600);
    let mut doubled = Vec::new();
    let mut now = 6 * MINUTE;
    // A sign-in every ten seconds, for half a day.
    while now < 12 * 60 * MINUTE && pacer.learnt().calls_per_minute.is_some() {
        let known = pacer.learnt().calls_per_minute.unwrap();
        if doubled.last() != Some(&known) {
            doubled.push(known);
        }
        if pacer.ask(now, Class::SignIn, 0, &Ceilings::default(), None) == Answer::Go {
            pacer.done(now + SECOND / 10, now, Heard::Ok, 1, 0.5);
        }
        now += 10 * SECOND;
    }
    assert!(pacer.unlimited(now, &Ceilings::default()), "{doubled:?}");
    assert!(now > 3 * 60 * MINUTE, "not at once");
    assert!(doubled.windows(2).all(|pair| pair[1] >= 1.9 * pair[0]), "{doubled:?}");
}

#[test]
fn a_share_of_a_limit_that_was_too_low_does_not_stay_too_low() {
    let ceilings = Ceilings { use_at_most: 0.8, ..Ceilings::default() };
    let (mut pacer, mut server) = (Pacer::default(), Window::new(3000));
    // Another used most of the minute up.
    let mut now = 0;
    let mut ticket = None;
    server.answer(0);
    server.used = 2600;
    let mut went = 0;
    let mut late = 0;
    while now < 150 * MINUTE {
        match pacer.ask(now, Class::Bulk, 0, &ceilings, ticket.take()) {
            Answer::Go => {
                let heard = server.answer(now);
                pacer.done(now + SECOND / 100, now, heard, 1, 0.5);
                went += u32::from(heard == Heard::Ok);
                late += u32::from(heard == Heard::Ok && now >= 140 * MINUTE);
                now += SECOND / 100;
            }
            Answer::NotBefore { at, ticket: kept, .. } => (now, ticket) = (at, kept),
        }
    }
    // In the last ten minutes it uses its share of the true limit, more or less.
    assert!((0.7..=1.01).contains(&(f64::from(late) / 30_000.0)), "{late} late, {went} in all");
}
