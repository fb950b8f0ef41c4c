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
        self.to_bits().to_le_bytes().iter().for_each(|byte| to.push(*byte));
    }
    fn take(from: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(f64::from_le_bytes(*bytes)).filter(|number| number.is_finite() && *number >= 0.0)
    }
}

impl<T: Field + Copy + Default, const N: usize> Field for [T; N] {
    fn put(&self, to: &mut Vec<u8>) {
        self.iter().for_each(|item| item.put(to));
    }
    fn take(from: &mut &[u8]) -> Option<Self> {
        let mut items = [T::default(); N];
        for item in &mut items {
            *item = T::take(from)?;
        }
        Some(items)
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
