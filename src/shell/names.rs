//! The addresses of a name. The system's look-up cannot be given up: it is left alone on a thread of
//! its own, and whoever asks again waits for the same one.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{ready, Poll};

use parking_lot::Mutex;
use std::future::Future;
use tokio::task::{spawn_blocking, JoinHandle};

type Found = io::Result<Vec<IpAddr>>;

/// The look-ups of one charge point: one at a time, however long it takes, so that the threads for
/// them are never all taken up by one that hangs.
pub(crate) struct Names {
    resolve: fn(&str) -> Found,
    under_way: Mutex<Option<(String, JoinHandle<Found>)>>,
}

impl Default for Names {
    fn default() -> Self {
        Self::by(|name| {
            let found = (name, 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

impl Names {
    /// Names that are looked up by a function, which may block.
    pub(crate) fn by(resolve: fn(&str) -> Found) -> Self {
        Self {
            resolve,
            under_way: Mutex::default(),
        }
    }

    /// The addresses of a host. An address is known without anybody being asked.
    pub(crate) async fn find(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let found = poll_fn(|cx| loop {
            let mut under_way = self.under_way.lock();
            let (name, look_up) = under_way.get_or_insert_with(|| {
                let (resolve, name) = (self.resolve, host.to_owned());
                (host.to_owned(), spawn_blocking(move || resolve(&name)))
            });
            let found = ready!(Pin::new(look_up).poll(cx));
            let wanted = name == host;
            *under_way = None;
            // What was asked for before may be another name.
            if wanted {
                return Poll::Ready(found);
            }
        });
        let found = found.await.map_err(io::Error::other)??;
        Ok(found
            .into_iter()
            .map(|address| SocketAddr::new(address, port))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use tokio::time::timeout;

    static ASKED: AtomicUsize = AtomicUsize::new(0);
    static LET_GO: Mutex<()> = Mutex::new(());
    static LATER: Mutex<()> = Mutex::new(());

    /// A resolver whose servers do not answer for as long as the test wants.
    fn hanging(_: &str) -> Found {
        ASKED.fetch_add(1, Ordering::SeqCst);
        drop(LET_GO.lock());
        Ok(vec![IpAddr::from([10, 0, 0, 1])])
    }

    /// As the thread of the library has it.
    fn with_runtime(body: impl Future<Output = ()>) {
        crate::shell::thread::runtime().unwrap().block_on(body);
    }

    #[test]
    fn a_name_look_up_that_hangs_is_one_and_holds_up_no_other_charge_point() {
        let held = LET_GO.lock();
        let stuck: Vec<_> = (0..20).map(|_| Names::by(hanging)).collect();
        with_runtime(async move {
            let short = Duration::from_millis(20);
            for names in &stuck {
                for _ in 0..3 {
                    assert!(timeout(short, names.find("a.example", 1)).await.is_err());
                }
            }
            assert_eq!(ASKED.load(Ordering::SeqCst), stuck.len());
            let good = Names::by(|_| Ok(vec![IpAddr::from([10, 0, 0, 2])]));
            let found = timeout(Duration::from_secs(10), good.find("b.example", 80));
            let found = found.await.expect("it is looked up").unwrap();
            assert_eq!(found, ["10.0.0.2:80".parse().unwrap()]);
            drop(held);
            let late = stuck[0].find("a.example", 443).await.unwrap();
            assert_eq!(late, ["10.0.0.1:443".parse().unwrap()]);
        });
    }

    #[test]
    fn another_name_waits_for_the_look_up_that_is_under_way_and_has_addresses_of_its_own() {
        let held = LATER.lock();
        let names = Names::by(|name| {
            drop(LATER.lock());
            Ok(vec![IpAddr::from([10, 0, 0, name.len() as u8])])
        });
        with_runtime(async move {
            let short = Duration::from_millis(20);
            assert!(timeout(short, names.find("a", 1)).await.is_err());
            drop(held);
            let found = names.find("a.longer.name", 1).await.unwrap();
            assert_eq!(found, ["10.0.0.13:1".parse().unwrap()]);
        });
    }

    #[test]
    fn addresses_are_not_looked_up() {
        with_runtime(async {
            let names = Names::by(|_| Err(io::Error::from(io::ErrorKind::NotFound)));
            for (host, address) in [("127.0.0.1", "127.0.0.1:1"), ("::1", "[::1]:1")] {
                let found = names.find(host, 1).await.unwrap();
                assert_eq!(found, [address.parse().unwrap()]);
            }
            assert!(names.find("a.example", 1).await.is_err());
        });
    }
}
