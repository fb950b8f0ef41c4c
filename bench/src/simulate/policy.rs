//! What decides when a call goes: this library's pacer, and what others do.

use std::time::Duration;

use kinde_migrate::pace::{Answer, Ceilings, Class, Heard, Pacer, Ticket};

use super::random::Random;

const SECOND: f64 = 1e6;

/// A caller's own memory.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) ticket: Option<Ticket>,
    /// Refusals in a row, and until when it rests for them.
    attempts: u32,
    rests: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Every caller by itself: full jitter, 50 ms doubled up to 20 s ("Exponential Backoff And Jitter", AWS, 2015).
    BackOff,
    /// Everybody stops until the reset, and 0.1 s at random.
    Pause,
    /// AWS's adaptive retry (smithy-rs, `client_rate_limiter.rs`), one for each process.
    Cubic,
    /// The same, one for all, with the pause.
    CubicShared,
    /// Halved by a 429, one call a minute more each second; one for all, with the pause.
    Aimd,
    /// The pacer, one for all.
    Ours,
    /// A pacer for each process.
    Unshared,
}

impl Policy {
    pub(crate) fn shared(self) -> bool {
        !matches!(self, Policy::Cubic | Policy::Unshared)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Policy::BackOff => "exponential back-off",
            Policy::Pause => "shared pause until the reset",
            Policy::Cubic => "AWS cubic, per process",
            Policy::CubicShared => "cubic, shared, with reset",
            Policy::Aimd => "AIMD, shared",
            Policy::Ours => "ours, shared",
            Policy::Unshared => "ours, unshared",
        }
    }
}

/// One policy's state: of all processes, or of one.
pub(crate) struct Controller {
    policy: Policy,
    pub(crate) pacer: Pacer,
    pub(crate) in_flight: u32,
    pause_until: i64,
    event: i64,
    bucket: Bucket,
}

impl Controller {
    pub(crate) fn new(policy: Policy) -> Controller {
        let bucket = Bucket::new(if policy == Policy::Aimd { 2.0 } else { 0.5 });
        Controller { policy, pacer: Pacer::default(), in_flight: 0, pause_until: 0, event: -1, bucket }
    }

    /// None: it goes. Else when to ask again.
    pub(crate) fn ask(
        &mut self,
        now: i64,
        class: Class,
        ceilings: &Ceilings,
        memory: &mut Memory,
    ) -> Option<i64> {
        match self.policy {
            Policy::Ours | Policy::Unshared => {
                match self.pacer.ask(now, class, self.in_flight, ceilings, memory.ticket.take()) {
                    Answer::Go => None,
                    Answer::NotBefore { at, ticket, .. } => {
                        memory.ticket = ticket;
                        Some(at)
                    }
                }
            }
            _ if memory.rests > now => Some(memory.rests),
            Policy::BackOff => None,
            _ if self.pause_until > now => Some(self.pause_until),
            Policy::Pause => None,
            Policy::Aimd => {
                self.bucket.add(now, 1.0 / 60.0);
                self.bucket.take(now)
            }
            Policy::Cubic | Policy::CubicShared => self.bucket.take(now),
        }
    }

    pub(crate) fn done(
        &mut self,
        now: i64,
        sent_at: i64,
        refused: Option<Option<Duration>>,
        memory: &mut Memory,
        random: &mut Random,
    ) {
        let drawn = random.unit();
        let Some(reset) = refused else {
            memory.attempts = 0;
            match self.policy {
                Policy::Ours | Policy::Unshared => {
                    self.pacer.done(now, sent_at, Heard::Ok, self.in_flight, drawn)
                }
                Policy::Cubic | Policy::CubicShared => self.bucket.heard(now, false),
                _ => {}
            }
            return;
        };
        let wait = reset.unwrap_or(Duration::from_secs(1)).as_micros() as i64;
        match self.policy {
            Policy::Ours | Policy::Unshared => {
                self.pacer.done(now, sent_at, Heard::Limited { reset }, self.in_flight, drawn);
            }
            Policy::BackOff | Policy::Cubic => {
                if self.policy == Policy::Cubic {
                    self.bucket.heard(now, true);
                }
                memory.attempts += 1;
                let longest = (0.05 * f64::from(1 << memory.attempts.min(16))).min(20.0);
                memory.rests = now + (longest * drawn * SECOND) as i64;
            }
            Policy::Pause | Policy::CubicShared | Policy::Aimd => {
                self.pause_until = self.pause_until.max(now + wait + (0.1 * drawn * SECOND) as i64);
                match self.policy {
                    Policy::CubicShared => self.bucket.heard(now, true),
                    Policy::Aimd if sent_at > self.event => {
                        self.event = now;
                        self.bucket.halve(now);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// A token bucket with a rate that changes: AWS's, or additive.
struct Bucket {
    rate: f64,
    capacity: f64,
    tokens: f64,
    filled: i64,
    on: bool,
    last_max: f64,
    last_throttle: i64,
    measured: f64,
    count: f64,
    counted: f64,
}

const BETA: f64 = 0.7;
const SCALE: f64 = 0.4;
const SMOOTH: f64 = 0.8;

impl Bucket {
    fn new(rate: f64) -> Bucket {
        Bucket {
            rate,
            capacity: 1.0,
            tokens: 1.0,
            filled: 0,
            on: false,
            last_max: 0.0,
            last_throttle: 0,
            measured: 0.0,
            count: 0.0,
            counted: 0.0,
        }
    }

    fn fill(&mut self, now: i64) {
        let passed = (now - self.filled) as f64 / SECOND;
        self.tokens = (self.tokens + passed * self.rate).min(self.capacity);
        self.filled = now;
    }

    fn take(&mut self, now: i64) -> Option<i64> {
        if !self.on && self.last_max == 0.0 && self.rate <= 0.5 {
            return None;
        }
        self.fill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return None;
        }
        Some(now + ((1.0 - self.tokens) / self.rate * SECOND) as i64 + 1)
    }

    fn set(&mut self, now: i64, rate: f64) {
        self.fill(now);
        self.rate = rate.max(0.5);
        self.capacity = rate.max(1.0);
        self.tokens = self.tokens.min(self.capacity);
    }

    fn add(&mut self, now: i64, a_second: f64) {
        let passed = (now - self.filled) as f64 / SECOND;
        let rate = self.rate + passed * a_second;
        self.fill(now);
        self.rate = rate;
    }

    fn halve(&mut self, now: i64) {
        self.fill(now);
        self.rate = (self.rate / 2.0).max(0.1);
    }

    fn heard(&mut self, now: i64, throttled: bool) {
        let seconds = now as f64 / SECOND;
        let bucket = (seconds * 2.0).floor() / 2.0;
        self.count += 1.0;
        if bucket > self.counted {
            let rate = self.count / (bucket - self.counted);
            self.measured = rate * SMOOTH + self.measured * (1.0 - SMOOTH);
            (self.count, self.counted) = (0.0, bucket);
        }
        let calculated = if throttled {
            let rate = if self.on { self.measured.min(self.rate) } else { self.measured };
            (self.last_max, self.last_throttle, self.on) = (rate, now, true);
            rate * BETA
        } else {
            let window = (self.last_max * (1.0 - BETA) / SCALE).cbrt();
            let passed = (now - self.last_throttle) as f64 / SECOND;
            SCALE * (passed - window).powi(3) + self.last_max
        };
        if self.on {
            self.set(now, calculated.min(2.0 * self.measured));
        }
    }
}
