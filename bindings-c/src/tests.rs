//! The boundary, and that nothing secret stays behind in memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kinde_migrate::{CODES, Code, FieldNotice, KindeState, Outcome, Status};

use crate::panic::boundary;
use crate::*;

#[test]
fn a_panic_becomes_an_internal_error_and_leaves_outputs_alone() {
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    fn fails(out: &mut u8, error: ErrorOut<'_>) -> kinde_code {
        boundary!(error, {
            if *out == 7 {
                panic!("with the password hunter2 in its text");
            }
            *out = 1;
            Ok(())
        })
    }
    let mut out = 7;
    let mut error = MaybeUninit::<Box<kinde_error>>::uninit();
    assert_eq!(fails(&mut out, Some(&mut error)), Code::Internal.number());
    assert_eq!(fails(&mut out, None), Code::Internal.number());
    let fallback: i32 = boundary!(else -1, { panic!("again") });
    std::panic::set_hook(silent);
    // SAFETY: an error was raised, so it is written.
    let error = unsafe { error.assume_init() };
    assert_eq!((out, fallback), (7, -1));
    assert_eq!(kinde_error_code(Some(&error)), Code::Internal.number());
    // SAFETY: the message lives as long as the error.
    let message = unsafe { CStr::from_ptr(kinde_error_message(Some(&error))) };
    assert!(!message.to_str().unwrap().contains("hunter2"));
}

#[test]
fn names_are_the_core_s() {
    // SAFETY: both functions answer static texts.
    let name = |text| unsafe { CStr::from_ptr(text) }.to_str().unwrap();
    for (code, known) in CODES {
        assert_eq!(name(kinde_code_name(code.number())), *known);
    }
    for status in [
        Status::Created,
        Status::Updated,
        Status::Unchanged,
        Status::Queued,
        Status::Skipped,
        Status::Rejected,
    ] {
        assert_eq!(name(kinde_status_name(status as i32)), status.as_str());
    }
    for state in [KindeState::Up, KindeState::Limited, KindeState::Down, KindeState::Refused] {
        assert_eq!(name(kinde_state_name(state as i32)), state.as_str());
    }
    assert_eq!(name(kinde_version()), kinde_migrate::VERSION);
}

#[test]
fn an_outcome_says_what_was_done_to_fields_and_whether_it_lasts() {
    let notice = |code, field| FieldNotice { code, field };
    let outcome = Outcome {
        status: Status::Queued,
        kinde_id: None,
        calls: 0,
        reason: Some(Code::KindeDown),
        message: None,
        durable: false,
        notices: vec![notice(Code::FieldCleaned, "given_name"), notice(Code::FieldLeftOut, "phone")],
    };
    let outcome = kinde_outcome::boxed(outcome);
    let at = |index| {
        let field = kinde_outcome_notice_field(Some(&outcome), index);
        // SAFETY: NULL, or a text that lives as long as the outcome.
        let field = (!field.is_null()).then(|| unsafe { CStr::from_ptr(field) }.to_str().unwrap());
        (kinde_outcome_notice_code(Some(&outcome), index), field)
    };
    assert!(!kinde_outcome_durable(Some(&outcome)));
    assert_eq!(kinde_outcome_notice_count(Some(&outcome)), 2);
    assert_eq!(at(0), (Code::FieldCleaned.number(), Some("given_name")));
    assert_eq!(at(1), (Code::FieldLeftOut.number(), Some("phone")));
    assert_eq!(at(2), (0, None));
}

/// Looks into every block that is given back for a text that only the secrets of the test hold.
struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;
static WATCHING: AtomicBool = AtomicBool::new(false);
static SEEN: AtomicUsize = AtomicUsize::new(0);
const MARK: &[u8] = b"Wipe-me-9b1c44";

// SAFETY: the system's allocator does the work; `dealloc` reads the block before it goes.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that reading all of a block later is sound.
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if WATCHING.load(Ordering::Relaxed) {
            // SAFETY: the block is the caller's, of that size, and was zeroed when it was handed out.
            let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
            if bytes.windows(MARK.len()).any(|window| window == MARK) {
                SEEN.fetch_add(1, Ordering::Relaxed);
            }
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

fn set(
    function: impl FnOnce(*const std::ffi::c_char, *const std::ffi::c_char, usize) -> kinde_code,
    name: &CStr,
    value: &[u8],
) {
    assert_eq!(function(name.as_ptr(), value.as_ptr().cast(), value.len()), 0);
}

#[test]
fn secrets_are_wiped_before_their_memory_is_given_back() {
    WATCHING.store(true, Ordering::Relaxed);
    drop(Box::<[u8]>::from(MARK));
    assert_eq!(SEEN.swap(0, Ordering::Relaxed), 1, "the test sees nothing");

    let mut settings = kinde_settings_new().unwrap();
    let mut credential = kinde_credential_new().unwrap();
    let mut user = kinde_user_new().unwrap();
    for (name, value) in [
        (c"domain", "http://127.0.0.1:1".as_bytes()),
        (c"client_id", b"x"),
        (c"client_secret", MARK),
        (c"ledger", b"memory"),
        (c"deadline", b"0.2"),
    ] {
        // SAFETY: a name and bytes that live through the call.
        set(|n, v, l| unsafe { kinde_settings_set(Some(&mut settings), n, v, l, None) }, name, value);
    }
    for name in [c"password", c"hash", c"version"] {
        // Twice: what is replaced is wiped as well.
        for _ in 0..2 {
            // SAFETY: a name and bytes that live through the call.
            set(|n, v, l| unsafe { kinde_credential_set(Some(&mut credential), n, v, l, None) }, name, MARK);
        }
    }
    // SAFETY: a name and bytes that live through the call.
    set(|n, v, l| unsafe { kinde_user_set(Some(&mut user), n, v, l, None) }, c"email", b"a@x.org");
    let mut migrator = MaybeUninit::uninit();
    assert_eq!(kinde_migrator_new(Some(&settings), Some(&mut migrator), None), 0);
    // SAFETY: it was built, so it is written.
    let migrator = unsafe { migrator.assume_init() };
    let mut outcome = MaybeUninit::uninit();
    assert_eq!(
        kinde_migrator_migrate(Some(&migrator), Some(&user), Some(&credential), Some(&mut outcome), None),
        0
    );
    // SAFETY: the call succeeded, so it is written.
    kinde_outcome_free(Some(unsafe { outcome.assume_init() }));
    kinde_migrator_free(Some(migrator));
    kinde_user_free(Some(user));
    kinde_credential_free(Some(credential));
    kinde_settings_free(Some(settings));
    WATCHING.store(false, Ordering::Relaxed);
    assert_eq!(SEEN.load(Ordering::Relaxed), 0, "blocks given back with a secret in them");
}
