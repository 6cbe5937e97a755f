//! The opening handshake of a WebSocket (`RFC 6455 §4.1`). The library below takes an answer whose
//! `Connection` is `Upgrade` and nothing else; proxies and servers in the field say more than that, as they
//! may, so the answer is judged here.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::client::{generate_request, Request, Response};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::http::header::{
    HeaderName, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use tokio_tungstenite::tungstenite::http::{HeaderMap, StatusCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::WebSocketStream;

use crate::shell::endpoint::SUBPROTOCOL;

/// No answer is longer, with all the headers that proxies may add.
const LONGEST: usize = 16 * 1024;

/// A connection that became a WebSocket.
pub(crate) struct Opened<S> {
    pub(crate) stream: WebSocketStream<S>,
    /// Whether OCPP may be spoken on it (`OCPP-J 1.6 §3.2`).
    pub(crate) agreed: bool,
}

/// Asks for a WebSocket, or says why there is none.
pub(crate) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    request: Request,
    config: WebSocketConfig,
) -> Result<Opened<S>, String> {
    let (asked, key) = generate_request(request).map_err(|why| why.to_string())?;
    let sent = async {
        stream.write_all(&asked).await?;
        stream.flush().await
    };
    sent.await.map_err(|why| why.to_string())?;
    let (response, rest) = answer(&mut stream).await?;
    check(&response, &derive_accept_key(key.as_bytes()))?;
    let agreed = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
    let agreed = agreed.is_some_and(|agreed| agreed.as_bytes() == SUBPROTOCOL.as_bytes());
    let stream = WebSocketStream::from_partially_read(stream, rest, Role::Client, Some(config));
    let stream = stream.await;
    Ok(Opened { stream, agreed })
}

/// The answer, and what came behind it.
async fn answer<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(Response, Vec<u8>), String> {
    let mut heard = Vec::new();
    let mut room = [0; 2048];
    loop {
        let count = stream.read(&mut room).await;
        let new = &room[..count.map_err(|why| why.to_string())?];
        if new.is_empty() {
            return Err("the connection was closed in the middle of it".to_owned());
        }
        let first = heard.is_empty();
        heard.extend_from_slice(new);
        // An answer that drips in is not read anew for each drop.
        if first || new.contains(&b'\n') {
            let parsed = Response::try_parse(&heard).map_err(|why| why.to_string())?;
            if let Some((size, response)) = parsed {
                return Ok((response, heard.split_off(size)));
            }
        }
        if heard.len() > LONGEST {
            return Err(format!("the answer has more than {LONGEST} bytes"));
        }
    }
}

fn check(response: &Response, key: &str) -> Result<(), String> {
    let status = response.status();
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(format!("HTTP error: {status}"));
    }
    let headers = response.headers();
    if !names(headers, UPGRADE, "websocket") {
        return Err("the answer has no \"Upgrade: websocket\"".to_owned());
    }
    if !names(headers, CONNECTION, "upgrade") {
        return Err("the answer has no \"Connection: Upgrade\"".to_owned());
    }
    let accepted = headers.get(SEC_WEBSOCKET_ACCEPT);
    if accepted.map_or(true, |accepted| accepted.as_bytes() != key.as_bytes()) {
        return Err("the answer has the wrong Sec-WebSocket-Accept".to_owned());
    }
    Ok(())
}

/// Whether one of the lines of a header has a token among others, in any case.
fn names(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name);
    let mut tokens = lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    tokens.any(|found| found.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    use tokio_tungstenite::tungstenite::http::HeaderValue;

    /// What comes of an answer with these lines, beside the key; it comes in pieces of that many bytes.
    fn outcome(status: &str, lines: &str, piece: usize) -> Result<bool, String> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let mut request = "ws://cs.example/cp".into_client_request().unwrap();
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        { request.headers_mut() }.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        let key = request.headers()["sec-websocket-key"].as_bytes().to_vec();
        let accept = derive_accept_key(&key);
        let answer = format!("HTTP/1.1 {status}\r\nSec-WebSocket-Accept: {accept}\r\n{lines}\r\n");
        crate::shell::thread::runtime().unwrap().block_on(async {
            let server = async {
                // Nobody may be there any more who listens.
                for piece in answer.as_bytes().chunks(piece) {
                    let _ = theirs.write_all(piece).await;
                    tokio::task::yield_now().await;
                }
                let _ = theirs.shutdown().await;
            };
            let opened = open(ours, request, WebSocketConfig::default());
            let (opened, ()) = tokio::join!(opened, server);
            opened.map(|opened| opened.agreed)
        })
    }

    const SWITCHING: &str = "101 Switching Protocols";

    #[test]
    fn upgrade_may_be_one_token_among_others_and_in_any_case() {
        for lines in [
            "Upgrade: websocket\r\nConnection: Upgrade\r\n",
            "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n",
            "upgrade: WEBSOCKET\r\nconnection: UPGRADE,close\r\n",
            "Upgrade: websocket\r\nConnection: keep-alive\r\nConnection: upgrade\r\n",
            "Upgrade: h2c, websocket\r\nConnection: close\r\nConnection: x ,\tUpgrade \r\n",
        ] {
            let lines = format!("{lines}Sec-WebSocket-Protocol: ocpp1.6\r\n");
            for piece in [1, 7, 4096] {
                assert_eq!(outcome(SWITCHING, &lines, piece), Ok(true), "{lines}");
            }
        }
    }

    #[test]
    fn what_is_no_upgrade_to_a_websocket_is_refused_and_named() {
        let good = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
        for (status, lines, named) in [
            ("200 OK", good, "200 OK"),
            (SWITCHING, "Connection: Upgrade\r\n", "Upgrade: websocket"),
            (
                SWITCHING,
                "Upgrade: websocket\r\n",
                "\"Connection: Upgrade\"",
            ),
            (
                SWITCHING,
                "Upgrade: websockets\r\nConnection: Upgrade\r\n",
                "Upgrade: websocket",
            ),
            (
                SWITCHING,
                "Upgrade: websocket\r\nConnection: no-upgrade\r\n",
                "\"Connection: Upgrade\"",
            ),
        ] {
            let why = outcome(status, lines, 4096).unwrap_err();
            assert!(why.contains(named), "{lines}: {why}");
        }
        let twice = format!("{good}Sec-WebSocket-Accept: x\r\n");
        assert_eq!(outcome(SWITCHING, &twice, 4096), Ok(false));
        let endless = "X: y\r\n".repeat(100_000);
        assert!(outcome(SWITCHING, &endless, 100).is_err());
    }
}
