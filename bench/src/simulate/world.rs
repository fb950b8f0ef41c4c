//! Simulated time: callers, the network and Kinde, event by event. One seed, one run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use kinde_migrate::pace::{Ceilings, Class};

use super::policy::{Controller, Memory, Policy};
use super::random::Random;
use super::server::{Header, Model, Refused, Server, reset};

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;

/// One run's circumstances.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) policy: Policy,
    pub(crate) model: Model,
    pub(crate) header: Header,
    /// Calls a minute from a time on: in the beginning, and as they change.
    pub(crate) limits: Vec<(i64, f64)>,
    pub(crate) in_flight: Option<u32>,
    pub(crate) processes: usize,
    /// Callers in each process that call all the time; 0: only sign-ins.
    pub(crate) threads: usize,
    pub(crate) class: Class,
    /// A call's median time at Kinde and on the way, in milliseconds.
    pub(crate) latency: f64,
    /// Sign-ins a minute, at random, and what goes on meanwhile does not wait for them.
    pub(crate) sign_ins: f64,
    /// Another tenant's calls a minute, at random.
    pub(crate) tenant: f64,
    pub(crate) ceilings: Ceilings,
    pub(crate) length: i64,
    pub(crate) seed: u64,
}

impl Scene {
    pub(crate) fn new(policy: Policy, model: Model, limit: f64) -> Scene {
        Scene {
            policy,
            model,
            header: Header::Seconds,
            limits: vec![(0, limit)],
            in_flight: None,
            processes: 8,
            threads: 4,
            class: Class::Bulk,
            latency: 100.0,
            sign_ins: 0.0,
            tenant: 0.0,
            ceilings: Ceilings::default(),
            length: 60 * MINUTE,
            seed: 1,
        }
    }

    pub(crate) fn limit_at(&self, at: i64) -> f64 {
        self.limits.iter().rev().find(|(from, _)| *from <= at).map_or(0.0, |(_, limit)| *limit)
    }
}

/// What came of a run.
#[derive(Default)]
pub(crate) struct Course {
    /// When calls arrived that were admitted, and by which process; when others were refused.
    pub(crate) admitted: Vec<(i64, u16)>,
    pub(crate) refused: Vec<i64>,
    /// How many others of its class went from a call's first question to its going, and when it went.
    pub(crate) overtaken: Vec<(i64, u32)>,
    /// What the first pacer takes for the limit, as it changes.
    pub(crate) learnt: Vec<(i64, f64)>,
    /// How long sign-ins took that began after the second minute, in microseconds.
    pub(crate) sign_ins: Vec<i64>,
    pub(crate) questions: u64,
}

enum Event {
    Asks(usize),
    Arrives(usize, i64),
    Leaves(usize, i64),
    Returns(usize, i64, Option<Refused>),
    SignsIn,
    Tenant,
    Limit(f64),
}

struct Caller {
    process: usize,
    class: Class,
    memory: Memory,
    /// How many of its class had gone when it first asked for the call it is about.
    since: Option<usize>,
    /// Of a sign-in: when it began, and calls left.
    began: i64,
    left: u32,
}

struct World<'a> {
    scene: &'a Scene,
    random: Random,
    queue: BinaryHeap<Reverse<(i64, u64, usize)>>,
    events: Vec<Option<Event>>,
    free: Vec<usize>,
    order: u64,
    server: Server,
    controllers: Vec<Controller>,
    callers: Vec<Caller>,
    course: Course,
}

pub(crate) fn run(scene: &Scene) -> Course {
    let mut random = Random::new(scene.seed);
    let phase = (random.unit() * MINUTE as f64) as i64;
    let server = Server::new(scene.model, scene.header, scene.limit_at(0), scene.in_flight, phase);
    let controllers = if scene.policy.shared() { 1 } else { scene.processes };
    let mut world = World {
        scene,
        random,
        queue: BinaryHeap::new(),
        events: Vec::new(),
        free: Vec::new(),
        order: 0,
        server,
        controllers: (0..controllers).map(|_| Controller::new(scene.policy)).collect(),
        callers: Vec::new(),
        course: Course::default(),
    };
    world.begin();
    world.go();
    world.course
}

impl World<'_> {
    fn begin(&mut self) {
        for caller in 0..self.scene.processes * self.scene.threads {
            let process = caller % self.scene.processes;
            self.callers.push(Caller::new(process, self.scene.class, 0, u32::MAX));
            // Processes do not start at the same moment.
            let at = (self.random.unit() * 0.5 * SECOND as f64) as i64;
            self.at(at, Event::Asks(caller));
        }
        for &(at, limit) in self.scene.limits.iter().skip(1) {
            self.at(at, Event::Limit(limit));
        }
        if self.scene.sign_ins > 0.0 {
            self.at(0, Event::SignsIn);
        }
        if self.scene.tenant > 0.0 {
            self.at(0, Event::Tenant);
        }
    }

    fn at(&mut self, at: i64, event: Event) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.events.push(None);
            self.events.len() - 1
        });
        if let Some(there) = self.events.get_mut(place) {
            *there = Some(event);
        }
        self.order += 1;
        self.queue.push(Reverse((at, self.order, place)));
    }

    fn go(&mut self) {
        while let Some(Reverse((now, _, place))) = self.queue.pop() {
            if now > self.scene.length {
                return;
            }
            self.free.push(place);
            match self.events.get_mut(place).and_then(Option::take) {
                Some(Event::Asks(caller)) => self.asks(now, caller),
                Some(Event::Arrives(caller, sent)) => self.arrives(now, caller, sent),
                Some(Event::Leaves(caller, sent)) => {
                    self.server.leave();
                    let way = self.way();
                    self.at(now + way, Event::Returns(caller, sent, None));
                }
                Some(Event::Returns(caller, sent, refused)) => self.returns(now, caller, sent, refused),
                Some(Event::SignsIn) => {
                    let process = (self.random.unit() * self.scene.processes as f64) as usize;
                    self.callers.push(Caller::new(process, Class::SignIn, now, 3));
                    self.asks(now, self.callers.len() - 1);
                    let next = self.random.exponential(MINUTE as f64 / self.scene.sign_ins) as i64;
                    self.at(now + next, Event::SignsIn);
                }
                Some(Event::Tenant) => {
                    if self.server.admit(now).is_ok() {
                        self.server.leave();
                    }
                    let next = self.random.exponential(MINUTE as f64 / self.scene.tenant) as i64;
                    self.at(now + next, Event::Tenant);
                }
                Some(Event::Limit(limit)) => self.server.set_limit(limit),
                None => {}
            }
        }
    }

    /// One way: three tenths of a call's time; Kinde itself takes four.
    fn way(&mut self) -> i64 {
        (0.3 * self.scene.latency * 1e3 * self.random.jitter()) as i64
    }

    fn asks(&mut self, now: i64, number: usize) {
        let Some(caller) = self.callers.get_mut(number) else { return };
        let controllers = self.controllers.len();
        let Some(controller) = self.controllers.get_mut(caller.process % controllers) else { return };
        let since = *caller.since.get_or_insert(self.course.overtaken.len());
        self.course.questions += 1;
        match controller.ask(now, caller.class, &self.scene.ceilings, &mut caller.memory) {
            None => {
                caller.since = None;
                controller.in_flight += 1;
                if caller.class == self.scene.class {
                    let others = self.course.overtaken.len() - since;
                    self.course.overtaken.push((now, others as u32));
                }
                let way = self.way();
                self.at(now + way, Event::Arrives(number, now));
            }
            // A timer is never early, and mostly a little late.
            Some(at) => {
                let late = (self.random.unit() * 1.5e3) as i64;
                self.at(at.max(now) + 50 + late, Event::Asks(number));
            }
        }
    }

    fn arrives(&mut self, now: i64, number: usize, sent: i64) {
        match self.server.admit(now) {
            Ok(()) => {
                let process = self.callers.get(number).map_or(0, |caller| caller.process);
                self.course.admitted.push((now, process as u16));
                let work = (0.4 * self.scene.latency * 1e3 * self.random.jitter()) as i64;
                self.at(now + work, Event::Leaves(number, sent));
            }
            Err(refused) => {
                self.course.refused.push(now);
                let way = self.way();
                self.at(now + SECOND / 1000 + way, Event::Returns(number, sent, Some(refused)));
            }
        }
    }

    fn returns(&mut self, now: i64, number: usize, sent: i64, refused: Option<Refused>) {
        let Some(caller) = self.callers.get_mut(number) else { return };
        let controllers = self.controllers.len();
        let Some(controller) = self.controllers.get_mut(caller.process % controllers) else { return };
        controller.done(now, sent, refused.as_ref().map(reset), &mut caller.memory, &mut self.random);
        controller.in_flight -= 1;
        let learnt = controller.pacer.learnt().calls_per_minute.unwrap_or(0.0);
        if self.course.learnt.last().is_none_or(|(_, last)| *last != learnt) {
            self.course.learnt.push((now, learnt));
        }
        if refused.is_none() && caller.class == Class::SignIn {
            caller.left -= 1;
            if caller.left == 0 {
                if caller.began > 2 * MINUTE {
                    self.course.sign_ins.push(now - caller.began);
                }
                return;
            }
        }
        self.asks(now, number);
    }
}

impl Caller {
    fn new(process: usize, class: Class, began: i64, left: u32) -> Caller {
        Caller { process, class, memory: Memory::default(), since: None, began, left }
    }
}
