//! Memory for secrets, on pages of their own: core dumps leave them out, and they are wiped when dropped.
//!
//! There are slots of one size, since a credential is made at every sign-in; what is longer gets a mapping
//! for itself. Nothing here locks: in a child that was forked at any moment the slots of the parent's other threads
//! stay taken, and all else goes on. Where the system gives no pages, the ordinary heap serves.

use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use once_cell::race::OnceBox;
use reqwest::header::HeaderValue;
use secrecy::CloneableSecret;
use secrecy::SecretBox;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use zeroize::Zeroize;

/// A secret: without `Debug`, wiped when dropped, absent from core dumps.
pub(crate) type Secret = SecretBox<Pages>;

/// A secret with these bytes.
pub(crate) fn secret(bytes: impl AsRef<[u8]>) -> Secret {
    Secret::new(Box::new(Pages::of(bytes.as_ref())))
}

/// A header of these parts, with a secret in it. None where they cannot stand in a header.
pub(crate) fn header(parts: &[&str]) -> Option<HeaderValue> {
    let mut pages = Pages::zeroed(parts.iter().map(|part| part.len()).sum());
    let mut rest = pages.bytes_mut();
    for part in parts {
        let (to, after) = rest.split_at_mut_checked(part.len())?;
        to.copy_from_slice(part.as_bytes());
        rest = after;
    }
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(pages)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Bytes on pages that core dumps leave out. Wiped when dropped.
pub(crate) struct Pages {
    at: NonNull<u8>,
    len: usize,
    home: Home,
}

enum Home {
    Slot(&'static Slab, u32),
    Mapping(#[allow(dead_code, reason = "it is given back when dropped")] Mapping),
    Heap,
}

// SAFETY: the bytes belong to this value alone, as those of a `Box<[u8]>` do.
#[allow(unsafe_code)]
unsafe impl Send for Pages {}
// SAFETY: a shared reference only reads.
#[allow(unsafe_code)]
unsafe impl Sync for Pages {}

#[allow(unsafe_code, reason = "memory that the standard library does not manage")]
impl Pages {
    /// With these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Pages {
        let mut pages = Pages::zeroed(bytes.len());
        pages.bytes_mut().copy_from_slice(bytes);
        pages
    }

    /// With so many zeroes.
    pub(crate) fn zeroed(len: usize) -> Pages {
        let own = || Mapping::new(len).map(|mapping| (mapping.at, Home::Mapping(mapping)));
        let found = if len <= SLOT { Slab::take() } else { own() };
        let (at, home) = found.unwrap_or_else(|| {
            let heap = Box::leak(vec![0; len].into_boxed_slice());
            (NonNull::from(heap).cast(), Home::Heap)
        });
        Pages { at, len, home }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: `len` initialised bytes that belong to this value alone.
        unsafe { std::slice::from_raw_parts_mut(self.at.as_ptr(), self.len) }
    }

    /// The bytes as text; empty if they are none.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self).unwrap_or_default()
    }
}

#[allow(unsafe_code, reason = "memory that the standard library does not manage")]
impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` initialised bytes that nobody changes while they are borrowed.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for Pages {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Zeroize for Pages {
    fn zeroize(&mut self) {
        self.bytes_mut().zeroize();
    }
}

impl Clone for Pages {
    fn clone(&self) -> Pages {
        Pages::of(self)
    }
}

impl CloneableSecret for Pages {}

#[allow(unsafe_code, reason = "memory that the standard library does not manage")]
impl Drop for Pages {
    fn drop(&mut self) {
        self.zeroize();
        match self.home {
            Home::Slot(slab, slot) => slab.give_back(slot),
            Home::Mapping(_) => {}
            // SAFETY: it was a box of so many bytes.
            Home::Heap => drop(unsafe { Box::from_raw(self.bytes_mut()) }),
        }
    }
}

/// From a text, without a copy elsewhere (unless the text has escapes in it).
impl<'de> Deserialize<'de> for Pages {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Pages, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Pages;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Pages, E> {
                Ok(Pages::of(text.as_bytes()))
            }
        }
        from.deserialize_str(Text)
    }
}

/// Bytes of a slot: passwords, stored hashes and client secrets fit.
const SLOT: usize = 256;
const SLOTS: usize = u64::BITS as usize;

/// A page or more of slots. Slabs are never given back.
struct Slab {
    mapping: Mapping,
    /// A bit for each slot.
    taken: AtomicU64,
    next: OnceBox<Slab>,
}

static FIRST: OnceBox<Slab> = OnceBox::new();

#[allow(unsafe_code, reason = "memory that the standard library does not manage")]
impl Slab {
    /// A free slot of any slab, all zeroes.
    fn take() -> Option<(NonNull<u8>, Home)> {
        let mut slabs = &FIRST;
        loop {
            let slab = slabs.get_or_try_init(Slab::new).ok()?;
            if let Some(slot) = slab.take_here() {
                // SAFETY: the mapping has SLOTS times SLOT bytes, and a slot is below SLOTS.
                let at = unsafe { slab.mapping.at.add(slot as usize * SLOT) };
                return Some((at, Home::Slot(slab, slot)));
            }
            slabs = &slab.next;
        }
    }

    fn new() -> Result<Box<Slab>, ()> {
        let mapping = Mapping::new(SLOTS * SLOT).ok_or(())?;
        Ok(Box::new(Slab { mapping, taken: AtomicU64::new(0), next: OnceBox::new() }))
    }

    fn take_here(&self) -> Option<u32> {
        let mut taken = self.taken.load(Ordering::Relaxed);
        while taken != u64::MAX {
            let slot = taken.trailing_ones();
            match self.taken.compare_exchange_weak(
                taken,
                taken | 1 << slot,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(slot),
                Err(now) => taken = now,
            }
        }
        None
    }

    /// The slot's bytes are all zeroes again.
    fn give_back(&self, slot: u32) {
        self.taken.fetch_and(!(1 << slot), Ordering::Release);
    }
}

/// Pages of the system, all zeroes at first.
struct Mapping {
    at: NonNull<u8>,
    len: usize,
}

// SAFETY: a mapping is memory like any other; who may touch which part of it is for its owner to see to.
#[allow(unsafe_code)]
unsafe impl Send for Mapping {}
// SAFETY: nothing is done through a shared mapping but telling where it is.
#[allow(unsafe_code)]
unsafe impl Sync for Mapping {}

#[allow(unsafe_code, reason = "the standard library maps nothing")]
impl Mapping {
    fn new(len: usize) -> Option<Mapping> {
        let (rights, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: new pages anywhere; nothing that is there is touched.
        let at = unsafe { libc::mmap(std::ptr::null_mut(), len, rights, kind, -1, 0) };
        if at == libc::MAP_FAILED {
            return None;
        }
        // A system that cannot leave pages out of its dumps does without.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: the pages are ours; their content does not change.
        unsafe {
            libc::madvise(at, len, libc::MADV_DONTDUMP);
        }
        Some(Mapping { at: NonNull::new(at.cast())?, len })
    }
}

#[allow(unsafe_code, reason = "the standard library maps nothing")]
impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: these pages were mapped by `new`, and nobody refers to them any more.
        unsafe {
            libc::munmap(self.at.as_ptr().cast(), self.len);
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn secrets_of_all_lengths_are_kept_apart() {
        let lengths = [0, 1, 60, SLOT, SLOT + 1, 4096, 100_000];
        let all: Vec<Secret> = (0..200_u8).flat_map(|n| lengths.map(|len| secret(vec![n; len]))).collect();
        for (n, secret) in all.iter().enumerate() {
            let (n, len) = (u8::try_from(n / lengths.len()).unwrap(), lengths[n % lengths.len()]);
            assert_eq!(**secret.expose_secret(), vec![n; len]);
        }
        assert_eq!(secret("text").clone().expose_secret().text(), "text");
    }

    #[test]
    fn what_is_dropped_is_wiped() {
        let mut pages = Pages::of(b"secret");
        let (at, slab) = match &pages.home {
            Home::Slot(slab, _) => (pages.at, *slab),
            _ => panic!("short secrets live in slots"),
        };
        pages.zeroize();
        assert_eq!(*pages, [0; 6]);
        pages.bytes_mut().copy_from_slice(b"secret");
        drop(pages);
        // Another test's secret may lie there by now, but not this one.
        let inside = at.as_ptr() as usize - slab.mapping.at.as_ptr() as usize;
        assert!(inside < SLOT * SLOTS && inside.is_multiple_of(SLOT));
        let fresh = Pages::zeroed(6);
        assert_eq!(*fresh, [0; 6]);
    }

    #[test]
    fn threads_never_share_a_slot() {
        std::thread::scope(|scope| {
            for n in 0..8_u8 {
                scope.spawn(move || {
                    for _ in 0..2000 {
                        let some = [n; 40].map(|n| secret([n; 9]));
                        assert!(some.iter().all(|one| **one.expose_secret() == [n; 9]));
                    }
                });
            }
        });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn dumps_leave_them_out() {
        for len in [9, 10_000] {
            let pages = Pages::zeroed(len);
            assert!(left_out(pages.at.as_ptr() as usize), "{len}");
        }
        let heap = [0_u8; 9].to_vec();
        assert!(!left_out(heap.as_ptr() as usize));
    }

    /// Whether the flags of the mapping that an address lies in say `dd`: do not dump.
    #[cfg(target_os = "linux")]
    fn left_out(address: usize) -> bool {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            if let Some((from, to)) = range
                && let (Ok(from), Ok(to)) = (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
            {
                inside = (from..to).contains(&address);
            }
            if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| inside) {
                return flags.split(' ').any(|flag| flag == "dd");
            }
        }
        panic!("no such mapping");
    }

    #[test]
    fn text_of_json_goes_there_directly() {
        let parsed: Secret = serde_json::from_str(r#""abc""#).unwrap();
        assert_eq!(parsed.expose_secret().text(), "abc");
        assert!(serde_json::from_str::<Secret>("1").is_err());
    }
}
