//! What keeps a request from leaving and is no fault of Kinde's: this process has no descriptor, port, thread or memory left.

use std::error::Error;

use super::Failure;
use crate::code::Code;

/// EAGAIN is what the system says where it gives no thread.
const OURS: [i32; 6] =
    [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS, libc::EAGAIN, libc::EADDRNOTAVAIL];

/// The failure, where an error comes of that.
pub(super) fn failure(error: &(dyn Error + 'static)) -> Option<Failure> {
    let mut cause = Some(error);
    let number = loop {
        let number = cause?.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error);
        match number.filter(|number| OURS.contains(number)) {
            Some(number) => break number,
            None => cause = cause?.source(),
        }
    };
    let why = std::io::Error::from_raw_os_error(number);
    let message = format!("this process could not set a connection to Kinde up: {why}");
    Some(Failure::new(Code::ResourcesExhausted, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("a wrapped error")]
    struct Wrapped(#[source] std::io::Error);

    #[test]
    fn our_own_lack_is_told_from_kindes_failure() {
        let wrapped = |number| Wrapped(std::io::Error::from_raw_os_error(number));
        let of = |number| failure(&wrapped(number)).map(|failure| failure.code);
        assert_eq!(of(libc::EMFILE), Some(Code::ResourcesExhausted));
        assert_eq!(of(libc::ECONNREFUSED), None);
    }
}
