//! One WebSocket connection.

use std::collections::VecDeque;
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::{ready, Context, Poll};
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at, Instant};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::WebSocketStream;

use crate::core::{Access, CloseReason};
use crate::shell::endpoint::{Endpoint, SUBPROTOCOL};
use crate::shell::handshake::{self, Opened};
use crate::shell::reach::reach;
use crate::time::Wall;

/// How long a frame may take to get into the socket's buffer.
const SEND: Duration = Duration::from_secs(20);
/// How long the other side may take to close.
const CLOSE: Duration = Duration::from_secs(1);
/// With so much still to be written, nothing is read that could ask for more.
const MOST_WAITING: usize = 256 * 1024;

trait Transport: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Transport for T {}

/// A connection that stands.
pub(crate) struct Socket {
    stream: WebSocketStream<Box<dyn Transport>>,
    /// What is sent while the frame before is still on its way out.
    waiting: VecDeque<Message>,
    /// How many bytes have been sent since everything was out.
    pending: usize,
    /// By when the frame that is on its way out must be out.
    until: Option<Instant>,
}

/// What came in.
pub(crate) enum News {
    Text(Utf8Bytes),
    Garbage,
    Pong,
    Down(String),
    /// What came breaks the rules: the connection is to be refused.
    Broken(Breach, String),
}

/// What a central system did that the connection cannot go on after, as a close code says it.
pub(crate) struct Breach(CloseCode);

impl Breach {
    fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Capacity(_) => Some(Self(CloseCode::Size)),
            Error::Utf8(_) => Some(Self(CloseCode::Invalid)),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            Error::Protocol(_) => Some(Self(CloseCode::Protocol)),
            _ => None,
        }
    }
}

impl Socket {
    /// Connects, or says why not.
    pub(crate) async fn connect(endpoint: &Endpoint, access: &Access) -> Result<Self, String> {
        let limit = Limit::of(endpoint);
        let request = endpoint.request(access)?;
        let encrypted = endpoint.is_encrypted(access.profile);
        let tcp = tunnel(endpoint, encrypted, limit).await?;
        // Frames are small and wait for nobody.
        tcp.set_nodelay(true).map_err(|why| why.to_string())?;
        let stream: Box<dyn Transport> = if encrypted {
            limit
                .within("TLS", encrypt(endpoint, tcp, access.time))
                .await?
        } else {
            Box::new(tcp)
        };
        let config = WebSocketConfig::default()
            .read_buffer_size(4096)
            .write_buffer_size(0)
            .max_message_size(Some(endpoint.max_frame))
            .max_frame_size(Some(endpoint.max_frame));
        let handshake = handshake::open(stream, request, config);
        let handshake = handshake.map(|made| made.map_err(|why| format!("handshake: {why}")));
        let Opened { stream, agreed } = limit.within("handshake", handshake).await?;
        let mut socket = Self {
            stream,
            waiting: VecDeque::new(),
            pending: 0,
            until: None,
        };
        if !agreed {
            socket.close(CloseCode::Protocol).await;
            let why = format!("subprotocol: the central system does not speak {SUBPROTOCOL}");
            return Err(why);
        }
        Ok(socket)
    }

    /// What comes next. Pings are answered, and what waits is written, on the way.
    pub(crate) async fn next(&mut self) -> News {
        loop {
            let until = self.until;
            let step = poll_fn(|cx| self.poll(cx));
            let came = match until {
                None => step.await,
                Some(until) => match timeout_at(until, step).await {
                    Ok(came) => came,
                    // Another frame may have taken the place of the one that was waited for.
                    Err(_) if self.until != Some(until) => continue,
                    Err(_) => return News::Down("the central system takes nothing in".to_owned()),
                },
            };
            return match came {
                Some(Ok(Message::Text(text))) => News::Text(text),
                Some(Ok(Message::Binary(_))) => News::Garbage,
                Some(Ok(Message::Pong(_))) => News::Pong,
                // The answer has been queued by the library below, and leaves with the next poll.
                Some(Ok(Message::Ping(data))) => {
                    self.sends(data.len());
                    continue;
                }
                Some(Ok(Message::Close(frame))) => {
                    // Our half of the closing handshake.
                    let _ = timeout(CLOSE, self.stream.flush()).await;
                    News::Down(frame.map_or_else(
                        || "closed by the central system".to_owned(),
                        // What it says must not look like a line of the log of its own.
                        |frame| {
                            let said = frame.to_string().replace(char::is_control, " ");
                            format!("closed by the central system: {said}")
                        },
                    ))
                }
                Some(Ok(Message::Frame(_))) => continue,
                Some(Err(Error::ConnectionClosed)) | None => {
                    News::Down("closed by the central system".to_owned())
                }
                Some(Err(why)) => match Breach::of(&why) {
                    Some(breach) => News::Broken(breach, why.to_string()),
                    None => News::Down(why.to_string()),
                },
            };
        }
    }

    /// Writes what waits, and reads nothing: comes back only when the connection is lost.
    pub(crate) async fn write(&mut self) -> News {
        let until = self.until;
        let written = async {
            match poll_fn(|cx| self.poll_write(cx)).await {
                Ok(()) => std::future::pending().await,
                Err(why) => News::Down(why.to_string()),
            }
        };
        match until {
            None => written.await,
            Some(until) => match timeout_at(until, written).await {
                Ok(lost) => lost,
                Err(_) if self.until.is_none() => std::future::pending().await,
                Err(_) => News::Down("the central system takes nothing in".to_owned()),
            },
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        match self.poll_write(cx) {
            Poll::Ready(Err(why)) => return Poll::Ready(Some(Err(why))),
            Poll::Pending if self.pending > MOST_WAITING => return Poll::Pending,
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        self.stream.poll_next_unpin(cx)
    }

    /// Writes as much as goes; ready when nothing waits any more.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            ready!(self.stream.poll_flush_unpin(cx))?;
            let Some(message) = self.waiting.pop_front() else {
                self.pending = 0;
                self.until = None;
                return Poll::Ready(Ok(()));
            };
            self.until = Some(Instant::now() + SEND);
            self.stream.start_send_unpin(message)?;
        }
    }

    fn sends(&mut self, bytes: usize) {
        // No frame has a header of more than 14 bytes.
        self.pending += bytes + 14;
        self.until.get_or_insert_with(|| Instant::now() + SEND);
    }

    /// Sends a frame. It never waits: a central system that takes nothing in must not keep the
    /// charge point from its work. What does not go out at once goes out in `next`.
    pub(crate) fn send(&mut self, text: String) -> Result<(), String> {
        self.transmit(Message::text(text))
    }

    pub(crate) fn ping(&mut self) -> Result<(), String> {
        self.transmit(Message::Ping(Vec::new().into()))
    }

    fn transmit(&mut self, message: Message) -> Result<(), String> {
        self.sends(message.len());
        self.waiting.push_back(message);
        let written = poll_fn(|cx| self.poll_write(cx)).now_or_never();
        written.unwrap_or(Ok(())).map_err(|why| why.to_string())
    }

    /// Closes in order, but does not wait long for it.
    pub(crate) async fn end(mut self, why: CloseReason) {
        let code = match why {
            CloseReason::GoingAway | CloseReason::NewAccess => CloseCode::Away,
            CloseReason::NoPong => CloseCode::Error,
        };
        self.close(code).await;
    }

    /// Closes for what came, and takes in what still comes for a moment: a connection that is closed
    /// with something unread is reset, and the other side might never see why.
    pub(crate) async fn refuse(mut self, Breach(code): Breach) {
        self.close(code).await;
        let transport = self.stream.get_mut();
        let mut room = [0; 4096];
        let rest = poll_fn(|cx| loop {
            let mut taken = ReadBuf::new(&mut room);
            let read = ready!(Pin::new(&mut *transport).poll_read(cx, &mut taken));
            if read.is_err() || taken.filled().is_empty() {
                return Poll::Ready(());
            }
        });
        let _ = timeout(CLOSE, rest).await;
    }

    async fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(""),
        };
        let closing = async {
            // What was sent before is said before.
            let said = poll_fn(|cx| self.poll_write(cx)).await;
            if said.is_ok() && self.stream.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        let _ = timeout(CLOSE, closing).await;
    }
}

/// How long an attempt may take, up to the agreed subprotocol.
#[derive(Clone, Copy)]
struct Limit {
    until: Instant,
    whole: Duration,
}

impl Limit {
    fn of(endpoint: &Endpoint) -> Self {
        let whole = endpoint.connect_timeout;
        let until = Instant::now() + whole;
        Self { until, whole }
    }

    /// Does one step of connecting, or says which one took too long.
    async fn within<T>(
        self,
        step: &str,
        work: impl Future<Output = Result<T, String>>,
    ) -> Result<T, String> {
        match timeout_at(self.until, work).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!(
                "{step}: no answer after {} s",
                self.whole.as_secs()
            )),
        }
    }
}

/// A connection to the central system, through a proxy if one is on the way: then its name is the proxy's
/// affair.
async fn tunnel(endpoint: &Endpoint, encrypted: bool, limit: Limit) -> Result<TcpStream, String> {
    let (host, port) = (endpoint.host.as_str(), endpoint.port(encrypted));
    let Some(proxy) = &endpoint.proxy else {
        return dial(endpoint, "", host, port, limit).await;
    };
    let mut tcp = dial(endpoint, "proxy ", &proxy.host, proxy.port, limit).await?;
    let target = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let place = format!("proxy {}:{}", proxy.host, proxy.port);
    let asked = proxy.tunnel(&mut tcp, &target);
    let asked = asked.map(|asked| asked.map_err(|why| format!("{place}: {why}")));
    limit.within(&place, asked).await?;
    Ok(tcp)
}

async fn dial(
    endpoint: &Endpoint,
    what: &str,
    host: &str,
    port: u16,
    limit: Limit,
) -> Result<TcpStream, String> {
    let place = format!("{what}{host}:{port}");
    let tcp = async {
        let tcp = match endpoint.names.find(host, port).await {
            Ok(addresses) => reach(&addresses, &endpoint.from, limit.until).await,
            Err(why) => Err(why.to_string()),
        };
        tcp.map_err(|why| format!("{place}: {why}"))
    };
    limit.within(&place, tcp).await
}

#[cfg(feature = "tls")]
async fn encrypt(
    endpoint: &Endpoint,
    tcp: TcpStream,
    time: Wall,
) -> Result<Box<dyn Transport>, String> {
    match &endpoint.tls {
        Some(tls) => Ok(Box::new(tls.connect(&endpoint.host, tcp, time).await?)),
        None => Err("there are no root certificates".to_owned()),
    }
}

#[cfg(not(feature = "tls"))]
async fn encrypt(_: &Endpoint, _: TcpStream, _: Wall) -> Result<Box<dyn Transport>, String> {
    Err("this library was built without TLS".to_owned())
}
