//! What is read off a run.

use super::server::Model;
use super::world::{Course, MINUTE, SECOND, Scene};

pub(crate) struct Figures {
    /// Of what the limit let through.
    pub(crate) used: f64,
    pub(crate) refused: usize,
    /// Of all answers.
    pub(crate) share: f64,
    /// Seconds until the minute begins that carries nine tenths of the limit.
    pub(crate) to_90: f64,
    /// Jain's index over the processes.
    pub(crate) jain: f64,
    /// The longest wait over the fair one, in which each of the others goes once.
    pub(crate) longest: f64,
    /// How often a caller asks for each call.
    pub(crate) questions: f64,
}

pub(crate) fn figures(scene: &Scene, course: &Course) -> Figures {
    let room = room(scene, 0, scene.length) - scene.tenant * scene.length as f64 / MINUTE as f64;
    let admitted = course.admitted.len() as f64;
    let limit = scene.limit_at(0);
    let callers = (scene.processes * scene.threads) as f64;
    let longest = course.overtaken.iter().map(|(_, others)| *others).max().unwrap_or(0);
    Figures {
        used: admitted / room,
        refused: course.refused.len(),
        share: course.refused.len() as f64 / (admitted + course.refused.len() as f64).max(1.0),
        to_90: to_90(course, 0.9 * (limit - scene.tenant)),
        jain: jain(scene, course),
        longest: f64::from(longest) / callers,
        questions: course.questions as f64 / course.overtaken.len().max(1) as f64,
    }
}

/// What the limit lets through between two times: by the minute that begins with the run, and for a bucket what it
/// holds in the beginning.
pub(crate) fn room(scene: &Scene, from: i64, to: i64) -> f64 {
    let mut sum = 0.0;
    for (n, &(begin, limit)) in scene.limits.iter().enumerate() {
        let end = scene.limits.get(n + 1).map_or(i64::MAX, |next| next.0);
        let passed = to.min(end) - from.max(begin);
        sum += limit * passed.max(0) as f64 / MINUTE as f64;
    }
    sum
}

/// Admitted calls between two times.
pub(crate) fn between(course: &Course, from: i64, to: i64) -> usize {
    let before = |at: i64| course.admitted.partition_point(|(admitted, _)| *admitted < at);
    before(to) - before(from)
}

fn to_90(course: &Course, calls: f64) -> f64 {
    (0..600)
        .find(|second| between(course, second * SECOND, second * SECOND + MINUTE) as f64 >= calls)
        .map_or(f64::NAN, |second| second as f64)
}

fn jain(scene: &Scene, course: &Course) -> f64 {
    let mut each = vec![0.0; scene.processes];
    for (_, process) in &course.admitted {
        if let Some(calls) = each.get_mut(usize::from(*process)) {
            *calls += 1.0;
        }
    }
    let sum: f64 = each.iter().sum();
    let squares: f64 = each.iter().map(|calls| calls * calls).sum();
    sum * sum / (scene.processes as f64 * squares).max(1.0)
}

/// Minutes, counted from `from`, in which a call was refused.
pub(crate) fn minutes_refused(course: &Course, from: i64, to: i64) -> usize {
    let mut minutes: Vec<i64> =
        course.refused.iter().filter(|at| (from..to).contains(*at)).map(|at| (at - from) / MINUTE).collect();
    minutes.dedup();
    minutes.len()
}

/// The part of them that is not larger than the returned value.
pub(crate) fn quantile(values: &[i64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let index = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(f64::NAN, |value| *value as f64)
}

pub(crate) fn name(model: Model) -> &'static str {
    match model {
        Model::Fixed => "fixed window",
        Model::Opened => "fixed, from the first call",
        Model::Sliding => "sliding window",
        Model::Gcra => "GCRA",
    }
}
