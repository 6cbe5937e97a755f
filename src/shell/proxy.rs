//! A proxy on the way: a tunnel through it by HTTP CONNECT (`RFC 9110 §9.3.6`). What is spoken in the tunnel is
//! none of its business.

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::http::Uri;

use crate::error::Error;

/// No answer has a longer head; what comes after so many bytes is not waited for.
const LONGEST: usize = 8 * 1024;

/// A proxy, and what it wants to know of us.
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// User and password, as they go over the wire.
    credentials: Option<String>,
}

impl Proxy {
    /// Takes "http://[user:password@]host:port" apart.
    pub(crate) fn new(url: &str) -> Result<Self, Error> {
        // A password has no place in a text for people.
        let shown = url.rsplit_once('@').map_or(url, |(_, host)| host);
        let invalid = |why: &str| Error::Invalid(format!("proxy \"{shown}\": {why}"));
        let form = "it must be http://host:port or http://user:password@host:port";
        let scheme = url.get(..7).filter(|it| it.eq_ignore_ascii_case("http://"));
        if scheme.is_none() {
            return Err(invalid(form));
        }
        let rest = url[7..].strip_suffix('/').unwrap_or(&url[7..]);
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        if place.contains(['/', '?', '#']) {
            return Err(invalid(form));
        }
        let uri: Uri = format!("http://{place}")
            .parse()
            .map_err(|_| invalid(form))?;
        let host = uri.host().unwrap_or_default();
        let host = host.trim_matches(|c| c == '[' || c == ']');
        let port = uri.port_u16().filter(|port| *port > 0);
        let (false, Some(port)) = (host.is_empty(), port) else {
            return Err(invalid(form));
        };
        let credentials = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            let name: Vec<u8> = percent_decode_str(name).collect();
            let password: Vec<u8> = percent_decode_str(password).collect();
            // A colon ends the name (RFC 7617).
            match name.contains(&b':') {
                true => Err(invalid("there is a colon in the user")),
                false => Ok(BASE64.encode(&[&name[..], b":", &password].concat())),
            }
        });
        Ok(Self {
            host: host.to_owned(),
            port,
            credentials: credentials.transpose()?,
        })
    }

    /// Makes a tunnel of a connection to the proxy, to "host:port".
    pub(crate) async fn tunnel<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        target: &str,
    ) -> Result<(), String> {
        let credentials = match &self.credentials {
            Some(credentials) => format!("Proxy-Authorization: Basic {credentials}\r\n"),
            None => String::new(),
        };
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{credentials}\r\n");
        let asked = async {
            stream.write_all(request.as_bytes()).await?;
            stream.flush().await
        };
        asked.await.map_err(|why| why.to_string())?;
        match status(&head(stream).await?)? {
            200..=299 => Ok(()),
            407 if self.credentials.is_none() => {
                Err("it wants a user and a password (407)".to_owned())
            }
            // Some say of a wrong password what a server would.
            status @ (401 | 407) => Err(format!(
                "it does not accept the user and the password ({status})"
            )),
            403 => Err(format!("it does not let us through to {target} (403)")),
            status @ (500 | 502..=504) => Err(format!("it does not reach {target} ({status})")),
            status => Err(format!("HTTP error: {status}")),
        }
    }
}

/// The head of the answer. Nothing may come behind it: who answers in the tunnel is spoken to first.
async fn head<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Vec<u8>, String> {
    let mut heard = Vec::new();
    let mut room = [0; 1024];
    loop {
        let count = stream.read(&mut room).await;
        let new = &room[..count.map_err(|why| why.to_string())?];
        if new.is_empty() {
            return Err("it closed the connection instead of an answer".to_owned());
        }
        // What was looked at is not looked at anew for each drop that comes.
        let from = heard.len().saturating_sub(3);
        heard.extend_from_slice(new);
        if let Some(at) = heard[from..].windows(4).position(|it| it == b"\r\n\r\n") {
            let end = from + at + 4;
            // An answer that says no may have a page for people behind it.
            let more = heard.len() > end && matches!(status(&heard), Ok(200..=299));
            if more {
                return Err("it says more than an answer".to_owned());
            }
            heard.truncate(end);
            return Ok(heard);
        }
        // What is no answer at all need not have an end.
        if heard.len() > 12 {
            status(&heard)?;
        }
        if heard.len() > LONGEST {
            return Err(format!("its answer has more than {LONGEST} bytes"));
        }
    }
}

/// The status in "HTTP/1.x 200 and words".
fn status(head: &[u8]) -> Result<u16, String> {
    let status = match head {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0' | b'1', b' ', a, b, c, b' ' | b'\r', ..] => {
            std::str::from_utf8(&[*a, *b, *c])
                .ok()
                .filter(|text| text.bytes().all(|c| c.is_ascii_digit()))
                .and_then(|text| text.parse().ok())
        }
        _ => None,
    };
    status.ok_or_else(|| "its answer is not HTTP".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(url: &str) -> Result<Proxy, String> {
        Proxy::new(url).map_err(|why| why.to_string())
    }

    /// What comes of an answer in pieces of that many bytes, and what the proxy was asked.
    fn outcome(url: &str, answer: &[u8], piece: usize) -> (Result<(), String>, String) {
        let (mut ours, mut theirs) = tokio::io::duplex(1 << 20);
        crate::shell::thread::runtime().unwrap().block_on(async {
            let server = async {
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    asked.push(theirs.read_u8().await.unwrap());
                }
                for piece in answer.chunks(piece) {
                    theirs.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
                theirs.shutdown().await.unwrap();
                String::from_utf8(asked).unwrap()
            };
            let proxy = proxy(url).unwrap();
            tokio::join!(proxy.tunnel(&mut ours, "cs.example:443"), server)
        })
    }

    const PLAIN: &str = "http://proxy.example:3128";

    #[test]
    fn a_tunnel_is_asked_for_with_the_password_if_there_is_one() {
        for piece in [1, 7, 4096] {
            for answer in [
                "HTTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.0 200 Connection established\r\nProxy-agent: x\r\n\r\n",
                "HTTP/1.1 204\r\n\r\n",
            ] {
                let (outcome, asked) = outcome(PLAIN, answer.as_bytes(), piece);
                assert_eq!(outcome, Ok(()), "{answer}");
                let plain = "CONNECT cs.example:443 HTTP/1.1\r\nHost: cs.example:443\r\n\r\n";
                assert_eq!(asked, plain);
            }
        }
        let url = "http://us%65r:pass%3Aword@proxy.example:3128/";
        let (_, asked) = outcome(url, b"HTTP/1.1 200 OK\r\n\r\n", 64);
        let basic = BASE64.encode(b"user:pass:word");
        let line = format!("\r\nProxy-Authorization: Basic {basic}\r\n\r\n");
        assert!(asked.ends_with(&line), "{asked}");
    }

    #[test]
    fn an_answer_that_is_no_tunnel_is_refused_and_named() {
        let with_password = "http://user:word@proxy.example:3128";
        let endless = [&b"HTTP/1.1 200 OK\r\n"[..], &b"X: y\r\n".repeat(10_000)].concat();
        for (url, answer, named) in [
            (PLAIN, &b"HTTP/1.1 407 No\r\n\r\n<html>"[..], "wants a user"),
            (with_password, b"HTTP/1.1 407 No\r\n\r\n", "does not accept"),
            (
                PLAIN,
                b"HTTP/1.1 403 No\r\n\r\n",
                "through to cs.example:443 (403)",
            ),
            (
                PLAIN,
                b"HTTP/1.1 502 No\r\n\r\n",
                "not reach cs.example:443 (502)",
            ),
            (PLAIN, b"HTTP/1.1 100 Wait\r\n\r\n", "HTTP error: 100"),
            (PLAIN, b"HTTP/1.1 302 There\r\n\r\n", "HTTP error: 302"),
            (PLAIN, b"SSH-2.0-OpenSSH\r\n", "not HTTP"),
            (PLAIN, b"HTTP/2 200\r\n\r\n", "not HTTP"),
            (PLAIN, b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP"),
            (PLAIN, b"HTTP/1.1 +20 OK\r\n\r\n", "not HTTP"),
            (PLAIN, b"HTTP/1.1 200 OK\r\n\r\nmore", "more than an answer"),
            (PLAIN, b"HTTP/1.1 200 OK\r\n", "closed the connection"),
            (PLAIN, &endless, "more than 8192 bytes"),
            (PLAIN, &[0xFF; 20_000], "not HTTP"),
        ] {
            let (outcome, _) = outcome(url, answer, 4096);
            let why = outcome.expect_err(named);
            assert!(why.contains(named), "{why}");
        }
    }

    #[test]
    fn a_proxy_that_makes_no_sense_is_named_without_its_password() {
        for url in [
            "",
            "proxy.example:3128",
            "https://proxy.example:3128",
            "http://proxy.example",
            "http://user:secret@proxy.example",
            "http://proxy.example:0",
            "http://proxy.example:99999",
            "http://:3128",
            "http://proxy.example:3128/path",
            "http://a b:3128",
            "http://us%3Aer:secret@proxy.example:3128",
            "socks5://secret@proxy.example:1",
        ] {
            let Err(why) = proxy(url) else {
                panic!("{url}")
            };
            assert!(
                why.starts_with("proxy \"") && !why.contains("secret"),
                "{why}"
            );
        }
        let six = proxy("HTTP://[2001:db8::1]:3128").unwrap();
        assert_eq!((six.host.as_str(), six.port), ("2001:db8::1", 3128));
    }
}
