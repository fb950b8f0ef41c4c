//! A picture of one run, as SVG: calls admitted, the limit, what is taken for it, and 429s, over time.

use std::fmt::Write as _;

use crate::Failure;

use super::measure::between;
use super::tables::pictured;
use super::world::{MINUTE, SECOND};

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 50.0;
/// Calls a minute at the upper edge.
const HIGHEST: f64 = 2100.0;
/// A point of the curve is the rate over this time.
const STEP: i64 = 5 * SECOND;

pub(crate) fn write(path: &str) -> Result<(), Failure> {
    let (scene, course) = pictured();
    let minutes = scene.length as f64 / MINUTE as f64;
    let x = |at: i64| LEFT + (WIDTH - LEFT - RIGHT) * (at as f64 / MINUTE as f64) / minutes;
    let y = |rate: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate.min(HIGHEST) / HIGHEST;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    let title = "A sliding window of 600 calls a minute, halved for ten minutes; 8 processes of 4 threads share the pacer";
    writeln!(svg, "<text x=\"{LEFT}\" y=\"22\" font-size=\"15\">{title}</text>")?;

    // The axes.
    for rate in (0..=21).step_by(3).map(|hundreds| f64::from(hundreds) * 100.0) {
        let (y, right) = (y(rate), WIDTH - RIGHT);
        writeln!(svg, "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>")?;
        writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{rate}</text>", LEFT - 8.0, y + 4.0)?;
    }
    for minute in (0..=minutes as i64).step_by(5) {
        let (x, y) = (x(minute * MINUTE), HEIGHT - BOTTOM);
        writeln!(svg, "<line x1=\"{x:.1}\" y1=\"{y}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"#888\"/>", y + 5.0)?;
        writeln!(svg, "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{minute}</text>", y + 20.0)?;
    }
    writeln!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">minutes</text>", WIDTH - RIGHT, HEIGHT - 8.0)?;
    let middle = (TOP + HEIGHT - BOTTOM) / 2.0;
    let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 18 {middle})\"");
    writeln!(svg, "<text x=\"18\" y=\"{middle}\" {turned}>calls a minute</text>")?;

    // What is admitted.
    let mut points = String::new();
    for step in 0..scene.length / STEP {
        let from = step * STEP;
        let rate = between(&course, from, from + STEP) as f64 * MINUTE as f64 / STEP as f64;
        write!(points, "{:.1},{:.1} ", x(from + STEP / 2), y(rate))?;
    }
    writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"#2b6cb0\" stroke-width=\"1\"/>")?;

    // The limit, and what is taken for it.
    let limits: Vec<(i64, f64)> = scene.limits.clone();
    let learnt: Vec<(i64, f64)> = course.learnt.iter().copied().filter(|(_, limit)| *limit > 0.0).collect();
    for (steps, style) in [
        (&limits, "stroke=\"#222\" stroke-width=\"2\" stroke-dasharray=\"7 5\""),
        (&learnt, "stroke=\"#dd8800\" stroke-width=\"2\""),
    ] {
        let mut points = String::new();
        for (n, (at, rate)) in steps.iter().enumerate() {
            let until = steps.get(n + 1).map_or(scene.length, |next| next.0);
            write!(points, "{:.1},{:.1} {:.1},{:.1} ", x(*at), y(*rate), x(until), y(*rate))?;
        }
        writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" {style}/>")?;
    }

    // Refusals, on a line of their own below the legend.
    for at in &course.refused {
        writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{}\" r=\"4\" fill=\"#c53030\"/>", x(*at), TOP - 14.0)?;
    }
    let refused = format!("429: {} in all", course.refused.len());
    let legend = [
        ("#2b6cb0", "", "admitted, over 5 s"),
        ("#222", "stroke-dasharray=\"7 5\"", "the limit"),
        ("#dd8800", "", "what is taken for the limit"),
    ];
    for (n, (colour, dashes, text)) in legend.iter().enumerate() {
        let x = LEFT + n as f64 * 210.0;
        let line = format!("x1=\"{x}\" y1=\"42\" x2=\"{}\" y2=\"42\"", x + 30.0);
        writeln!(svg, "<line {line} stroke=\"{colour}\" stroke-width=\"2\" {dashes}/>")?;
        writeln!(svg, "<text x=\"{}\" y=\"46\">{text}</text>", x + 36.0)?;
    }
    let x = LEFT + 3.0 * 210.0 + 30.0;
    writeln!(svg, "<circle cx=\"{x}\" cy=\"42\" r=\"4\" fill=\"#c53030\"/>")?;
    writeln!(svg, "<text x=\"{}\" y=\"46\">{refused}</text>\n</svg>", x + 10.0)?;
    Ok(std::fs::write(path, svg)?)
}
