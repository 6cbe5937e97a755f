//! A central system in the process: content with every call, and now and then it says what the
//! fuzzer wants it to say.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use tungstenite::handshake::server::{Request, Response};
use tungstenite::http::HeaderValue;
use tungstenite::{accept_hdr, Error, Message};

use crate::records::answer;

static PORT: OnceLock<u16> = OnceLock::new();
static SAYS: Mutex<VecDeque<Message>> = Mutex::new(VecDeque::new());

/// Where it listens.
pub fn port() -> u16 {
    *PORT.get_or_init(|| {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || serve(stream));
            }
        });
        port
    })
}

/// The next thing that it says, on whatever connection there is.
pub fn say(message: Message) {
    SAYS.lock().expect("nobody panics").push_back(message);
}

/// Nothing of one input is left for the next.
pub fn forget() {
    SAYS.lock().expect("nobody panics").clear();
}

// The type of the error is the library's.
#[allow(clippy::result_large_err)]
fn serve(stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let agree = |_: &Request, mut response: Response| {
        let headers = response.headers_mut();
        headers.append(
            "Sec-WebSocket-Protocol",
            HeaderValue::from_static("ocpp1.6"),
        );
        Ok(response)
    };
    let Ok(mut socket) = accept_hdr(stream, agree) else {
        return;
    };
    let _ = socket
        .get_ref()
        .set_read_timeout(Some(Duration::from_millis(1)));
    loop {
        let says = match socket.read() {
            Ok(Message::Text(text)) => answer(text.as_str()).map(|text| Message::Text(text.into())),
            Ok(_) => None,
            Err(Error::Io(why))
                if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                SAYS.lock().expect("nobody panics").pop_front()
            }
            Err(_) => return,
        };
        if says.is_some_and(|message| socket.send(message).is_err()) {
            return;
        }
    }
}
