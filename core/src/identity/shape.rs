//! What no identity may hold, because nobody can see or type it.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// Unicode's Default_Ignorable_Code_Point: characters that show nothing.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Whether a character shows nothing.
pub(super) fn is_invisible(c: char) -> bool {
    !c.is_ascii() && INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// The mark that a failed conversion leaves behind: it may stand for any letter.
pub(super) const REPLACEMENT: char = '\u{fffd}';

/// Whether a text is ASCII without control characters, as nearly all are: then there is nothing to look for.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte))
}

/// What is wrong with the first character of an e-mail address that can be in none.
pub(super) fn first_fault(text: &str) -> Option<String> {
    text.chars().find_map(fault)
}

/// What is wrong with a character of an e-mail address, wherever in it that is.
fn fault(c: char) -> Option<String> {
    if c.is_ascii() && !c.is_ascii_control() {
        return None;
    }
    let what = if is_invisible(c) {
        "an invisible character"
    } else if c == REPLACEMENT {
        "the mark of a failed conversion"
    } else {
        match CodePointMapData::<GeneralCategory>::new().get(c) {
            GeneralCategory::Control => return Some("holds a control character".into()),
            GeneralCategory::Format => "an invisible character",
            GeneralCategory::Unassigned | GeneralCategory::Surrogate => "a character that does not exist",
            GeneralCategory::PrivateUse => "a character for private use",
            GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator => "a space",
            _ => return None,
        }
    };
    Some(format!("holds {what} (U+{:04X})", u32::from(c)))
}
