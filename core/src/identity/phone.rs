//! Phone numbers in the one form that is the same everywhere: `+`, the calling code, the number (E.164).

use super::regions::{REGIONS, Region};

/// How many digits a number has, with its calling code.
const DIGITS: std::ops::RangeInclusive<usize> = 6..=15;

/// A country by its two letters, as Kinde writes it; none where there is no such country.
pub(super) fn country(id: &str) -> Option<&'static str> {
    region(id).map(|region| region.id)
}

fn region(id: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|region| region.id.eq_ignore_ascii_case(id))
}

/// Whether a number in E.164 may be one of that country's.
pub(super) fn is_of(number: &str, country: &str) -> bool {
    region(country).is_some_and(|region| calling_code(digits_of(number)) == Some(region.code))
}

/// A number as people write it, with a country where it has no calling code; or what is wrong with it, to go after
/// "phone".
pub(super) fn read(text: &str, country: Option<&str>) -> Result<String, &'static str> {
    let written = text.trim_matches(is_decoration);
    let (abroad, rest) = match (written.strip_prefix('+'), written.strip_prefix("00")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (true, rest),
        _ => (false, written),
    };
    let mut digits = String::with_capacity(rest.len() + 1);
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            c if is_decoration(c) => {}
            _ => return Err("holds something that is no part of a number"),
        }
    }
    let number = match abroad {
        true => from_abroad(digits)?,
        false => {
            let country = country.ok_or("has neither a + with its country code nor a phone_country_id")?;
            let region = region(country).ok_or("has no + and its phone_country_id is no country")?;
            at_home(&digits, region)?
        }
    };
    if !DIGITS.contains(&number.len()) || number.starts_with('0') {
        return Err("has too few or too many digits for a number with its country code");
    }
    Ok(format!("+{number}"))
}

/// With its calling code. A trunk prefix that was left in front of the rest, as in `+44 (0)20…`, is not dialled from abroad.
fn from_abroad(digits: String) -> Result<String, &'static str> {
    let Some(code) = calling_code(&digits) else { return Err("begins with no country's code") };
    let code = code.to_string();
    let national = digits.get(code.len()..).unwrap_or_default();
    let has_trunk_zero = |region: &&Region| region.trunk == "0" && region.code.to_string() == code;
    match national.strip_prefix('0') {
        Some(rest) if REGIONS.iter().any(|region| has_trunk_zero(&region)) => Ok(format!("{code}{rest}")),
        _ => Ok(digits),
    }
}

/// As it is written within its country.
fn at_home(digits: &str, region: &Region) -> Result<String, &'static str> {
    let code = region.code.to_string();
    // Where a 0 goes before every number, a number without it never begins with one.
    let whole = Some(digits).filter(|digits| !(region.trunk == "0" && digits.starts_with('0')));
    let bare =
        Some(region.trunk).filter(|trunk| !trunk.is_empty()).and_then(|trunk| digits.strip_prefix(trunk));
    let fits = |digits: &Option<&str>| digits.is_some_and(|digits| region.takes(digits.len()));
    match (Some(whole).filter(fits).flatten(), Some(bare).filter(fits).flatten()) {
        (Some(_), Some(_)) => Err("may be read in two ways; give it with + and its country code"),
        (Some(national), None) | (None, Some(national)) => Ok(format!("{code}{national}")),
        // The calling code is there, and only the + is not.
        (None, None) => match digits.strip_prefix(&code).filter(|national| region.takes(national.len())) {
            Some(national) => from_abroad(format!("{code}{national}")),
            None => Err("is no number of its phone_country_id"),
        },
    }
}

/// The calling code with which digits begin: no code begins with another.
fn calling_code(digits: &str) -> Option<u16> {
    (1..=3).find_map(|length| {
        let code = digits.get(..length)?.parse().ok()?;
        KNOWN_ELSEWHERE
            .contains(&code)
            .then_some(code)
            .or_else(|| REGIONS.iter().any(|region| region.code == code).then_some(code))
    })
}

/// Codes that belong to no country: free phone, shared cost, satellites, networks.
const KNOWN_ELSEWHERE: &[u16] = &[800, 808, 870, 878, 881, 882, 883, 888, 979];

fn digits_of(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// What people and address books put between and around digits.
fn is_decoration(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2015}' | '\u{2212}')
        || super::shape::is_invisible(c)
}

/// Whether two numbers may be the same, one of them without its calling code.
pub(super) fn are_alike(number: &str, other: &str) -> bool {
    /// Fewer digits say nothing.
    const LEAST: usize = 6;
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (number, other) = (digits(number), digits(other));
    let other = other.trim_start_matches('0');
    other.len() >= LEAST && number.ends_with(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of every country, as libphonenumber writes them at home and for the world.
    const EXAMPLES: &str = include_str!("../../tests/data/identity/phones.tsv");

    #[test]
    fn a_number_at_home_is_the_number_from_abroad_or_refused() {
        let (mut read_well, mut all) = (0, 0);
        for line in EXAMPLES.lines() {
            let [country, home, world] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            all += 1;
            match read(home, Some(country)) {
                Ok(number) => {
                    assert_eq!(number, world, "{country} {home}");
                    read_well += 1;
                }
                Err(why) => eprintln!("{country} {home} {world}: {why}"),
            }
            assert_eq!(read(world, None).as_deref(), Ok(world));
            assert_eq!(read(world, Some(country)).as_deref(), Ok(world));
            assert!(is_of(world, country));
        }
        assert!(all > 1000 && read_well * 100 >= all * 97, "{read_well} of {all}");
    }

    #[test]
    fn one_national_number_is_two_numbers_in_two_countries() {
        for (text, country, number) in [
            ("0426 148 233", "au", "+61426148233"),
            ("0426148233", "AU", "+61426148233"),
            ("(0426) 148-233", "nz", "+64426148233"),
            ("06 1234 5678", "it", "+390612345678"),
            ("8 (912) 345-67-89", "ru", "+79123456789"),
            ("06 20 123 4567", "hu", "+36201234567"),
            ("1 (650) 253-0000", "us", "+16502530000"),
            ("650.253.0000", "us", "+16502530000"),
            ("61426148233", "au", "+61426148233"),
            ("0061 426 148 233", "us", "+61426148233"),
        ] {
            assert_eq!(read(text, Some(country)).as_deref(), Ok(number), "{text} {country}");
        }
        for (text, number) in [
            ("+61 426 148 233", "+61426148233"),
            ("00 61-426-148-233", "+61426148233"),
            ("\u{202a}+44 (0)20 7946 0958\u{202c}", "+442079460958"),
            ("+39 (06) 1234 5678", "+390612345678"),
        ] {
            assert_eq!(read(text, None).as_deref(), Ok(number), "{text}");
        }
    }

    #[test]
    fn what_could_be_somebody_elses_is_refused() {
        for (text, country) in [
            ("0426148233", None),
            ("0426148233", Some("xx")),
            ("0426148233", Some("australia")),
            ("0426148233 ext. 5", Some("au")),
            ("+", None),
            ("+1", None),
            ("+0426148233", None),
            ("+999426148233", None),
            ("++61426148233", None),
            ("+61+426148233", None),
            ("1234567890123456", Some("de")),
            ("253-0000", Some("us")),
            ("٠٤٢٦١٤٨٢٣٣", Some("au")),
            ("ada", Some("au")),
        ] {
            assert!(read(text, country).is_err(), "{text} {country:?}");
        }
    }

    #[test]
    fn a_number_without_its_code_is_alike() {
        assert!(are_alike("+61426148233", "0426148233"));
        assert!(are_alike("+61426148233", "61426148233"));
        assert!(!are_alike("+61426148233", "+61426148234"));
        assert!(!are_alike("+61426148233", "33"));
    }
}
