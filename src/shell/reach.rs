//! A connection of TCP: from which of our ends it leaves, and to which of a name's addresses.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{timeout, Instant};

use crate::error::Error;

/// Linux has no longer names of interfaces.
const LONGEST: usize = 15;

/// Where connections leave from; by itself it is the system's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LocalEnd {
    interface: Option<String>,
    source: Option<IpAddr>,
}

impl LocalEnd {
    pub(crate) fn new(interface: Option<&str>, source: Option<IpAddr>) -> Result<Self, Error> {
        if let Some(name) = interface {
            let sane = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '/' | ':');
            if name.is_empty() || name.len() > LONGEST || !name.chars().all(sane) {
                let text = format!(
                    "interface \"{name}\": the name of a network interface has 1 to {LONGEST} bytes, and no \
                    space, slash or colon"
                );
                return Err(Error::Invalid(text));
            }
        }
        Ok(Self {
            interface: interface.map(str::to_owned),
            source,
        })
    }

    /// Whether a connection to that address can leave from here.
    fn leads_to(&self, address: &SocketAddr) -> bool {
        self.source
            .map_or(true, |source| source.is_ipv4() == address.is_ipv4())
    }

    async fn connect(&self, to: SocketAddr) -> Result<TcpStream, String> {
        let socket = match to {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        };
        let socket = socket.map_err(|why| why.to_string())?;
        if let Some(name) = &self.interface {
            let bound = socket.bind_device(Some(name.as_bytes()));
            bound.map_err(|why| not_bound(name, &why))?;
        }
        if let Some(source) = self.source {
            let bound = socket.bind(SocketAddr::new(source, 0));
            bound.map_err(|why| format!("source address {source}: {why}"))?;
        }
        let connected = socket.connect(to).await;
        connected.map_err(|why| why.to_string())
    }
}

/// Why an interface is not used, in words for whoever installs the device.
fn not_bound(name: &str, why: &io::Error) -> String {
    let text = match why.raw_os_error() {
        Some(libc::ENODEV) => "there is none of that name".to_owned(),
        Some(libc::EPERM) => {
            "not permitted: before Linux 5.7 the process needs CAP_NET_RAW for it".to_owned()
        }
        _ => why.to_string(),
    };
    format!("interface {name}: {text}")
}

/// Tries all addresses of a name, one after the other. Each has an equal share of the time that is
/// left: one that does not answer, as IPv6 where it is broken, must not use up that of the others.
pub(crate) async fn reach(
    addresses: &[SocketAddr],
    from: &LocalEnd,
    until: Instant,
) -> Result<TcpStream, String> {
    let usable = addresses.iter().filter(|address| from.leads_to(address));
    let mut left = u32::try_from(usable.clone().count()).unwrap_or(u32::MAX);
    let mut outcome = Err(match (&from.source, addresses.first()) {
        (Some(source), Some(_)) => {
            format!("the name has no address that can be reached from source address {source}")
        }
        _ => "the name has no address".to_owned(),
    });
    for address in usable {
        let share = until.saturating_duration_since(Instant::now()) / left.max(1);
        left = left.saturating_sub(1);
        outcome = match timeout(share, from.connect(*address)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).to_string()),
        };
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::net::TcpListener;
    use tokio::time::timeout_at;

    fn with_runtime(body: impl std::future::Future<Output = ()>) {
        crate::shell::thread::runtime().unwrap().block_on(body);
    }

    // rules: 3
    #[test]
    fn an_address_that_does_not_answer_leaves_time_for_the_next() {
        with_runtime(async {
            // Nobody accepts: what knocks when the queue is full gets no answer at all.
            let full = TcpSocket::new_v4().unwrap();
            full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let full = full.listen(0).unwrap();
            let silent = full.local_addr().unwrap();
            let mut knocking = Vec::new();
            let knock = || timeout(Duration::from_millis(200), TcpStream::connect(silent));
            while let Ok(queued) = knock().await {
                knocking.push(queued);
            }
            let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let good = good.local_addr().unwrap();
            let until = Instant::now() + Duration::from_secs(4);
            let anywhere = LocalEnd::default();
            let reached = timeout_at(until, reach(&[silent, good], &anywhere, until)).await;
            let reached = reached.expect("there is time for both").unwrap();
            assert_eq!(reached.peer_addr().unwrap(), good);
        });
    }

    #[test]
    fn a_connection_leaves_from_the_end_that_was_asked_for() {
        with_runtime(async {
            let there = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addresses = ["[::1]:1".parse().unwrap(), there.local_addr().unwrap()];
            let until = Instant::now() + Duration::from_secs(4);
            let source: IpAddr = "127.0.0.2".parse().unwrap();
            let from = LocalEnd::new(Some("lo"), Some(source)).unwrap();
            let reached = reach(&addresses, &from, until).await.unwrap();
            assert_eq!(reached.local_addr().unwrap().ip(), source);
            let (_, peer) = there.accept().await.unwrap();
            assert_eq!(peer.ip(), source);
        });
    }

    #[test]
    fn what_is_wrong_with_an_end_of_ours_is_named() {
        with_runtime(async {
            let here: SocketAddr = "127.0.0.1:9".parse().unwrap();
            let until = Instant::now() + Duration::from_secs(4);
            for (interface, source, named) in [
                (
                    Some("evcp-none0"),
                    None,
                    "interface evcp-none0: there is none",
                ),
                (None, Some("192.0.2.1"), "source address 192.0.2.1"),
                (None, Some("::1"), "can be reached from source address ::1"),
            ] {
                let source = source.map(|text| text.parse().unwrap());
                let from = LocalEnd::new(interface, source).unwrap();
                let why = reach(&[here], &from, until).await.unwrap_err();
                assert!(why.contains(named), "{why}");
            }
        });
        let refused = not_bound("wwan0", &io::Error::from_raw_os_error(libc::EPERM));
        assert!(refused.contains("CAP_NET_RAW"), "{refused}");
        for name in ["", "sixteen-is-more!", "a/b", "a b", "eth0:1"] {
            assert!(LocalEnd::new(Some(name), None).is_err(), "{name}");
        }
    }
}
