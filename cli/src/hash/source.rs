//! Where a survey's values come from: lines, CSV, NDJSON, or a table of an SQLite file. One value at a time.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value};

use super::described::pair;
use super::lines::Lines;
use super::row::Row;
use crate::failed::Failed;

#[derive(Debug, clap::Args)]
pub(crate) struct Source {
    /// The file to read; stdin unless given
    #[arg(conflicts_with = "sqlite")]
    file: Option<PathBuf>,

    /// What the file is; by its name (.csv, .tsv, .ndjson, .jsonl, shadow, .htpasswd) unless given
    #[arg(long = "as", value_name = "KIND", value_enum)]
    kind: Option<Kind>,

    /// The column (or the member of each NDJSON object) that holds the stored hash
    #[arg(long, value_name = "NAME", default_value = "stored_hash")]
    column: String,

    /// A column that holds what stands beside the hash, such as salt=password_salt; may be repeated
    #[arg(long, value_name = "NAME=COLUMN", value_parser = pair)]
    extra_column: Vec<(String, String)>,

    /// An SQLite file, opened for reading only
    #[arg(long, value_name = "FILE", requires = "table")]
    sqlite: Option<PathBuf>,

    /// The table (or view) of the SQLite file
    #[arg(long, value_name = "NAME", requires = "sqlite")]
    table: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// One stored hash a line
    Lines,
    /// With the columns' names in the first row, and commas, semicolons or tabs between them
    Csv,
    /// The same with tabs
    Tsv,
    /// A shadow, passwd or htpasswd file: the name, a colon, and the hash up to the next colon
    Shadow,
    /// One JSON object a line, as for `map`
    Ndjson,
}

/// A stored value, its format where the row names one, and what stands beside it.
pub(super) struct Stored<'a> {
    pub(super) value: &'a [u8],
    pub(super) format: Option<&'a str>,
    pub(super) extra: Value,
}

/// What takes the values: each with the number of its line or row, or with what is wrong with that.
pub(super) type Take<'a> = &'a mut dyn FnMut(u64, Result<Stored<'_>, String>);

impl Source {
    pub(super) fn each(&self, take: Take<'_>) -> Result<(), Failed> {
        if let (Some(file), Some(table)) = (&self.sqlite, &self.table) {
            return self.sqlite(file, table, take).map_err(|error| {
                let shown = file.display();
                Failed::because(format!("{shown}: {error}; --table and --column name what is read"))
            });
        }
        let lines = Lines::open(self.file.as_deref())?;
        match self.kind.unwrap_or_else(|| by_name(self.file.as_deref())) {
            Kind::Lines => self.plain(lines, take),
            Kind::Csv => self.csv(lines, None, take),
            Kind::Tsv => self.csv(lines, Some(b'\t'), take),
            Kind::Shadow => shadow(lines, take),
            Kind::Ndjson => self.ndjson(lines, take),
        }
    }

    fn csv(&self, lines: Lines, separator: Option<u8>, take: Take<'_>) -> Result<(), Failed> {
        let mut input = lines.into_rest();
        let separator = match separator {
            Some(separator) => separator,
            None => separator_of(input.fill_buf()?),
        };
        let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(input);
        let refused = |error: csv::Error| Failed::because(error.to_string());
        let names = reader.byte_headers().map_err(refused)?.clone();
        let place = |name: &str| {
            let plain = |known: &[u8]| known.trim_ascii() == name.as_bytes();
            let found = names.iter().position(plain);
            let known = || names.iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join(", ");
            found.ok_or_else(|| Failed::usage(format!("there is no column {name:?}; there are {}", known())))
        };
        let column = place(&self.column)?;
        let beside: Vec<_> =
            self.extra_column.iter().map(|(_, name)| place(name)).collect::<Result<_, _>>()?;
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(refused)? {
            let line = record.position().map_or(0, csv::Position::line);
            let Some(value) = record.get(column) else {
                take(line, Err("has fewer columns than the first row".to_owned()));
                continue;
            };
            let named = self.extra_column.iter().map(|(name, _)| name);
            let extra = named.zip(&beside).map(|(name, place)| {
                (name.clone(), String::from_utf8_lossy(record.get(*place).unwrap_or_default()).into())
            });
            take(line, Ok(Stored { value, format: None, extra: object(extra.collect()) }));
        }
        Ok(())
    }

    fn plain(&self, mut lines: Lines, take: Take<'_>) -> Result<(), Failed> {
        while let Some((number, line)) = lines.next()? {
            // The heading of an export of one column is no value.
            let heading = |line: &[u8]| {
                let line = line.trim_ascii();
                let word = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
                HEADINGS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
                    || word == self.column.as_bytes()
            };
            if number > 1 || !line.as_ref().is_ok_and(|line| heading(line)) {
                take(number, line.map(|value| Stored { value, format: None, extra: Value::Null }));
            }
        }
        Ok(())
    }

    fn ndjson(&self, mut lines: Lines, take: Take<'_>) -> Result<(), Failed> {
        while let Some((number, line)) = lines.next()? {
            match line.and_then(|line| Row::named(line, &self.column, &self.extra_column)) {
                Ok(Row { stored_hash, format, extra, .. }) => {
                    let (value, format) = (stored_hash.as_bytes(), format.as_deref());
                    take(number, Ok(Stored { value, format, extra }));
                }
                Err(why) => take(number, Err(why)),
            }
        }
        Ok(())
    }

    fn sqlite(&self, file: &Path, table: &str, take: Take<'_>) -> rusqlite::Result<()> {
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let columns = std::iter::once(&self.column).chain(self.extra_column.iter().map(|(_, column)| column));
        // Qualified: SQLite takes a quoted name that is no column for a text.
        let columns: Vec<_> = columns.map(|name| format!("{}.{}", quoted(table), quoted(name))).collect();
        let query = format!("SELECT {} FROM {}", columns.join(", "), quoted(table));
        let mut query = database.prepare(&query)?;
        let mut rows = query.query([])?;
        let mut number = 0;
        while let Some(row) = rows.next()? {
            number += 1;
            let mut extra = Map::new();
            for (place, (name, _)) in (1..).zip(&self.extra_column) {
                let (text, raw) = text(row.get_ref(place)?);
                let name = if raw && name == "salt" { "salt_hex" } else { name };
                extra.insert(name.to_owned(), text.into());
            }
            let (value, _) = text(row.get_ref(0)?);
            take(number, Ok(Stored { value: value.as_bytes(), format: None, extra: object(extra) }));
        }
        Ok(())
    }
}

/// What tables call the column of the hash: a file of lines may begin with it.
const HEADINGS: [&str; 13] = [
    "password",
    "password_hash",
    "passwordhash",
    "hashed_password",
    "encrypted_password",
    "stored_hash",
    "hash",
    "passwd",
    "pass",
    "pwd",
    "user_pass",
    "user_password",
    "password_digest",
];

fn by_name(path: Option<&Path>) -> Kind {
    let text =
        |part: Option<&std::ffi::OsStr>| part.and_then(|part| part.to_str()).map(str::to_ascii_lowercase);
    let name = text(path.and_then(Path::file_name));
    if matches!(
        name.as_deref(),
        Some("shadow" | "shadow-" | "gshadow" | "passwd" | "master.passwd" | ".htpasswd" | "htpasswd")
    ) {
        return Kind::Shadow;
    }
    match text(path.and_then(Path::extension)).as_deref() {
        Some("csv") => Kind::Csv,
        Some("tsv" | "tab") => Kind::Tsv,
        Some("ndjson" | "jsonl") => Kind::Ndjson,
        Some("shadow" | "htpasswd" | "passwd") => Kind::Shadow,
        _ => Kind::Lines,
    }
}

/// What the names of the first row have between them most often, outside of quotes.
fn separator_of(start: &[u8]) -> u8 {
    let (mut quoted, mut counts) = (false, [(b',', 0u32), (b';', 0), (b'\t', 0)]);
    for byte in start.iter().take_while(|byte| **byte != b'\n') {
        quoted ^= *byte == b'"';
        for (separator, count) in &mut counts {
            *count += u32::from(!quoted && byte == separator);
        }
    }
    let [comma, others @ ..] = counts;
    others.iter().fold(comma, |best, other| if other.1 > best.1 { *other } else { best }).0
}

/// `name:hash:…`; a line without a colon is none of these files.
fn shadow(mut lines: Lines, take: Take<'_>) -> Result<(), Failed> {
    while let Some((number, line)) = lines.next()? {
        let fields = line.map(|line| line.split(|byte| *byte == b':').nth(1).ok_or(line));
        match fields {
            Ok(Ok(value)) => {
                // `x` in a passwd file: the hash is in the shadow file.
                let value = if value == b"x" { b"" } else { value };
                take(number, Ok(Stored { value, format: None, extra: Value::Null }));
            }
            Ok(Err(line)) if line.trim_ascii().is_empty() || line.starts_with(b"#") => {}
            Ok(Err(_)) => take(number, Err("has no colon between name and hash".to_owned())),
            Err(why) => take(number, Err(why)),
        }
    }
    Ok(())
}

fn object(entries: Map<String, Value>) -> Value {
    if entries.is_empty() { Value::Null } else { Value::Object(entries) }
}

/// A column as text; bytes that are none as hex, and that they were.
fn text(value: ValueRef<'_>) -> (String, bool) {
    match value {
        ValueRef::Null => (String::new(), false),
        ValueRef::Integer(number) => (number.to_string(), false),
        ValueRef::Real(number) => (number.to_string(), false),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(char::is_control) => (text.to_owned(), false),
            Ok(text) if matches!(value, ValueRef::Text(_)) => (text.to_owned(), false),
            _ => (bytes.iter().map(|byte| format!("{byte:02x}")).collect(), true),
        },
    }
}
