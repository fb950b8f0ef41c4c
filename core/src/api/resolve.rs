//! Names are resolved on a thread of our own. The connector's usual way takes one of the runtime's, which panics where the
//! system has no thread to give, and takes one for each connection; here all that wait for a name wait for one answer.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;

use crate::process::lock;

type Answer = Option<Result<Vec<SocketAddr>, Arc<std::io::Error>>>;
type UnderWay = Arc<Mutex<HashMap<String, watch::Receiver<Answer>>>>;

/// The resolver of one process. Its threads are not waited for: the system's resolver cannot be told to stop.
#[derive(Clone, Default)]
pub(super) struct Resolver {
    under_way: UnderWay,
}

impl Resolver {
    fn ask(&self, name: &str) -> std::io::Result<watch::Receiver<Answer>> {
        let mut under_way = lock(&self.under_way);
        // One whose thread has ended without an answer is not waited for.
        if let Some(answer) = under_way.get(name).filter(|answer| answer.has_changed().is_ok()) {
            return Ok(answer.clone());
        }
        let (tell, answer) = watch::channel(None);
        let (asked, all) = (name.to_owned(), Arc::clone(&self.under_way));
        std::thread::Builder::new().name("kinde-migrate-n".into()).spawn(move || {
            // The port is the connector's to set.
            let found = (asked.as_str(), 0).to_socket_addrs().map(Iterator::collect).map_err(Arc::new);
            lock(&all).remove(&asked);
            tell.send_replace(Some(found));
        })?;
        under_way.insert(name.to_owned(), answer.clone());
        Ok(answer)
    }
}

/// The error for another one who waited. Its number tells what this process lacks.
fn copied(error: &std::io::Error) -> std::io::Error {
    let number = error.raw_os_error();
    number.map_or_else(
        || std::io::Error::new(error.kind(), error.to_string()),
        std::io::Error::from_raw_os_error,
    )
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let asked = self.ask(name.as_str());
        Box::pin(async move {
            let mut answer = asked?;
            let found = answer.wait_for(Option::is_some).await;
            let found = found.map_err(|_| std::io::Error::other("the resolver's thread ended"))?;
            match &*found {
                Some(Ok(found)) => Ok(Box::new(found.clone().into_iter()) as Addrs),
                Some(Err(error)) => Err(copied(error).into()),
                None => Err(std::io::Error::other("the resolver's thread ended").into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::drive_bare;

    #[test]
    fn a_name_is_found_and_one_that_is_none_is_an_error() {
        let resolver = Resolver::default();
        let ask = |name: &str| drive_bare(resolver.resolve(name.parse().unwrap()));
        assert!(ask("localhost").unwrap().all(|address| address.ip().is_loopback()));
        assert!(ask("no-such-name.invalid").is_err());
        assert!(lock(&resolver.under_way).is_empty());
    }
}
