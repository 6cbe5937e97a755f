//! What is made of a URL.

use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use crate::core::{Access, NetworkSlot, Route};
use crate::error::Error;
use crate::shell::endpoint::Endpoint;
use crate::shell::NetworkProfile;
use crate::time::Wall;

fn at_profile(url: &str, identity: &str, profile: u8) -> Result<Endpoint, Error> {
    Endpoint::new(&NetworkProfile {
        security_profile: profile,
        ..NetworkProfile::new(url, identity)
    })
}

fn endpoint(url: &str, identity: &str) -> Result<Endpoint, Error> {
    at_profile(url, identity, 0)
}

fn request(url: &str, identity: &str, access: &Access) -> Request {
    endpoint(url, identity).unwrap().request(access).unwrap()
}

fn open() -> Access {
    Access {
        slot: NetworkSlot::FIRST,
        route: Route::default(),
        profile: 0,
        key: None,
        time: Wall(0),
    }
}

// rules: 2
#[test]
fn the_identity_is_appended_and_percent_encoded() {
    let url = |base, identity| request(base, identity, &open()).uri().to_string();
    assert_eq!(
        url("ws://cs.example/ocpp", "RDAM 123"),
        "ws://cs.example/ocpp/RDAM%20123"
    );
    assert_eq!(
        url("ws://cs.example:9000/", "a/b"),
        "ws://cs.example:9000/a%2Fb"
    );
    assert_eq!(url("ws://cs.example", "cp"), "ws://cs.example/cp");
}

// rules: 125
#[test]
fn the_password_goes_with_profiles_1_and_2_alone() {
    let header = |profile| {
        let access = Access {
            profile,
            key: Some(b"secret".to_vec()),
            ..open()
        };
        let request = request("ws://cs.example", "cp 1", &access);
        request
            .headers()
            .get(AUTHORIZATION)
            .map(|v| v.to_str().unwrap().to_owned())
    };
    assert_eq!(header(1).as_deref(), Some("Basic Y3AgMTpzZWNyZXQ="));
    assert_eq!(header(0), None);
}

#[test]
fn a_url_that_makes_no_sense_is_named() {
    for url in ["http://cs.example", "ws:cs.example", "ws://", ""] {
        let Err(Error::Invalid(text)) = endpoint(url, "cp") else {
            panic!("{url}")
        };
        assert!(text.contains(url), "{text}");
    }
}

#[test]
fn no_error_text_says_a_password() {
    for url in [
        "ws://u:secret@cs.example",
        "http://u:secret@cs.example",
        "u:secret@cs.example",
        "ws://u:p@secret@cs.example/ x",
        "ws://secret@",
    ] {
        let Err(Error::Invalid(text)) = endpoint(url, "cp") else {
            panic!("{url}")
        };
        assert!(!text.contains("secret"), "{text}");
    }
}

// rules: 125
#[test]
fn a_scheme_and_a_profile_that_do_not_agree_are_refused() {
    for (url, profile, cure) in [
        ("wss://cs.example", 1, "profile 2"),
        ("WSS://cs.example", 1, "profile 2"),
        ("ws://cs.example", 2, "wss://"),
        ("ws://cs.example", 3, "wss://"),
    ] {
        let made = at_profile(url, "cp", profile);
        let Err(Error::Invalid(text)) = made else {
            panic!("{url} at profile {profile}")
        };
        assert!(text.contains(url) && text.contains(cure), "{text}");
    }
}

#[test]
fn without_a_scheme_the_profile_decides() {
    for (url, there) in [
        ("cs.example", "ws://cs.example/cp"),
        ("cs.example:9000/ocpp/", "ws://cs.example:9000/ocpp/cp"),
        ("[::1]:9000", "ws://[::1]:9000/cp"),
        ("WS://cs.example", "ws://cs.example/cp"),
    ] {
        for profile in [0, 1] {
            let endpoint = at_profile(url, "cp", profile).unwrap();
            let access = Access { profile, ..open() };
            let request = endpoint.request(&access).unwrap();
            assert_eq!(request.uri().to_string(), there);
            assert!(!endpoint.is_encrypted(profile));
        }
    }
}

#[test]
fn encryption_without_roots_is_refused_at_once() {
    for (url, profile) in [
        ("wss://cs.example", 0),
        ("wss://cs.example", 2),
        ("cs.example", 2),
        ("cs.example", 3),
    ] {
        let made = at_profile(url, "cp", profile);
        let Err(Error::Invalid(text)) = made else {
            panic!("{url} at profile {profile}")
        };
        assert!(text.contains("TLS") || text.contains("root"), "{text}");
    }
}

#[test]
fn what_else_makes_no_sense_is_named() {
    let good = NetworkProfile::new("ws://cs.example", "cp");
    let named = |change: fn(&mut NetworkProfile), word: &str| {
        let mut network = good.clone();
        change(&mut network);
        let Err(Error::Invalid(text)) = Endpoint::new(&network) else {
            panic!("{word}")
        };
        assert!(text.contains(word) && !text.contains("secret"), "{text}");
    };
    named(|it| it.security_profile = 4, "security profile 4");
    named(|it| it.auth_key = Some(b"secret".to_vec()), "6 bytes");
    named(|it| it.interface = Some("a/b".to_owned()), "interface");
    named(|it| it.proxy = Some("proxy:1".to_owned()), "proxy");
    named(
        |it| it.connect_timeout = Some(std::time::Duration::ZERO),
        "1 to 600 s",
    );
}
