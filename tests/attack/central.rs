//! A central system on a real socket, which asks as often as it is told to.

use std::net::TcpListener as StdListener;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{json, Value};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::Message;

/// So long a machine with a lot to do may take for the next step.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Central {
    pub(crate) url: String,
    calls: UnboundedSender<String>,
    count: u64,
    /// What it called last.
    last: String,
    /// Answers to its calls, by their numbers.
    answers: Receiver<(u64, Value)>,
    /// Calls of the charge point.
    heard: Receiver<(String, Value)>,
}

impl Central {
    pub(crate) fn new() -> Self {
        let listener = StdListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        listener.set_nonblocking(true).expect("it can be polled");
        let (calls, to_send) = unbounded_channel();
        let (answered, answers) = channel();
        let (hears, heard) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().expect("a runtime");
            runtime.block_on(serve(listener, to_send, answered, hears));
        });
        Self {
            url: format!("ws://{address}"),
            calls,
            count: 0,
            last: String::new(),
            answers,
            heard,
        }
    }

    /// Sends a call, and waits for nothing.
    pub(crate) fn call(&mut self, action: &str, payload: Value) -> u64 {
        self.count += 1;
        self.last = json!([2, self.count.to_string(), action, payload]).to_string();
        self.repeat();
        self.count
    }

    /// Sends the last call once more, with its id.
    pub(crate) fn repeat(&self) {
        self.send(&self.last);
    }

    /// Sends any text.
    pub(crate) fn send(&self, text: &str) {
        self.calls.send(text.to_owned()).expect("it serves");
    }

    /// The next answer.
    pub(crate) fn answer(&self) -> (u64, Value) {
        self.answers.recv_timeout(PATIENCE).expect("an answer")
    }

    /// The next answer, if it comes in that time.
    pub(crate) fn try_answer(&self, patience: Duration) -> Result<(u64, Value), RecvTimeoutError> {
        self.answers.recv_timeout(patience)
    }

    /// Whether the charge point calls with this action in that time.
    pub(crate) fn has_heard(&self, action: &str, patience: Duration) -> bool {
        while let Ok((heard, _)) = self.heard.recv_timeout(patience) {
            if heard == action {
                return true;
            }
        }
        false
    }

    /// The next call of the charge point with this action.
    pub(crate) fn hear(&self, action: &str) -> Value {
        loop {
            let (heard, payload) = self.heard.recv_timeout(PATIENCE).expect("a call");
            if heard == action {
                return payload;
            }
        }
    }
}

#[allow(clippy::result_large_err)] // The signature is tungstenite's.
fn agree(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    let agreed = HeaderValue::from_static("ocpp1.6");
    let headers = response.headers_mut();
    headers.insert("Sec-WebSocket-Protocol", agreed);
    Ok(response)
}

type ErrorResponse = tokio_tungstenite::tungstenite::handshake::server::ErrorResponse;

async fn serve(
    listener: StdListener,
    mut calls: UnboundedReceiver<String>,
    answered: Sender<(u64, Value)>,
    heard: Sender<(String, Value)>,
) {
    let listener = TcpListener::from_std(listener).expect("it can be polled");
    let mut started = 0;
    while let Ok((stream, _)) = listener.accept().await {
        let stream: TcpStream = stream;
        let _ = stream.set_nodelay(true);
        let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, agree).await else {
            continue;
        };
        let (mut sink, mut source) = socket.split();
        loop {
            tokio::select! {
                call = calls.recv() => match call {
                    Some(call) => {
                        let _ = sink.send(Message::text(call)).await;
                    }
                    None => return,
                },
                came = source.next() => {
                    let Some(Ok(message)) = came else { break };
                    let Ok(text) = message.into_text() else { continue };
                    let Ok(frame) = serde_json::from_str::<Value>(&text) else { continue };
                    if frame[0] == 2 {
                        let action = frame[2].as_str().unwrap_or_default().to_owned();
                        let answer = answer(&action, &mut started);
                        let answer = json!([3, frame[1], answer]).to_string();
                        let _ = sink.send(Message::text(answer)).await;
                        let _ = heard.send((action, frame[3].clone()));
                    } else {
                        let number = frame[1].as_str().and_then(|id| id.parse().ok());
                        let _ = answered.send((number.unwrap_or(0), frame[2].clone()));
                    }
                }
            }
        }
    }
}

fn answer(action: &str, started: &mut i32) -> Value {
    let accepted = json!({"status": "Accepted"});
    match action {
        "BootNotification" => {
            json!({"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 3600})
        }
        "Heartbeat" => json!({"currentTime": "2026-01-01T00:00:00Z"}),
        "Authorize" | "StopTransaction" => json!({ "idTagInfo": accepted }),
        "StartTransaction" => {
            *started += 1;
            json!({"idTagInfo": accepted, "transactionId": *started})
        }
        _ => json!({}),
    }
}
