//! What a survey counts: by format, and within a format by what is wrong. It grows with formats, not with rows.

use std::collections::BTreeMap;

use kinde_migrate::hash::{Explanation, code};
use serde::Serialize;

/// So many reasons of one format are told apart: some repeat a name that the input chose.
const MAX_REASONS: usize = 16;

/// The sums of a survey; every value is in exactly one of them.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    pub(super) values: u64,
    pub(super) importable: u64,
    pub(super) not_importable: u64,
    /// Of a shape that several formats share: theirs has to be named.
    pub(super) ambiguous: u64,
    pub(super) not_recognised: u64,
    /// The value says so, or there is none.
    pub(super) no_password: u64,
    /// Lines and rows that hold no value.
    pub(super) unreadable: u64,
    pub(super) formats: Vec<Group>,
    #[serde(skip)]
    places: BTreeMap<(Option<&'static str>, Vec<&'static str>), usize>,
}

/// The values of one format, or of one shape.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) format: Option<&'static str>,
    pub(super) candidates: Vec<&'static str>,
    pub(super) applications: Option<&'static str>,
    pub(super) confidence: Option<&'static str>,
    pub(super) count: u64,
    pub(super) importable: u64,
    pub(super) import_file_only: bool,
    pub(super) refused: Vec<Refused>,
    pub(super) test_first: Option<&'static str>,
    pub(super) traps: Vec<&'static str>,
}

/// Why some of them are not importable.
#[derive(Debug, Serialize)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) count: u64,
    /// The line or row of the first one.
    pub(super) first: u64,
    pub(super) reason: String,
    pub(super) advice: String,
}

impl Tally {
    /// A line or row that holds no value.
    pub(super) fn unreadable(&mut self) {
        self.values += 1;
        self.unreadable += 1;
    }

    /// Nothing is stored: an empty value, or NULL.
    pub(super) fn nothing(&mut self) {
        self.values += 1;
        self.no_password += 1;
    }

    pub(super) fn add(&mut self, place: u64, explained: Explanation) {
        self.values += 1;
        *match explained.code {
            None => &mut self.importable,
            Some(code::AMBIGUOUS) => &mut self.ambiguous,
            Some(code::NOT_RECOGNISED) => &mut self.not_recognised,
            Some(code::NO_PASSWORD) => &mut self.no_password,
            Some(_) => &mut self.not_importable,
        } += 1;
        let shape = if explained.format.is_some() { Vec::new() } else { explained.candidates.clone() };
        let new = self.formats.len();
        let at = *self.places.entry((explained.format, shape)).or_insert(new);
        if at == new {
            self.formats.push(Group::of(&explained));
        }
        if let Some(group) = self.formats.get_mut(at) {
            group.add(place, explained);
        }
    }

    /// The most frequent first.
    pub(super) fn sort(&mut self) {
        self.formats.sort_by(|a, b| b.count.cmp(&a.count).then(a.format.cmp(&b.format)));
    }
}

impl Group {
    fn of(explained: &Explanation) -> Group {
        Group {
            format: explained.format,
            candidates: explained.candidates.clone(),
            applications: explained.applications,
            confidence: explained.confidence.map(|confidence| confidence.as_str()),
            count: 0,
            importable: 0,
            import_file_only: false,
            refused: Vec::new(),
            test_first: None,
            traps: explained.traps.clone(),
        }
    }

    fn add(&mut self, place: u64, explained: Explanation) {
        self.count += 1;
        self.import_file_only |= explained.import_file_only;
        let (Some(code), Some(reason), Some(advice)) = (explained.code, explained.reason, explained.advice)
        else {
            self.importable += 1;
            self.test_first = explained.test_first;
            return;
        };
        let many = self.refused.len() >= MAX_REASONS;
        let same = self
            .refused
            .iter_mut()
            .find(|refused| refused.code == code && (many || refused.reason == reason));
        match same {
            Some(refused) => refused.count += 1,
            None => self.refused.push(Refused {
                code,
                count: 1,
                first: place,
                reason: reason.into_owned(),
                advice: advice.into_owned(),
            }),
        }
    }
}
