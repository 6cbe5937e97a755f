//! One WebSocket connection.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{client_async_with_config, WebSocketStream};

use crate::core::{Access, CloseReason};
use crate::shell::endpoint::{Endpoint, SUBPROTOCOL};

/// How long everything up to the agreed subprotocol may take.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a frame may take to get into the socket's buffer.
const SEND: Duration = Duration::from_secs(20);
/// How long the other side may take to close.
const CLOSE: Duration = Duration::from_secs(1);
/// The largest message that is taken in. A local list of some thousand tags fits.
const MOST: usize = 512 * 1024;

trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// A connection that stands.
pub(crate) struct Socket(WebSocketStream<Box<dyn Transport>>);

/// What came in.
pub(crate) enum News {
    Text(Utf8Bytes),
    Garbage,
    Pong,
    Down(String),
}

impl Socket {
    /// Connects, or says why not.
    pub(crate) async fn connect(endpoint: &Endpoint, access: &Access) -> Result<Self, String> {
        match timeout(CONNECT, Self::open(endpoint, access)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("no connection after {} s", CONNECT.as_secs())),
        }
    }

    async fn open(endpoint: &Endpoint, access: &Access) -> Result<Self, String> {
        let request = endpoint.request(access)?;
        let encrypted = endpoint.is_encrypted(access.profile);
        let address = (endpoint.host.as_str(), endpoint.port(encrypted));
        let tcp = TcpStream::connect(address).await;
        let tcp = tcp.map_err(|why: io::Error| format!("{}:{}: {why}", address.0, address.1))?;
        // Frames are small and wait for nobody.
        tcp.set_nodelay(true).map_err(|why| why.to_string())?;
        let stream: Box<dyn Transport> = if encrypted {
            encrypt(endpoint, tcp).await?
        } else {
            Box::new(tcp)
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(4096)
            .write_buffer_size(0)
            .max_write_buffer_size(MOST)
            .max_message_size(Some(MOST))
            .max_frame_size(Some(MOST));
        let (socket, response) = client_async_with_config(request, stream, Some(config))
            .await
            .map_err(|why| format!("handshake: {why}"))?;
        // Without the subprotocol, no OCPP is spoken (OCPP-J 1.6 §3.2).
        let agreed = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
        let mut socket = Self(socket);
        if agreed.map_or(true, |agreed| agreed.as_bytes() != SUBPROTOCOL.as_bytes()) {
            socket.close(CloseCode::Protocol).await;
            return Err(format!("the central system does not speak {SUBPROTOCOL}"));
        }
        Ok(socket)
    }

    /// What comes next. Pings are answered on the way.
    pub(crate) async fn next(&mut self) -> News {
        loop {
            return match self.0.next().await {
                Some(Ok(Message::Text(text))) => News::Text(text),
                Some(Ok(Message::Binary(_))) => News::Garbage,
                Some(Ok(Message::Pong(_))) => News::Pong,
                // The answer has been queued by the library below; it must leave now.
                Some(Ok(Message::Ping(_))) => match self.0.flush().await {
                    Ok(()) => continue,
                    Err(why) => News::Down(why.to_string()),
                },
                Some(Ok(Message::Close(frame))) => {
                    // Our half of the closing handshake.
                    let _ = timeout(CLOSE, self.0.flush()).await;
                    News::Down(frame.map_or_else(
                        || "closed by the central system".to_owned(),
                        |frame| format!("closed by the central system: {frame}"),
                    ))
                }
                Some(Ok(Message::Frame(_))) => continue,
                Some(Err(Error::ConnectionClosed)) | None => {
                    News::Down("closed by the central system".to_owned())
                }
                Some(Err(why)) => News::Down(why.to_string()),
            };
        }
    }

    pub(crate) async fn send(&mut self, text: String) -> Result<(), String> {
        self.transmit(Message::text(text)).await
    }

    pub(crate) async fn ping(&mut self) -> Result<(), String> {
        self.transmit(Message::Ping(Vec::new().into())).await
    }

    async fn transmit(&mut self, message: Message) -> Result<(), String> {
        match timeout(SEND, self.0.send(message)).await {
            Ok(sent) => sent.map_err(|why| why.to_string()),
            Err(_) => Err("the central system takes nothing in".to_owned()),
        }
    }

    /// Closes in order, but does not wait long for it.
    pub(crate) async fn end(mut self, why: CloseReason) {
        let code = match why {
            CloseReason::GoingAway | CloseReason::NewAccess => CloseCode::Away,
            CloseReason::NoPong => CloseCode::Error,
        };
        self.close(code).await;
    }

    async fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(""),
        };
        let closing = async {
            if self.0.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.0.next().await {}
            }
        };
        let _ = timeout(CLOSE, closing).await;
    }
}

#[cfg(feature = "tls")]
async fn encrypt(endpoint: &Endpoint, tcp: TcpStream) -> Result<Box<dyn Transport>, String> {
    match &endpoint.tls {
        Some(tls) => Ok(Box::new(tls.connect(&endpoint.host, tcp).await?)),
        None => Err("there are no root certificates".to_owned()),
    }
}

#[cfg(not(feature = "tls"))]
async fn encrypt(_: &Endpoint, _: TcpStream) -> Result<Box<dyn Transport>, String> {
    Err("this library was built without TLS".to_owned())
}
