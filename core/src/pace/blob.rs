//! A pacer at rest: its fields one after another, little-endian, without names.

/// What can be written to bytes and read back. `None`: there are too few bytes, or they are none of ours.
pub(crate) trait Field: Sized {
    fn put(&self, to: &mut Vec<u8>);
    fn take(from: &mut &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Field for $number {
            fn put(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
            fn take(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(<$number>::from_le_bytes(*bytes))
            }
        }
    )*};
}
numbers!(u8, u16, u32, u64, i64);

/// Never NaN, nor infinite, nor negative: no such number is ever written.
impl Field for f64 {
    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.to_le_bytes());
    }
    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(f64::from_le_bytes(*bytes)).filter(|number| number.is_finite() && *number >= 0.0)
    }
}

/// Two bytes each, all at once: most of a pacer is one of these.
impl<const N: usize> Field for [u16; N] {
    fn put(&self, to: &mut Vec<u8>) {
        to.extend(self.iter().flat_map(|number| number.to_le_bytes()));
    }
    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_at_checked(2 * N)?;
        *from = rest;
        let mut numbers = [0; N];
        for (number, two) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = u16::from_le_bytes(*two);
        }
        Some(numbers)
    }
}

/// A struct whose fields are written in the order given.
macro_rules! fields {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl crate::pace::blob::Field for $name {
            fn put(&self, to: &mut Vec<u8>) {
                $(self.$field.put(to);)*
            }
            fn take(from: &mut &[u8]) -> Option<Self> {
                Some($name { $($field: crate::pace::blob::Field::take(from)?),* })
            }
        }
    };
}
pub(crate) use fields;
